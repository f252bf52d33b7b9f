package conformance_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/conformance"
	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
	"github.com/flowgate-dev/flowgate/conformance/verdict"
)

const (
	testUser, testPassword = "qa", "pass-of-qa"
	testCode               = "eyJub25jZSI6ICJwYXNzLWNvZGUtb2YtcWEifQ=="
)

func target(address string) conformance.Target {
	return conformance.Target{URL: address, User: testUser, Password: testPassword, AccessCode: testCode}
}

var statusOnly = conformance.Options{Run: []string{"backup/status/**"}, Skip: []string{"backup/status/authorization"}, Profile: check.Full}

const (
	listsAll     = `{"supported_methods": ["BASIC", "COOKIE", "OAUTH_2_0"], "specify_purpose": false, "login_banner": ""}`
	listsSession = `{"supported_methods": ["COOKIE"]}`
	listsTokens  = `{"supported_methods": ["OAUTH_2_0"]}`
)

func TestARunLogsInByAWayThatTheDeviceTakes(t *testing.T) {
	every := []check.Way{check.ByBasic, check.BySession, check.ByToken}
	for name, c := range map[string]struct {
		lists string
		takes []check.Way
		ask   check.Way
		none  bool // no user name is given
		want  check.Way
	}{
		"all are listed":             {lists: listsAll, takes: every, want: check.ByBasic},
		"a session was asked for":    {lists: listsAll, takes: every, ask: check.BySession, want: check.BySession},
		"a token was asked for":      {lists: listsAll, takes: every, ask: check.ByToken, want: check.ByToken},
		"only sessions":              {lists: listsSession, takes: []check.Way{check.BySession}, want: check.BySession},
		"only tokens":                {lists: listsTokens, takes: []check.Way{check.ByToken}, want: check.ByToken},
		"told in XML":                {lists: "<auth_info><supported_methods><method>COOKIE</method></supported_methods></auth_info>", takes: every, want: check.BySession},
		"auth_info is not there":     {takes: every, want: check.ByBasic},
		"auth_info cannot be read":   {lists: "<html>COOKIE", takes: every, want: check.ByBasic},
		"a way nobody knows":         {lists: `{"supported_methods": ["KERBEROS"]}`, takes: every, want: check.ByBasic},
		"a code and no name":         {takes: every, none: true, want: check.ByToken},
		"Basic is listed and broken": {lists: listsAll, takes: []check.Way{check.BySession}, want: check.BySession},
	} {
		t.Run(name, func(t *testing.T) {
			g := &gate{methods: c.lists, takes: c.takes}
			to := target(start(t, g))
			to.Auth = c.ask
			switch {
			case c.none:
				to.User, to.Password = "", ""
			case c.want != check.ByToken:
				to.AccessCode = ""
			}
			result, err := conformance.Run(t.Context(), to, statusOnly)
			require.NoError(t, err)
			require.Zero(t, result.Report.Summary.Failed, "%v", failing(result.Report))
			require.NotEqual(t, verdict.BrokenRun, result.Report.Verdict, result.Report.Reason)
			ways := g.told("/backup")
			require.Equal(t, string(c.want), ways[len(ways)-1])
			require.Equal(t, c.want == check.BySession, len(g.told("/logout")) == 1, "a session is ended, once")
		})
	}
}

func failing(r *verdict.Report) []string {
	var out []string
	for _, c := range r.Checks {
		if c.Verdict >= verdict.Warned {
			out = append(out, c.ID+": "+c.Reason)
		}
	}
	return out
}

func TestWhereNoWayLeadsInNothingElseIsSent(t *testing.T) {
	for name, c := range map[string]struct {
		lists        string
		takes        []check.Way
		to           conformance.Target
		reason, hint string
	}{
		"wrong password":      {"", []check.Way{check.ByBasic}, conformance.Target{User: testUser, Password: "wrong"}, "basic: GET /api/mgmt.gateway_backup/1.0/backup was answered with status 401 AUTH_INVALID_CREDENTIALS", "FLOWGATE_PASSWORD"},
		"wrong for a session": {listsSession, []check.Way{check.BySession}, conformance.Target{User: testUser, Password: "wrong"}, "session: POST /api/common/1.0/login was answered with status 401 AUTH_INVALID_CREDENTIALS", "FLOWGATE_PASSWORD"},
		"wrong code":          {listsTokens, []check.Way{check.ByToken}, conformance.Target{AccessCode: "wrong-code"}, "oauth: POST /api/common/1.0/oauth/token was answered with status 401 AUTH_INVALID_CODE", "--access-code-file"},
		"no code":             {listsTokens, []check.Way{check.ByToken}, conformance.Target{User: testUser, Password: testPassword}, "offers OAUTH_2_0 only", "--access-code-file"},
		"no log-in":           {"", []check.Way{check.ByToken}, conformance.Target{User: testUser, Password: testPassword, Auth: check.BySession}, "session: POST", "--auth"},
		"three ways, all shut": {
			listsAll, nil, target(""), "basic: GET", "--auth names another way",
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := &gate{methods: c.lists, takes: c.takes}
			c.to.URL = start(t, g)
			result, err := conformance.Run(t.Context(), c.to, conformance.Options{Profile: check.Full})
			require.NoError(t, err)
			require.Equal(t, verdict.ExitUnreachable, result.Report.ExitCode(false))
			require.Contains(t, result.Report.Reason, c.reason)
			require.Contains(t, result.Report.Hint, c.hint)
			require.LessOrEqual(t, len(g.heard), 6, "%v", g.heard)
		})
	}
	_, err := conformance.Run(t.Context(), conformance.Target{URL: "http://127.0.0.1:1", Auth: check.BySession}, conformance.Options{})
	require.ErrorIs(t, err, conformance.ErrOptions)
	_, err = conformance.Run(t.Context(), conformance.Target{URL: "http://127.0.0.1:1", Auth: check.ByToken}, conformance.Options{})
	require.ErrorIs(t, err, conformance.ErrOptions)
}

func TestASessionThatEndsIsRenewedOnceAndNotBlamed(t *testing.T) {
	for _, way := range []check.Way{check.BySession, check.ByToken} {
		g := &gate{methods: listsAll, takes: []check.Way{way}, uses: 1}
		to := target(start(t, g))
		to.Auth = way
		result, err := conformance.Run(t.Context(), to, statusOnly)
		require.NoError(t, err)
		require.Empty(t, failing(result.Report))
		ended := 0
		for _, x := range result.Exchanges {
			if x.Probe == "login/ended" {
				ended++
				require.Equal(t, exchange.Ended, x.Auth)
			} else if strings.HasSuffix(x.Request.URL, "/backup") && x.Auth == exchange.Account {
				require.Equal(t, http.StatusOK, x.Response.Status, x.Probe)
			}
		}
		require.Positive(t, ended)
		require.Len(t, g.issued, ended+1, "one new log-in for each end")
	}
}

// A wrong password that one way refused is not tried by another, whether there is an access code too or not.
func TestAWrongPasswordIsTriedOnce(t *testing.T) {
	for _, code := range []string{"", "wrong-code"} {
		g := &gate{methods: listsAll, takes: []check.Way{check.ByBasic, check.BySession, check.ByToken}}
		to := conformance.Target{URL: start(t, g), User: testUser, Password: "wrong", AccessCode: code}
		result, err := conformance.Run(t.Context(), to, statusOnly)
		require.NoError(t, err)
		require.Equal(t, verdict.ExitUnreachable, result.Report.ExitCode(false))
		require.Contains(t, result.Report.Reason, "AUTH_INVALID_CREDENTIALS")
		require.Empty(t, g.told("/login"))
		require.Len(t, g.told("/token"), len(code)/len("wrong-code"))
	}
}

// A device that takes no session for long is not asked for ever.
func TestLogInsThatDoNotHelpAreGivenUp(t *testing.T) {
	g := &gate{methods: listsSession, takes: []check.Way{check.BySession}}
	shut := false
	g.before = func(r *http.Request) {
		g.mu.Lock()
		defer g.mu.Unlock()
		if shut = shut || len(g.issued) == 1 && strings.HasSuffix(r.URL.Path, "/info"); shut {
			clear(g.sessions)
		}
	}
	o := statusOnly
	o.Run = []string{"analytics/**"}
	_, err := conformance.Run(t.Context(), target(start(t, g)), o)
	require.NoError(t, err)
	require.LessOrEqual(t, len(g.told("/login")), 6)
}

func TestAStoppedRunLogsOut(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	g := &gate{methods: listsSession, takes: []check.Way{check.BySession}}
	g.before = func(r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/services") {
			cancel()
		}
	}
	_, err := conformance.Run(ctx, target(start(t, g)), statusOnly)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, []string{"session"}, g.told("/logout"))
	require.Empty(t, g.sessions)
}

func TestAHangingLogOutIsNotWaitedForLong(t *testing.T) {
	g := &gate{methods: listsSession, takes: []check.Way{check.BySession}}
	release := make(chan struct{})
	g.before = func(r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/logout") {
			<-release
		}
	}
	address := start(t, g)
	t.Cleanup(func() { close(release) })
	o := statusOnly
	o.Timeout = 50 * time.Millisecond
	result, err := conformance.Run(t.Context(), target(address), o)
	require.NoError(t, err)
	require.Empty(t, failing(result.Report))
}

func TestSessionsTokensAndCodesStandNowhere(t *testing.T) {
	for _, way := range []check.Way{check.BySession, check.ByToken} {
		g := &gate{methods: listsAll, takes: []check.Way{check.ByBasic, check.BySession, check.ByToken}}
		to := target(start(t, g))
		to.Auth = way
		result, err := conformance.Run(t.Context(), to, conformance.Options{Profile: check.Full, Allow: check.Mutate, JobTimeout: 1})
		require.NoError(t, err)
		text, err := json.Marshal(result)
		require.NoError(t, err)
		for _, secret := range append([]string{testPassword, testCode}, g.issued...) {
			for _, form := range []string{secret, base64.StdEncoding.EncodeToString([]byte(secret)), url.QueryEscape(secret)} {
				require.NotContains(t, string(text), form, way)
			}
		}
	}
}

// Under observe a run that may log in by each way posts log-ins, log-outs and codes, and nothing else; the account's own
// name is never tried with a wrong password twice in a row.
func TestTheDoorIsTriedSparingly(t *testing.T) {
	g := &gate{methods: `{"supported_methods": ["BASIC", "COOKIE"]}`, takes: []check.Way{check.ByBasic, check.BySession}}
	var mu sync.Mutex
	row, longest := 0, 0
	g.before = func(r *http.Request) {
		user, password, ok := r.BasicAuth()
		mu.Lock()
		defer mu.Unlock()
		if ok && user == testUser {
			if row++; password == testPassword {
				row = 0
			}
			longest = max(longest, row)
		}
	}
	o := conformance.Options{Profile: check.Full}
	_, err := conformance.Run(t.Context(), target(start(t, g)), o)
	require.NoError(t, err)
	for _, line := range g.heard {
		f := strings.Fields(line)
		ours := strings.HasSuffix(f[1], "/login") || strings.HasSuffix(f[1], "/logout") || strings.HasSuffix(f[1], "/token") || strings.HasSuffix(f[1], "/import_stats")
		require.True(t, f[0] == http.MethodGet || f[0] == http.MethodPost && ours, line)
	}
	require.Equal(t, 1, longest, "wrong passwords in a row")
	require.Empty(t, g.sessions, "every session was ended")
	o.Guesses = 4
	_, err = conformance.Run(t.Context(), target(start(t, g)), o)
	require.NoError(t, err)
	require.Equal(t, 4, longest, "asked for")
}

// A device that does not offer Basic owes nobody the error_id of a Basic header.
func TestADeviceThatOffersOneWayIsJudgedByThatWay(t *testing.T) {
	for _, way := range []check.Way{check.ByBasic, check.BySession, check.ByToken} {
		g := &gate{methods: `{"supported_methods": ["` + way.Method() + `"]}`, takes: []check.Way{way}}
		to := target(start(t, g))
		result, err := conformance.Run(t.Context(), to, conformance.Options{Profile: check.Full, Run: []string{"backup/status/**", "common/**"}})
		require.NoError(t, err)
		require.Empty(t, failing(result.Report), way)
		judged := map[string]verdict.Verdict{}
		for _, c := range result.Report.Checks {
			judged[c.ID] = c.Verdict
		}
		require.Equal(t, way == check.BySession, judged["common/session/logged-out"] == verdict.Pass, way)
		require.Equal(t, way == check.ByToken, judged["common/token/wrong-code"] == verdict.Pass, way)
		for _, always := range []string{"backup/status/authorization/made-up-session", "common/session/malformed-cookie", "common/token/malformed-header"} {
			require.Equal(t, verdict.Pass, judged[always], "%s, %s", always, way)
		}
	}
}
