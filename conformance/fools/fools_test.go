package fools_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/conformance/fools"
	"github.com/flowgate-dev/flowgate/conformance/verdict"
	"github.com/flowgate-dev/flowgate/openapi/catalogue"
)

// bare is an appliance without a fool.
func bare(next http.Handler) http.Handler { return next }

// exceptions are the requirements that no mutant breaks, each with the reason.
var exceptions = map[string]string{}

func TestEveryRequirementIsBrokenByAMutant(t *testing.T) {
	covers := fools.Covers()
	for _, r := range catalogue.Requirements() {
		if r.Untested != "" || r.Level == catalogue.May {
			continue
		}
		if why, ok := exceptions[r.ID]; ok {
			require.Empty(t, covers[r.ID], "%s has a mutant, so it is no exception (%s)", r.ID, why)
			continue
		}
		require.NotEmpty(t, covers[r.ID], "no mutant breaks %s: %s", r.ID, r.Text)
	}
}

func TestFoolsAreNamedAndAddressed(t *testing.T) {
	form := regexp.MustCompile(`^[a-z]+(/[a-z0-9]+(-[a-z0-9]+)*)+$`)
	kinds := map[fools.Kind]int{}
	seen := map[string]bool{}
	all := fools.All()
	further := ofLamps(t)
	require.True(t, slices.IsSortedFunc(all, func(a, b fools.Fool) int { return strings.Compare(a.Name, b.Name) }))
	for _, f := range all {
		require.Regexp(t, form, f.Name)
		require.False(t, seen[f.Name], "%s is there twice", f.Name)
		seen[f.Name] = true
		kinds[f.Kind]++
		require.NotEmpty(t, f.About, f.Name)
		found, ok := fools.Find(f.Name)
		require.True(t, ok)
		require.Equal(t, f.About, found.About)
		addressed := f.Kind == fools.Mutant || f.Kind == fools.Canary
		require.Equal(t, addressed, f.Requirement != "", f.Name)
		if !addressed {
			continue
		}
		r, ok := catalogue.Find(f.Requirement)
		if !ok {
			r, ok = further[f.Requirement]
		}
		require.True(t, ok, "%s breaks %s, which is not in the catalogue", f.Name, f.Requirement)
		require.Empty(t, r.Untested, "%s breaks %s, which no check can judge", f.Name, r.ID)
		want := map[catalogue.Level]verdict.Verdict{catalogue.Must: verdict.Failed, catalogue.Should: verdict.Warned}[r.Level]
		require.Equal(t, want, f.Expect, "%s breaks %s, which is a %s", f.Name, r.ID, r.Level)
	}
	_, ok := fools.Find("row/nothing-of-the-kind")
	require.False(t, ok)
	require.GreaterOrEqual(t, kinds[fools.Mutant], 110)
	t.Log(kinds)
}

// A mutant that changes nothing would be counted as missed by a suite that is right; one that changes more than it
// says could be found for another reason than its own.
func TestMutantsBreakWhatTheySayAndNothingElse(t *testing.T) {
	scripts := map[string][]step{"analytics": reduced(true), "backup": reduced(false), "restore": reduced(false), "common": loginScript(), "gateway": loginScript(), "spec": lampScript()}
	honest := map[string][]exchange{}
	for document, script := range scripts {
		honest[document] = take(bare, script)
	}
	for i, f := range fools.All() {
		if f.Kind != fools.Mutant || f.Way != nil || f.FarEnd { // what happens to datagrams shows in no answer here
			continue
		}
		if testing.Short() && i%10 > 0 { // the race detector makes each walk ten times as dear
			continue
		}
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			document, _, _ := strings.Cut(f.Requirement, "/")
			changed := 0
			for i, x := range take(f.Wrap, scripts[document]) {
				was := honest[document][i].said
				if x.said == was {
					continue
				}
				changed++
				require.True(t, reaches(f.Requirement, x.scope), "%s reaches %s:\n%s\ninstead of\n%s", f.Requirement, x.step, x.said, was)
			}
			require.NotZero(t, changed, "the walk does not show it")
		})
	}
}

// reduced is the walk with all that concerns one of the two documents, and a little of the other.
func reduced(analytics bool) []step {
	var out []step
	others := 0
	for _, s := range walk() {
		if (s.path == statsPath) != analytics {
			if others++; others > 30 {
				continue
			}
		}
		out = append(out, s)
	}
	return out
}

// reaches tells whether a requirement can touch the exchanges of a scope.
func reaches(requirement, scope string) bool {
	document, _, _ := strings.Cut(requirement, "/")
	switch {
	case strings.HasSuffix(requirement, "-case"):
		return scope != "other" // log-in is one for both documents
	case document == "common":
		return scope == "login" || scope == "backup" || scope == "restore" || scope == "C" // what is guarded
	case document == "gateway":
		return scope == "gateway"
	case document == "spec":
		return scope == "lamps"
	case document == "restore":
		return scope == "restore"
	case document == "backup":
		return scope == "backup" || scope == "restore"
	case strings.Contains(requirement, "/type-"):
		template := strings.ToUpper(requirement[strings.Index(requirement, "/type-")+6:][:1])
		return scope == template || scope == "statistics" && strings.HasSuffix(requirement, "/structure") ||
			scope == "windowless" && (template == "A" || strings.HasSuffix(requirement, "/mixed-templates"))
	}
	return document == "analytics" && strings.Contains("A B C statistics windowless", scope)
}

func TestInertControlsChangeNothing(t *testing.T) {
	script := walk()
	honest := take(bare, script)
	for _, name := range []string{"control/inert", "control/inert-relayed"} {
		f, ok := fools.Find(name)
		require.True(t, ok)
		require.Equal(t, fools.Inert, f.Kind)
		for i, x := range take(f.Wrap, script) {
			require.Equal(t, honest[i].said, x.said, x.step)
		}
	}
}

func TestDevicesOfOneFoolShareNothing(t *testing.T) {
	script := slices.Concat(positives()[2:14], jobs()[:42])
	for i, f := range fools.All() {
		if testing.Short() && i%10 > 0 {
			continue
		}
		first := take(f.Wrap, script)
		for i, x := range take(f.Wrap, script) {
			require.Equal(t, first[i].said, x.said, "%s at %s", f.Name, x.step)
		}
	}
}
