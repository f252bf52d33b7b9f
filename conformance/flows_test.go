package conformance_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/conformance"
	"github.com/flowgate-dev/flowgate/conformance/fools"
	"github.com/flowgate-dev/flowgate/conformance/verdict"
)

// looped judges a collector by flows.
func looped(t *testing.T, h habits, f fools.Fool, o conformance.Options) *conformance.Result {
	t.Helper()
	target, o := newCollector(h).loop(o, f)
	result, err := conformance.Run(t.Context(), target, o)
	require.NoError(t, err)
	return result
}

// accused lists the checks that a report holds against a device, with their reasons.
func accused(r *verdict.Report) []string {
	var out []string
	for i := range r.Checks {
		if c := &r.Checks[i]; c.Verdict >= verdict.Warned {
			out = append(out, c.ID+": "+c.Reason)
		}
	}
	return out
}

func TestACollectorThatCountsRightIsConformant(t *testing.T) {
	r := looped(t, habits{}, fools.Fool{}, conformance.Options{}).Report
	require.Empty(t, accused(r))
	require.Equal(t, verdict.Conformant, r.Verdict, r.Reason)
	for i := range r.Checks {
		c := &r.Checks[i]
		if strings.HasPrefix(c.ID, "analytics/flows/") {
			require.GreaterOrEqual(t, c.Verdict, verdict.Pass, "%s: %s", c.ID, c.Reason)
		}
	}
	for key, want := range map[string]string{
		"byte-level": "ip", "bucket-clock": "arrival", "bad-datagrams": "all", "template-datagrams": "packet", "unknown-template": "bad",
		"old-versions": "both", "sflow-flows": "samples", "sflow-counters": "none",
	} {
		require.Equal(t, want, r.Dialect[key], key)
	}
}

func TestWhatTheDocumentsLeaveOpenIsObserved(t *testing.T) {
	for name, c := range map[string]struct {
		habits habits
		seen   map[string]string
	}{
		"its header's time decides":         {habits{headerClock: true}, map[string]string{"bucket-clock": "header"}},
		"rows of zeros":                     {habits{zeroRows: true}, map[string]string{"silent-buckets": "zero"}},
		"labels are ends":                   {habits{endLabels: true}, map[string]string{"bucket-clock": "arrival"}},
		"one row for all":                   {habits{summed: true}, map[string]string{"byte-level": "ip"}},
		"templates are not counted":         {habits{ignoreTemplates: true}, map[string]string{"template-datagrams": "ignored"}},
		"orphans are packets":               {habits{orphans: "packet"}, map[string]string{"unknown-template": "packet"}},
		"orphans are not counted":           {habits{orphans: "ignored"}, map[string]string{"unknown-template": "ignored"}},
		"counter samples are flows":         {habits{counterFlows: true}, map[string]string{"sflow-counters": "flows"}},
		"samples are scaled":                {habits{scaled: true}, map[string]string{"sflow-flows": "scaled"}},
		"a clock that is two hours ahead":   {habits{ahead: 2*3600e9 + 17e9}, map[string]string{"bucket-clock": "arrival"}},
		"a clock that is a minute behind":   {habits{ahead: -61e9}, map[string]string{"bucket-clock": "arrival"}},
		"a clock that is half a second off": {habits{ahead: 0.6e9}, map[string]string{"bucket-clock": "arrival"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := looped(t, c.habits, fools.Fool{}, conformance.Options{}).Report
			require.Empty(t, accused(r))
			require.Equal(t, verdict.Conformant, r.Verdict, r.Reason)
			for key, want := range c.seen {
				require.Equal(t, want, r.Dialect[key], key)
			}
		})
	}
}

func TestFoolsOfFlowsAreCaughtForTheirOwnReason(t *testing.T) {
	tried := 0
	for _, f := range fools.All() {
		mutant := f.Kind == fools.Mutant && strings.HasPrefix(f.Requirement, "analytics/flows/")
		if odd := f.Kind == fools.Eccentric && strings.HasPrefix(f.Name, "eccentric/flows-"); !mutant && !odd {
			continue
		}
		tried++
		t.Run(f.Name, func(t *testing.T) {
			r := looped(t, habits{}, f, conformance.Options{}).Report
			caught := false
			for i := range r.Checks {
				c := &r.Checks[i]
				caught = caught || c.Requirement == f.Requirement && c.Verdict == f.Expect
			}
			require.Equal(t, mutant, caught, "%s: %v", f.About, accused(r))
			if !mutant {
				require.Empty(t, accused(r))
				require.Equal(t, verdict.Conformant, r.Verdict, r.Reason)
			}
			t.Log(strings.Join(accused(r), "\n"))
		})
	}
	require.Greater(t, tried, 20)
}
