package conformance_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/flowgate-dev/flowgate/conformance"
	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/observer"
	"github.com/flowgate-dev/flowgate/conformance/verdict"
	"github.com/flowgate-dev/flowgate/openapi/catalogue"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// heard is what a device of these tests was asked.
type heard struct {
	mu   sync.Mutex
	list []string // method, path and body
}

// told lists it; a handler may still be at work.
func (h *heard) told() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.list)
}

// device answers as it is told and remembers what it heard.
func device(t *testing.T, answer func(w http.ResponseWriter, r *http.Request, body string)) (*httptest.Server, *heard) {
	t.Helper()
	h := &heard{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		h.mu.Lock()
		h.list = append(h.list, r.Method+" "+r.URL.Path+" "+string(body))
		h.mu.Unlock()
		answer(w, r, string(body))
	}))
	t.Cleanup(s.Close)
	return s, h
}

func run(t *testing.T, url string, o conformance.Options) *verdict.Report {
	t.Helper()
	result, err := conformance.Run(t.Context(), conformance.Target{URL: url, User: "qa", Password: "pass-of-qa"}, o)
	require.NoError(t, err)
	return result.Report
}

// A device that takes everything shows what a run dares to send.
func acceptAll(w http.ResponseWriter, _ *http.Request, _ string) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, "[]")
}

func TestObservingSendsNothingThatCouldChangeADevice(t *testing.T) {
	s, h := device(t, acceptAll)
	report := run(t, s.URL, conformance.Options{Profile: check.Full})
	require.Equal(t, verdict.NotConformant, report.Verdict)
	for _, x := range h.told() {
		if strings.HasPrefix(x, "GET ") {
			continue
		}
		// The one other request is the statistics query itself, by POST.
		require.True(t, strings.HasPrefix(x, "POST /api/mgmt.flowgateway_analytics/1.0/import_stats {\"stats_type\""), x)
	}
}

func TestMutatingStartsNoRestore(t *testing.T) {
	s, h := device(t, acceptAll)
	run(t, s.URL, conformance.Options{Profile: check.Full, Allow: check.Mutate, JobTimeout: 1})
	posted := 0
	for _, x := range h.told() {
		require.False(t, strings.Contains(x, "/restore") && !strings.HasPrefix(x, "GET "), x)
		require.False(t, strings.HasPrefix(x, "DELETE "), x)
		if strings.HasPrefix(x, "POST /api/mgmt.gateway_backup/1.0/backup") {
			posted++
			require.True(t, !strings.Contains(x, `"hostname": "`) || strings.Contains(x, corpus.DeadHost) || strings.Contains(x, `"localhost"`) ||
				strings.Contains(x, `"hostname": ""`), x)
		}
	}
	require.Positive(t, posted)
}

func TestDestroyingNeedsTheDevicesName(t *testing.T) {
	for confirm, allowed := range map[string]bool{"": false, "SOMETHING": false, "SN-1": true} {
		s, h := device(t, func(w http.ResponseWriter, r *http.Request, body string) {
			if strings.HasSuffix(r.URL.Path, "/info") {
				_, _ = io.WriteString(w, `{"serial": "SN-1"}`)
				return
			}
			acceptAll(w, r, body)
		})
		run(t, s.URL, conformance.Options{Profile: check.Full, Allow: check.Destroy, Confirm: confirm, JobTimeout: 1})
		restored := slices.ContainsFunc(h.told(), func(x string) bool { return strings.HasPrefix(x, "POST /api/mgmt.gateway_backup/1.0/restore") })
		require.Equal(t, allowed, restored, "--confirm %q", confirm)
	}
}

func TestADryRunSendsNothingAndShowsEverything(t *testing.T) {
	s, h := device(t, acceptAll)
	drafts, err := conformance.DryRun(t.Context(), conformance.Target{URL: s.URL, User: "qa", Password: "pass-of-qa"},
		conformance.Options{Profile: check.Full, Allow: check.Destroy})
	require.NoError(t, err)
	require.Empty(t, h.told())
	hazards := map[check.Hazard]int{}
	for _, d := range drafts {
		hazards[d.Hazard]++
		require.NotContains(t, string(d.Exchange.Request.Body), "pass-of-qa")
	}
	for _, hazard := range []check.Hazard{check.Observe, check.Mutate, check.Destroy} {
		require.Positive(t, hazards[hazard], hazard)
	}
}

func TestWhatCannotBeJudgedSaysWhy(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	refusing, _ := device(t, func(w http.ResponseWriter, _ *http.Request, _ string) {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"error_id": "AUTH_INVALID_CREDENTIALS", "error_text": "no"}`)
	})
	for name, c := range map[string]struct{ url, reason, hint string }{
		"unreachable": {gone.URL, "could not be reached", "--insecure"},
		"refused":     {refusing.URL, "refused the credentials", "FLOWGATE_PASSWORD"},
	} {
		t.Run(name, func(t *testing.T) {
			report := run(t, c.url, conformance.Options{Profile: check.Standard})
			require.Equal(t, verdict.ExitUnreachable, report.ExitCode(false))
			require.Contains(t, report.Reason, c.reason)
			require.Contains(t, report.Hint, c.hint)
			require.Zero(t, report.Summary.Failed, "an account that is refused says nothing of the API")
		})
	}
}

// What fails is told while the run goes on, once, and nothing is told that the report does not say.
func TestFailuresAreToldAsTheyCome(t *testing.T) {
	s, _ := device(t, acceptAll)
	told := map[string]int{}
	early, probes := 0, 0
	o := conformance.Options{Profile: check.Standard, Waivers: []verdict.Waiver{{
		Check: "analytics/request/type-a/structure/**", Reason: "known", Expires: time.Now().AddDate(1, 0, 0),
	}}}
	o.Progress = func(p conformance.Progress) {
		probes = max(probes, p.Total)
		for _, c := range p.Failed {
			told[c.ID]++
			if p.Done < p.Total {
				early++
			}
		}
	}
	report := run(t, s.URL, o)
	failed := map[string]bool{}
	for _, c := range report.Checks {
		if c.Verdict == verdict.Failed && !c.Waived {
			failed[c.ID] = true
			require.Equal(t, 1, told[c.ID], c.ID)
		}
	}
	require.Greater(t, len(failed), 50)
	require.Greater(t, early, len(failed)/2)
	for id := range told {
		require.True(t, failed[id], id)
	}
}

func TestADeviceThatStopsAnsweringIsLeftAlone(t *testing.T) {
	var n atomic.Int64
	s, h := device(t, func(w http.ResponseWriter, r *http.Request, body string) {
		if n.Add(1) > 40 {
			panic(http.ErrAbortHandler)
		}
		acceptAll(w, r, body)
	})
	report := run(t, s.URL, conformance.Options{Profile: check.Full})
	require.Equal(t, verdict.ExitUnreachable, report.ExitCode(false))
	require.Contains(t, report.Reason, "stopped answering")
	require.Less(t, len(h.told()), 60, "a few unanswered requests are enough")
}

func TestADeviceWithoutFlowsIsIncompleteAndNotAccused(t *testing.T) {
	s, _ := device(t, func(w http.ResponseWriter, r *http.Request, _ string) {
		if user, password, ok := r.BasicAuth(); !ok || user != "qa" || password != "pass-of-qa" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "[]")
	})
	report := run(t, s.URL, conformance.Options{Profile: check.Full, Run: []string{"analytics/response/**"}})
	require.Zero(t, report.Summary.Failed)
	require.Equal(t, verdict.ExitIncomplete, report.ExitCode(false))
	require.Contains(t, report.Reason, "no row was seen")
}

func TestGlobsAndProfilesSelect(t *testing.T) {
	count := func(o conformance.Options) int {
		list, err := conformance.List(o)
		require.NoError(t, err)
		return len(list)
	}
	everything := conformance.Options{Profile: check.Full, Allow: check.Destroy}
	all := count(everything)
	require.Greater(t, all, count(conformance.Options{Profile: check.Full, Allow: check.Mutate}))
	require.Greater(t, count(conformance.Options{Profile: check.Standard}), count(conformance.Options{}))
	some := everything
	some.Run = []string{"analytics/request/type-b/start-time"}
	few := count(some)
	require.Positive(t, few)
	rest := everything
	rest.Skip = some.Run
	require.Equal(t, all-few, count(rest))
	_, err := conformance.List(conformance.Options{Run: []string{"a/[b"}})
	require.ErrorIs(t, err, conformance.ErrOptions)
}

func TestEveryRequirementStandsInEveryReport(t *testing.T) {
	s, _ := device(t, acceptAll)
	for _, o := range []conformance.Options{{}, {Run: []string{"common/**"}}, {Profile: check.Full}} {
		report := run(t, s.URL, o)
		seen := map[string]bool{}
		for _, c := range report.Checks {
			seen[c.Requirement] = true
			if c.Verdict == verdict.NotRun || c.Verdict == verdict.Unclaimed {
				require.NotEmpty(t, c.Reason, c.ID)
			}
		}
		for _, r := range catalogue.Requirements() {
			require.True(t, seen[r.ID], r.ID)
		}
		require.Equal(t, len(report.Checks), report.Summary.Total)
	}
}

func TestARequirementIsEitherCheckedOrSaysWhyNot(t *testing.T) {
	list, err := conformance.List(conformance.Options{Profile: check.Full, Allow: check.Destroy, Target: &observer.Observer{}})
	require.NoError(t, err)
	checked := map[string]int{}
	ids := map[string]bool{}
	for _, c := range list {
		checked[c.Requirement.ID]++
		require.False(t, ids[c.ID], "%s is there twice", c.ID)
		ids[c.ID] = true
		require.True(t, c.ID == c.Requirement.ID || strings.HasPrefix(c.ID, c.Requirement.ID+"/"), c.ID)
	}
	for _, r := range catalogue.Requirements() {
		require.Equal(t, r.Untested == "", checked[r.ID] > 0, "%s: %d checks, untested because %q", r.ID, checked[r.ID], r.Untested)
	}
}

func TestARecordingIsJudgedLikeTheRunThatMadeIt(t *testing.T) {
	s, _ := device(t, acceptAll)
	live, err := conformance.Run(t.Context(), conformance.Target{URL: s.URL, User: "qa", Password: "pass-of-qa"}, conformance.Options{Profile: check.Full})
	require.NoError(t, err)
	again, err := conformance.Judge(live.Exchanges, conformance.Options{})
	require.NoError(t, err)
	judged := func(r *verdict.Report) map[string]verdict.Verdict {
		out := map[string]verdict.Verdict{}
		for _, c := range r.Checks {
			if c.Verdict > verdict.NotRun {
				out[c.ID] = c.Verdict
			}
		}
		return out
	}
	require.Equal(t, judged(live.Report), judged(again.Report))
	text, err := json.Marshal(live.Report)
	require.NoError(t, err)
	require.NotContains(t, string(text), "pass-of-qa")
}
