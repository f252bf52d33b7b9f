package conformance_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
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

// gate is a device of these tests that knows the three ways to log in. It shows the status of backups and nothing else.
type gate struct {
	methods string // the body of auth_info; "" is 404
	takes   []check.Way
	uses    int // of a session or token, after which it has come to an end; 0: any number

	mu       sync.Mutex
	heard    []string       // method and path, with the scheme of the credentials
	sessions map[string]int // uses of each session or token
	issued   []string
	before   func(r *http.Request) // called before each request
}

func start(t *testing.T, g *gate) string {
	t.Helper()
	g.sessions = map[string]int{}
	s := httptest.NewServer(g)
	t.Cleanup(s.Close)
	return s.URL
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if g.before != nil {
		g.before(r)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.heard = append(g.heard, r.Method+" "+r.URL.Path+" "+string(shown(r)))
	w.Header().Set("Content-Type", "application/json")
	body, _ := io.ReadAll(r.Body)
	switch r.URL.Path {
	case "/api/common/1.0/auth_info":
		if g.methods == "" {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, g.methods)
	case "/api/common/1.0/login":
		g.login(w, body)
	case "/api/common/1.0/oauth/token":
		g.token(w, string(body))
	case "/api/common/1.0/logout":
		delete(g.sessions, cookie(r))
		w.WriteHeader(http.StatusNoContent)
	case "/api/mgmt.gateway_backup/1.0/backup":
		if id := g.welcome(r); id != "" {
			deny(w, id)
			return
		}
		_, _ = io.WriteString(w, `[{"last_successful": {"host": "", "username": "", "message": "", "path": "", "subdir": "", "timeStamp": 0},
			"running": {"host": "", "username": "", "message": "", "path": "", "timeStamp": 0, "status": "NONE"}}]`)
	default:
		http.NotFound(w, r)
	}
}

// shown is the way of the credentials on a request.
func shown(r *http.Request) check.Way {
	switch scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " "); {
	case scheme == "Bearer":
		return check.ByToken
	case scheme == "Basic":
		return check.ByBasic
	case cookie(r) != "":
		return check.BySession
	}
	return "none"
}

func cookie(r *http.Request) string {
	c, err := r.Cookie("SESSID")
	if err != nil {
		return ""
	}
	return c.Value
}

func deny(w http.ResponseWriter, id string) {
	w.WriteHeader(http.StatusUnauthorized)
	_, _ = fmt.Fprintf(w, `{"error_id": %q, "error_text": "no"}`, id)
}

// welcome is the error for a request; "" where its credentials are good.
func (g *gate) welcome(r *http.Request) string {
	way := shown(r)
	if !slices.Contains(g.takes, way) {
		return "AUTH_REQUIRED"
	}
	secret := cookie(r)
	switch user, password, _ := r.BasicAuth(); way {
	case check.ByBasic:
		if user != testUser || password != testPassword {
			return "AUTH_INVALID_CREDENTIALS"
		}
		return ""
	case check.ByToken:
		_, secret, _ = strings.Cut(r.Header.Get("Authorization"), " ")
	}
	used, known := g.sessions[secret]
	if !known || g.uses > 0 && used >= g.uses {
		return map[check.Way]string{check.BySession: "AUTH_INVALID_SESSION", check.ByToken: "AUTH_EXPIRED_TOKEN"}[way]
	}
	g.sessions[secret]++
	return ""
}

// issue makes a session or token.
func (g *gate) issue() string {
	secret := fmt.Sprintf("%032x", 0x2BCDEF0123456789+int64(len(g.issued))*7919)
	g.issued = append(g.issued, secret)
	g.sessions[secret] = 0
	return secret
}

func (g *gate) login(w http.ResponseWriter, body []byte) {
	var given struct{ Username, Password string }
	if json.Unmarshal(body, &given) != nil || given.Username != testUser || given.Password != testPassword || !slices.Contains(g.takes, check.BySession) {
		deny(w, "AUTH_INVALID_CREDENTIALS")
		return
	}
	secret := g.issue()
	w.Header().Set("Set-Cookie", "SESSID="+secret+"; Path=/")
	_, _ = fmt.Fprintf(w, `{"session_key": "SESSID", "session_id": %q}`, secret)
}

func (g *gate) token(w http.ResponseWriter, body string) {
	form, _ := url.ParseQuery(body)
	if form.Get("assertion") != testCode || !slices.Contains(g.takes, check.ByToken) {
		deny(w, "AUTH_INVALID_CODE")
		return
	}
	out := map[string]any{"access_token": g.issue(), "token_type": "bearer", "expires_in": 3600}
	if form.Has("state") {
		out["state"] = form.Get("state")
	}
	_ = json.NewEncoder(w).Encode(out)
}

// told is what the device heard on a path, as the ways of the credentials.
func (g *gate) told(path string) []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var out []string
	for _, line := range g.heard {
		if f := strings.Fields(line); strings.HasSuffix(f[1], path) {
			out = append(out, f[2])
		}
	}
	return out
}

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
		require.Equal(t, verdict.Pass, judged["backup/status/authorization/made-up-session"], way)
	}
}
