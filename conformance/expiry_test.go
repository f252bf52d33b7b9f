package conformance_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/conformance"
	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/verdict"
)

// A session has no life that could be held against a device: one that goes on is noted, and one that the device has
// refused must stay refused. A token has a life.
func TestWhatIsOverStaysOver(t *testing.T) {
	for name, c := range map[string]struct {
		wait            time.Duration
		ends            bool // what was handed out, during the wait
		revived         bool // a session, by the next log-in
		session, token  verdict.Verdict
		waited          time.Duration
		sessionLifeSaid string
	}{
		"it ends":               {wait: 2 * time.Hour, ends: true, session: verdict.Pass, token: verdict.Pass, waited: 2 * time.Hour, sessionLifeSaid: "over after 2h0m0s"},
		"it goes on":            {wait: 2 * time.Hour, session: verdict.NotRun, token: verdict.Failed, waited: 2 * time.Hour, sessionLifeSaid: "still opens after 2h0m0s"},
		"less than its life":    {wait: time.Hour, ends: true, session: verdict.Pass, token: verdict.NotRun, waited: time.Hour, sessionLifeSaid: "over after 1h0m0s"},
		"nothing is waited for": {session: verdict.NotRun, token: verdict.NotRun},
		"a log-in brings it back": {
			wait: 2 * time.Hour, ends: true, session: verdict.Failed, token: verdict.Pass, waited: 2 * time.Hour, sessionLifeSaid: "over after 2h0m0s",
			revived: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := &gate{methods: listsAll, takes: []check.Way{check.ByBasic, check.BySession, check.ByToken}}
			now, waited := time.Unix(1.7e9, 0), time.Duration(0)
			gone := ""
			g.before = func(r *http.Request) {
				g.mu.Lock()
				defer g.mu.Unlock()
				if c.revived && gone != "" && r.URL.Path == "/api/common/1.0/login" {
					g.sessions[gone] = 0
				}
			}
			o := conformance.Options{Profile: check.Full, Run: []string{"common/session/expires", "common/session/life", "common/token/expires"}, WaitExpiry: c.wait}
			o.Now = func() time.Time { return now }
			o.Pause = func(_ context.Context, d time.Duration) error {
				g.mu.Lock()
				defer g.mu.Unlock()
				now, waited = now.Add(d), waited+d
				if c.ends {
					gone = g.issued[0]
					clear(g.sessions)
				}
				return nil
			}
			result, err := conformance.Run(t.Context(), target(start(t, g)), o)
			require.NoError(t, err)
			got := map[string]verdict.Check{}
			for _, check := range result.Report.Checks {
				got[check.ID] = check
			}
			require.Equal(t, c.session, got["common/session/expires"].Verdict, got["common/session/expires"].Reason)
			require.Equal(t, c.token, got["common/token/expires"].Verdict, got["common/token/expires"].Reason)
			require.Contains(t, got["common/session/life"].Reason, c.sessionLifeSaid)
			require.Equal(t, c.waited, waited)
		})
	}
}

func TestADryRunShowsWhatItWouldWaitForAndDoesNotWait(t *testing.T) {
	o := conformance.Options{Profile: check.Full, Run: []string{"common/**"}, WaitExpiry: time.Hour}
	o.Pause = func(context.Context, time.Duration) error {
		t.Error("a dry run waits")
		return nil
	}
	drafts, err := conformance.DryRun(t.Context(), target("http://127.0.0.1:1"), o)
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, d := range drafts {
		if d.Exchange.Probe == "login/expiry" {
			seen[d.Exchange.Step] = true
		}
	}
	for _, step := range []string{"login", "late", "over/after-log-in", "token", "expired/signed", "expired/restore-status"} {
		require.True(t, seen[step], step)
	}
}
