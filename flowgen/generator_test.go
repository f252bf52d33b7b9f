package flowgen_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/flowgate-dev/flowgate/flowgen"
	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

// monday is 2024-01-08 00:00 UTC, a Monday, in Unix hours.
const monday = 1704672000 / 3600

func newGenerator(t testing.TB, o flowgen.Options) *flowgen.Generator {
	t.Helper()
	g, err := flowgen.New(o)
	require.NoError(t, err)
	return g
}

func TestZeroOptionsMakeAMixedWorld(t *testing.T) {
	g := newGenerator(t, flowgen.Options{})
	sources := g.Sources()
	require.Len(t, sources, 8)
	protocols, seen, ipv6 := map[flow.Protocol]bool{}, map[netip.Addr]bool{}, 0
	for i, s := range sources {
		require.Equal(t, i, s.Index)
		require.NotEmpty(t, s.Name)
		require.NotEmpty(t, s.Model)
		require.False(t, seen[s.Addr], "two sources at %s", s.Addr)
		seen[s.Addr] = true
		protocols[s.Protocol] = true
		if s.Addr.Is6() {
			ipv6++
			require.True(t, netip.MustParsePrefix("2001:db8::/32").Contains(s.Addr))
			require.True(t, s.Layout.IPv6)
		} else {
			require.True(t, netip.MustParsePrefix("10.0.0.0/8").Contains(s.Addr))
		}
	}
	require.Len(t, protocols, 4)
	require.Equal(t, 1, ipv6)
	require.EqualValues(t, 1, g.Seed())
}

func TestSecondsMakeMinutesAndMinutesMakeHours(t *testing.T) {
	g := newGenerator(t, flowgen.Options{Sources: 16})
	rapid.Check(t, func(t *rapid.T) {
		source := rapid.IntRange(0, 15).Draw(t, "source")
		hour := rapid.OneOf(rapid.Int64Range(monday, monday+24*60), rapid.Int64Range(-1<<24, 1<<24)).Draw(t, "hour")
		var hourSum flow.Bucket
		for m := hour * 60; m < hour*60+60; m++ {
			minute := g.Minute(source, m)
			hourSum.Add(minute)
			if m%20 != 0 {
				continue
			}
			var sum flow.Bucket
			for s := m * 60; s < m*60+60; s++ {
				b := g.Second(source, s)
				if b.PeakFlows != b.Flows || b.PeakBytes != b.Bytes || b.PeakPackets != b.Packets {
					t.Fatalf("second %d is not its own peak: %+v", s, b)
				}
				if b.BadPackets > b.Packets || b.BadBytes > b.Bytes {
					t.Fatalf("second %d: more bad than all: %+v", s, b)
				}
				sum.Add(b)
			}
			if sum != minute {
				t.Fatalf("minute %d of source %d: seconds make %+v, minute %+v", m, source, sum, minute)
			}
		}
		if got := g.Hour(source, hour); got != hourSum {
			t.Fatalf("hour %d of source %d: minutes make %+v, hour %+v", hour, source, hourSum, got)
		}
	})
}

func TestASourceKeepsItsTrafficWhenOthersJoin(t *testing.T) {
	few := newGenerator(t, flowgen.Options{Seed: 7, Sources: 3})
	many := newGenerator(t, flowgen.Options{Seed: 7, Sources: 300})
	for i := range 3 {
		require.Equal(t, few.Sources()[i], many.Sources()[i])
		require.Equal(t, few.Hour(i, monday+10), many.Hour(i, monday+10))
	}
	alone := newGenerator(t, flowgen.Options{Seed: 7, Addrs: []netip.Addr{few.Sources()[0].Addr}})
	require.Equal(t, few.Hour(0, monday+10), alone.Hour(0, monday+10))
	other := newGenerator(t, flowgen.Options{Seed: 8, Addrs: []netip.Addr{few.Sources()[0].Addr}})
	require.NotEqual(t, few.Hour(0, monday+10), other.Hour(0, monday+10))
}

func TestManySourcesHaveManyAddresses(t *testing.T) {
	seen := map[netip.Addr]bool{}
	for _, s := range newGenerator(t, flowgen.Options{Sources: 5000}).Sources() {
		require.False(t, seen[s.Addr], "two sources at %s", s.Addr)
		seen[s.Addr] = true
	}
}

func TestNewRefusesWhatItCannotModel(t *testing.T) {
	one := netip.MustParseAddr("10.0.0.1")
	for name, o := range map[string]flowgen.Options{
		"unknown profile":   {Profile: "office"},
		"too many sources":  {Sources: flowgen.MaxSources + 1},
		"negative":          {Sources: -1},
		"address twice":     {Addrs: []netip.Addr{one, one}},
		"address missing":   {Sources: 2, Addrs: []netip.Addr{one}},
		"invalid address":   {Addrs: []netip.Addr{{}}},
		"MTU too small":     {MTU: 100},
		"event on nobody":   {Events: []flowgen.Event{{Kind: flowgen.Outage, Source: 8, Minutes: 1}}},
		"event of no time":  {Events: []flowgen.Event{{Kind: flowgen.Outage}}},
		"profile with hole": {Custom: &flowgen.Profile{Name: "x"}},
	} {
		_, err := flowgen.New(o)
		require.Error(t, err, name)
	}
}

func TestBucketsAllocateNothing(t *testing.T) {
	g := newGenerator(t, flowgen.Options{})
	require.Zero(t, testing.AllocsPerRun(100, func() {
		g.Second(1, monday*3600+5)
		g.Minute(2, monday*60+3)
		g.Hour(3, monday)
	}))
}
