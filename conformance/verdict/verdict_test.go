package verdict_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/conformance/verdict"
)

func TestVerdictsRiseAsTheHouseSays(t *testing.T) {
	rising := []verdict.Verdict{verdict.NotRun, verdict.Unclaimed, verdict.Pass, verdict.Noted, verdict.Warned, verdict.Failed, verdict.Broken}
	for i, v := range rising {
		for k, w := range rising {
			require.Equal(t, rising[max(i, k)], verdict.Join(v, w), "%s with %s", v, w)
		}
		text, err := v.MarshalText()
		require.NoError(t, err)
		var back verdict.Verdict
		require.NoError(t, back.UnmarshalText(text))
		require.Equal(t, v, back)
	}
	var v verdict.Verdict
	require.ErrorContains(t, v.UnmarshalText([]byte("green")), "expected one of")
}

func TestGlobsSelectSegments(t *testing.T) {
	for _, c := range []struct {
		glob, id string
		want     bool
	}{
		{"backup/status", "backup/status/running/host", true},
		{"backup/status", "backup/status", true},
		{"backup/stat", "backup/status", false},
		{"backup/*/running", "backup/status/running/host", true},
		{"backup/*", "backup/status/running/host", true},
		{"*/host", "backup/status/running/host", false},
		{"**/host", "backup/status/running/host", true},
		{"**/host", "backup/status/running/hostname", false},
		{"**", "a/b", true},
		{"analytics/**/type-?/*", "analytics/request/type-b/start-time", true},
	} {
		require.Equal(t, c.want, verdict.MatchGlob(c.glob, c.id), "%s on %s", c.glob, c.id)
	}
	require.Error(t, verdict.ValidGlob(""))
	require.Error(t, verdict.ValidGlob("a/[b"))
	require.NoError(t, verdict.ValidGlob("a/**"))
}

// report has one check of each verdict named.
func report(verdicts ...verdict.Verdict) *verdict.Report {
	r := &verdict.Report{Target: verdict.Target{Model: "FG-1", Version: "9.1"}}
	for i, v := range verdicts {
		r.Checks = append(r.Checks, verdict.Check{ID: "a/" + string(rune('a'+i)), Verdict: v})
	}
	return r
}

func TestExitCodes(t *testing.T) {
	for name, c := range map[string]struct {
		report *verdict.Report
		set    func(*verdict.Report)
		strict bool
		want   int
	}{
		"all pass":                {report: report(verdict.Pass, verdict.Noted), want: 0},
		"a warning":               {report: report(verdict.Pass, verdict.Warned), want: 0},
		"a warning, strictly":     {report: report(verdict.Pass, verdict.Warned), strict: true, want: 1},
		"a failure":               {report: report(verdict.Pass, verdict.Failed), want: 1},
		"a broken harness":        {report: report(verdict.Failed, verdict.Broken), want: 3},
		"nothing judged":          {report: report(verdict.NotRun, verdict.Unclaimed), want: 4},
		"no checks at all":        {report: report(), want: 4},
		"unreachable":             {report: report(verdict.NotRun), set: func(r *verdict.Report) { r.Verdict, r.Reason = verdict.BrokenRun, "gone" }, want: 3},
		"a gap":                   {report: report(verdict.Pass), set: func(r *verdict.Report) { r.Verdict, r.Reason = verdict.Incomplete, "gap" }, want: 4},
		"a failure beside a gap":  {report: report(verdict.Failed), set: func(r *verdict.Report) { r.Verdict, r.Reason = verdict.Incomplete, "gap" }, want: 1},
		"a warning beside a gap":  {report: report(verdict.Warned), set: func(r *verdict.Report) { r.Verdict, r.Reason = verdict.Incomplete, "gap" }, want: 4},
		"not run is not a pass":   {report: report(verdict.Pass, verdict.NotRun), want: 0},
		"unclaimed does not harm": {report: report(verdict.Pass, verdict.Unclaimed), want: 0},
	} {
		t.Run(name, func(t *testing.T) {
			if c.set != nil {
				c.set(c.report)
			}
			verdict.Settle(c.report)
			require.Equal(t, c.want, c.report.ExitCode(c.strict))
		})
	}
}

const waivers = `
- check: a/a
  reason: known since the last firmware
  expires: 2027-01-31
  owner: lab
  ticket: FG-7
`

func TestWaivers(t *testing.T) {
	day := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	parse := func(text string) []verdict.Waiver {
		w, err := verdict.ParseWaivers([]byte(text))
		require.NoError(t, err)
		return w
	}
	for name, c := range map[string]struct {
		text, state string
		now         time.Time
		checks      []verdict.Verdict
		exit        int
	}{
		"covers a failure":        {waivers, verdict.Applied, day, []verdict.Verdict{verdict.Failed, verdict.Pass}, 0},
		"covers one of two":       {waivers, verdict.Applied, day, []verdict.Verdict{verdict.Failed, verdict.Failed}, 1},
		"nothing fails any more":  {waivers, verdict.Stale, day, []verdict.Verdict{verdict.Pass}, 4},
		"the check did not run":   {waivers, verdict.Unmatched, day, []verdict.Verdict{verdict.NotRun, verdict.Pass}, 4},
		"the last day counts":     {waivers, verdict.Applied, time.Date(2027, 1, 31, 23, 59, 0, 0, time.UTC), []verdict.Verdict{verdict.Failed, verdict.Pass}, 0},
		"expired":                 {waivers, verdict.Expired, time.Date(2027, 2, 1, 0, 1, 0, 0, time.UTC), []verdict.Verdict{verdict.Failed}, 1},
		"expired without failure": {waivers, verdict.Expired, time.Date(2027, 2, 1, 0, 1, 0, 0, time.UTC), []verdict.Verdict{verdict.Pass}, 4},
		"another model":           {waivers + "  model: ^XX\n", verdict.OtherUnit, day, []verdict.Verdict{verdict.Failed}, 1},
		"this version":            {waivers + "  version: ^9\\.\n", verdict.Applied, day, []verdict.Verdict{verdict.Failed, verdict.Pass}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := report(c.checks...)
			verdict.Settle(r)
			verdict.Apply(r, parse(c.text), c.now)
			require.Equal(t, c.state, r.Waivers[0].State)
			require.Equal(t, c.exit, r.ExitCode(false), r.Reason)
			require.Equal(t, len(r.Checks), r.Summary.Total)
		})
	}
}

// What a report says is known is waived in the next run of the same model, for as long as a baseline lives; what is new
// fails, and what is mended or too old asks for a new baseline.
func TestABaselineExcusesWhatItKnows(t *testing.T) {
	made := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	old := report(verdict.Failed, verdict.Warned, verdict.Pass)
	old.Run.ID, old.Run.Finished, old.Target.Model = "0badcafe", made, "X (1)"
	known := verdict.Baseline(old)
	require.Len(t, known, 2)
	for name, c := range map[string]struct {
		model  string
		after  time.Duration
		checks []verdict.Verdict
		states []string
		exit   int
	}{
		"the same":       {"X (1)", time.Hour, []verdict.Verdict{verdict.Failed, verdict.Warned, verdict.Pass}, []string{verdict.Applied, verdict.Applied}, 0},
		"one more":       {"X (1)", time.Hour, []verdict.Verdict{verdict.Failed, verdict.Warned, verdict.Failed}, []string{verdict.Applied, verdict.Applied}, 1},
		"one less":       {"X (1)", time.Hour, []verdict.Verdict{verdict.Pass, verdict.Warned, verdict.Pass}, []string{verdict.Stale, verdict.Applied}, 4},
		"one not run":    {"X (1)", time.Hour, []verdict.Verdict{verdict.NotRun, verdict.Warned, verdict.Pass}, []string{verdict.Unjudged, verdict.Applied}, 0},
		"another model":  {"X (1) b", time.Hour, []verdict.Verdict{verdict.Failed, verdict.Pass, verdict.Pass}, []string{verdict.OtherUnit, verdict.OtherUnit}, 1},
		"the last day":   {"X (1)", verdict.BaselineLife, []verdict.Verdict{verdict.Failed, verdict.Warned, verdict.Pass}, []string{verdict.Applied, verdict.Applied}, 0},
		"months later":   {"X (1)", verdict.BaselineLife + 24*time.Hour, []verdict.Verdict{verdict.Failed, verdict.Warned, verdict.Pass}, []string{verdict.Expired, verdict.Expired}, 1},
		"all is mended ": {"X (1)", time.Hour, []verdict.Verdict{verdict.Pass, verdict.Pass, verdict.Pass}, []string{verdict.Stale, verdict.Stale}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			r := report(c.checks...)
			r.Target.Model = c.model
			verdict.Settle(r)
			verdict.Apply(r, known, made.Add(c.after))
			require.Equal(t, c.states, []string{r.Waivers[0].State, r.Waivers[1].State})
			require.Equal(t, c.exit, r.ExitCode(false), r.Reason)
			require.Contains(t, r.Waivers[0].Reason, "0badcafe of 2026-11-22")
		})
	}
}

func TestWaiverFilesThatAreWrong(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"no list":        {"check: a", "not a YAML list"},
		"unknown key":    {"- check: a\n  reason: r\n  expires: 2027-01-01\n  until: x\n", "known keys"},
		"no reason":      {"- check: a\n  expires: 2027-01-01\n", "reason is missing"},
		"no date":        {"- check: a\n  reason: r\n", "expected a date"},
		"bad date":       {"- check: a\n  reason: r\n  expires: 31.1.2027\n", "expected a date"},
		"bad glob":       {"- check: 'a/[b'\n  reason: r\n  expires: 2027-01-01\n", "no glob"},
		"bad expression": {"- check: a\n  reason: r\n  model: '('\n  expires: 2027-01-01\n", "regular expression"},
		"second line":    {"- check: a\n  reason: r\n  expires: 2027-01-01\n- check: b\n", "line 4"},
	} {
		_, err := verdict.ParseWaivers([]byte(c.text))
		require.ErrorContains(t, err, c.want, name)
	}
}
