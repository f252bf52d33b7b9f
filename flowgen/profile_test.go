package flowgen_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/flowgen"
	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

func flowsAt(g *flowgen.Generator, days []int64, localHour int64) float64 {
	sum := 0.0
	for i, s := range g.Sources() {
		for _, day := range days {
			b := g.Hour(i, monday+day*24+localHour-int64(s.Offset)/60)
			sum += float64(b.Flows) / float64(s.Rate) / 60
		}
	}
	return sum / float64(len(g.Sources())*len(days))
}

// The anchors are those of the profiles: when they are busy, and how quiet the
// nights and weekends are, in each source's own time.
func TestProfilesHaveTheirDayAndWeek(t *testing.T) {
	week, weekend := []int64{0, 1, 2, 3, 4, 7, 8, 9, 10, 11}, []int64{5, 6, 12, 13}
	for name, want := range map[string]struct{ peak, night, quiet, weekendRatio float64 }{
		"enterprise":  {14, 2, .25, .45},
		"residential": {21, 9, .30, 1.05},
		"datacentre":  {14, 19, .85, .92},
		"branch":      {15, 3, .05, .06},
	} {
		g := newGenerator(t, flowgen.Options{Sources: 40, Profile: name, NoEvents: true})
		peak := flowsAt(g, week, int64(want.peak))
		require.InEpsilon(t, 1, peak, .15, name)
		require.InEpsilon(t, want.quiet, flowsAt(g, week, int64(want.night))/peak, .25, name)
		require.InEpsilon(t, want.weekendRatio, flowsAt(g, weekend, int64(want.peak))/peak, .25, name)
	}
}

func TestLocalTimeShiftsTheDay(t *testing.T) {
	p, err := flowgen.BuiltInProfile("branch")
	require.NoError(t, err)
	quietest := func(offset flowgen.Offset) flow.Bucket {
		p.Offsets = []flowgen.Offset{offset}
		return newGenerator(t, flowgen.Options{Sources: 1, Custom: &p, NoEvents: true}).Hour(0, monday+3)
	}
	require.Greater(t, quietest(11*60).Flows, 5*quietest(0).Flows, "14 h in one place is 03 h in the other")
}

func TestProfileFilesOfTheFixturesWork(t *testing.T) {
	files, err := filepath.Glob("../fixtures/profiles/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		p, err := flowgen.ParseProfile(text)
		require.NoError(t, err, file)
		g := newGenerator(t, flowgen.Options{Sources: 2, Custom: &p})
		require.Equal(t, strings.TrimSuffix(filepath.Base(file), ".yaml"), g.Sources()[0].Profile)
		require.NotZero(t, g.Hour(0, monday+12).Flows)
	}
}

func TestProfileErrorsNameTheKey(t *testing.T) {
	text, err := os.ReadFile("profiles/branch.yaml")
	require.NoError(t, err)
	for from, c := range map[string]struct{ to, want string }{
		"name: branch":        {"name: ", "no name"},
		"min: 20":             {"min: 0", "flows_per_minute"},
		"spread: 1.0":         {"spread: 9", "spread"},
		"weekday: [0.050, ":   {"weekday: [", "weekday"},
		"weekend: [0.050":     {"weekend: [0.0001", "weekend"},
		"variation: 0.25":     {"variation: 2.5", "variation"},
		"hurst: 0.8":          {"hurst: 0.99", "hurst"},
		"burstiness: {min: 0": {"burstiness: {min: 1", "burstiness"},
		"flush_seconds: [5":   {"flush_seconds: [7", "flush_seconds"},
		"template_refresh: 6": {"template_refresh: 7", "template_refresh"},
		"ipv6_share: 0.05":    {"ipv6_share: 1.05", "ipv6_share"},
		"[netflow5, ":         {"[netflow6, ", "netflow6"},
		"\"-05:00\"":          {"\"EST\"", "EST"},
		"outage: 0.05":        {"outage: 3", "outage"},
		"hurst: ":             {"hearst: ", "hearst"},
		"scan: 0.05":          {"scan: 5e-2", "5e-2"},
	} {
		broken := strings.Replace(string(text), from, c.to, 1)
		require.NotEqual(t, string(text), broken, from)
		_, err := flowgen.ParseProfile([]byte(broken))
		require.ErrorContains(t, err, c.want)
		require.ErrorContains(t, err, "hint:")
		if line := 1 + strings.Count(string(text[:strings.Index(string(text), from)]), "\n"); from != "name: branch" {
			require.ErrorContains(t, err, fmt.Sprintf("line %d: ", line))
		}
	}
	_, err = flowgen.ParseProfile([]byte("name: short\nflows_per_minute: {median: 2, min: 1, max: 3}\n"))
	require.EqualError(t, err, `flowgen: profile "short": weekday: expected 24 numbers from 0.001 to 10; `+
		"hint: docs/flows.md lists the keys and what they take; fixtures/profiles holds examples")
	_, err = flowgen.BuiltInProfile("office")
	require.ErrorContains(t, err, "hint:")
	for _, name := range flowgen.ProfileNames() {
		p, err := flowgen.BuiltInProfile(name)
		require.NoError(t, err)
		require.Equal(t, name, p.Name)
	}
}
