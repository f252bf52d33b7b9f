package selftest

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/verdict"
	"github.com/flowgate-dev/flowgate/openapi/catalogue"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sample takes a few devices of every kind, so that the test is short; flowgate selftest, which CI runs, judges them all.
// That every requirement has a mutant is tested beside the mutants.
func sample() []string {
	var names []string
	kinds := map[string]int{}
	every := 25
	for _, d := range devices() {
		switch kinds[d.kind]++; {
		case testing.Short(): // the race detector makes each device ten times as dear
			if kinds[d.kind] == 1 && d.kind != "dialect" && d.kind != "unconditional" {
				names = append(names, d.name)
			}
		case kinds[d.kind]%every == 1:
			names = append(names, d.name)
		}
	}
	return names
}

func TestWrongDevicesAreCaughtAndOddOnesSpared(t *testing.T) {
	m, err := Run(t.Context(), Options{Run: sample()})
	require.NoError(t, err)
	require.Empty(t, m.Void)
	for _, o := range m.Outcomes {
		switch o.Kind {
		case "mutant", "canary":
			require.Equal(t, Killed, o.State, "%s should be caught by %s: %s", o.Name, o.Requirement, o.Reason)
			require.NotEmpty(t, o.By, o.Name)
		case "unconditional":
			require.Equal(t, Killed, o.State, o.Name)
		default:
			require.Equal(t, Spared, o.State, "%s: %v %s", o.Name, o.By, o.Reason)
		}
	}
	require.InDelta(t, 1, m.KillRate, 0)
	require.Zero(t, m.FalseAlarms)
}

func TestControlsDecideWhetherARunSaysAnything(t *testing.T) {
	outcome := func(kind, state string) Outcome { return Outcome{Name: "x/" + kind, Kind: kind, State: state} }
	good := []Outcome{outcome("plain", Spared), outcome("inert", Spared), outcome("canary", Killed), outcome("mutant", Killed), outcome("eccentric", Spared)}
	for name, c := range map[string]struct {
		change Outcome
		exit   int
	}{
		"all is well":                 {outcome("dialect", Spared), verdict.ExitOK},
		"a mutant survives":           {outcome("mutant", Survived), verdict.ExitNotConformant},
		"a mutant cannot be judged":   {outcome("mutant", Invalid), verdict.ExitNotConformant},
		"an accept-all passes":        {outcome("unconditional", Survived), verdict.ExitNotConformant},
		"an eccentric is accused":     {outcome("eccentric", Accused), verdict.ExitNotConformant},
		"a lawful answer is accused":  {outcome("dialect", Accused), verdict.ExitNotConformant},
		"the canary survives":         {outcome("canary", Survived), verdict.ExitUnreachable},
		"an inert control is accused": {outcome("inert", Accused), verdict.ExitUnreachable},
		"the appliance is accused":    {outcome("plain", Accused), verdict.ExitUnreachable},
	} {
		m := tabulate(append(slices.Clone(good), c.change))
		require.Equal(t, c.exit, m.ExitCode(), name)
	}
	require.Equal(t, verdict.ExitIncomplete, tabulate(nil).ExitCode())
}

func TestACheckThatNobodyFailsIsUnproven(t *testing.T) {
	of := func(id string, level catalogue.Level) check.Check {
		return check.Check{ID: id, Requirement: catalogue.Requirement{ID: id, Level: level}}
	}
	checks := []check.Check{
		of("z/never", catalogue.Must), of("a/by", catalogue.Must), of("b/also", catalogue.Should), of("c/odd", catalogue.Should), of("d/may", catalogue.May),
	}
	outcomes := []Outcome{
		{Kind: "mutant", By: []string{"a/by"}}, {Kind: "unconditional", Also: []string{"b/also"}}, {Kind: "eccentric", By: []string{"c/odd"}},
	}
	require.Equal(t, []string{"c/odd", "z/never"}, unproven(checks, outcomes))
	require.Equal(t, verdict.ExitNotConformant, (&Matrix{Mutants: 1, Killed: 1, Unproven: []string{"z/never"}}).ExitCode())
}

func TestAKillNeedsTheNamedRequirement(t *testing.T) {
	d := &device{kind: "mutant", requirement: "a/b", expect: verdict.Failed}
	named := verdict.Check{ID: "a/b/c", Requirement: "a/b", Verdict: verdict.Failed}
	other := verdict.Check{ID: "x/y", Requirement: "x/y", Verdict: verdict.Failed}
	report := &verdict.Report{Verdict: verdict.NotConformant}
	require.Equal(t, Killed, classify(Outcome{}, d, report, []verdict.Check{named}, []verdict.Check{other}).State)
	require.Equal(t, Survived, classify(Outcome{}, d, report, nil, []verdict.Check{other}).State)
	odd := &device{kind: "eccentric", expect: verdict.Noted}
	warned := verdict.Check{ID: "x/y", Requirement: "x/y", Verdict: verdict.Warned}
	require.Equal(t, Spared, classify(Outcome{}, odd, report, nil, nil).State)
	require.Equal(t, Accused, classify(Outcome{}, odd, report, nil, []verdict.Check{warned}).State)
	odd.expect = verdict.Warned
	require.Equal(t, Spared, classify(Outcome{}, odd, report, nil, []verdict.Check{warned}).State)
}

func TestAGlobThatSelectsNothingIsAnError(t *testing.T) {
	_, err := Run(t.Context(), Options{Run: []string{"no/such/device"}})
	require.ErrorContains(t, err, "selects no device")
}
