package flowgen_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/flowgen"
	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

const mondayMinute = monday * 60

func sumMinutes(g *flowgen.Generator, source int, from, to int64) flow.Bucket {
	var sum flow.Bucket
	for m := from; m < to; m++ {
		sum.Add(g.Minute(source, m))
	}
	return sum
}

func TestOrderedEventsHaveTheirEffectAndOnlyTheirs(t *testing.T) {
	calm := newGenerator(t, flowgen.Options{NoEvents: true, Protocols: flow.Protocols()})
	const from, minutes = mondayMinute + 14*60, 20
	for source := range 4 {
		usual := sumMinutes(calm, source, from, from+minutes)
		for _, c := range []struct {
			event     flowgen.Event
			low, high float64 // of the usual flows
		}{
			{flowgen.Event{Kind: flowgen.Outage}, 0, 0},
			{flowgen.Event{Kind: flowgen.Burst, Percent: 300}, 2.9, 3.1},
			{flowgen.Event{Kind: flowgen.Burst}, 2.9, 3.1},
			{flowgen.Event{Kind: flowgen.DDoS, Percent: 2000}, 17, 20.5},
			{flowgen.Event{Kind: flowgen.Scan, Percent: 200}, 1.9, 2.1},
			{flowgen.Event{Kind: flowgen.Broken, Percent: 50}, 1, 1},
		} {
			c.event.Source, c.event.Start, c.event.Minutes = source, from, minutes
			g, err := calm.With(c.event)
			require.NoError(t, err)
			got := sumMinutes(g, source, from, from+minutes)
			ratio := float64(got.Flows) / float64(usual.Flows)
			require.GreaterOrEqual(t, ratio, c.low-0.05, "%+v", c.event)
			require.LessOrEqual(t, ratio, c.high+0.05, "%+v", c.event)
			require.Equal(t, c.event.Kind == flowgen.Broken, got.BadPackets > usual.Packets/4, "%+v: %+v", c.event, got)
			if c.event.Kind == flowgen.Outage {
				require.True(t, got.IsZero(), "an outage exports nothing at all")
			}
			other := (source + 1) % 4
			require.Equal(t, calm.Hour(other, monday+14), g.Hour(other, monday+14), "another source")
			require.Equal(t, calm.Minute(source, from-1), g.Minute(source, from-1), "the minute before")
			if c.event.Kind != flowgen.Outage {
				require.Equal(t, calm.Minute(source, from+minutes), g.Minute(source, from+minutes), "the minute after")
			}
			require.Equal(t, usual, sumMinutes(calm, source, from, from+minutes), "With changed its receiver")
		}
	}
}

func TestAnExporterComesBackWithItsTemplates(t *testing.T) {
	for _, p := range []flow.Protocol{flow.NetFlow9, flow.IPFIX, flow.SFlow} {
		calm := newGenerator(t, flowgen.Options{NoEvents: true, Sources: 1, Protocols: []flow.Protocol{p}})
		g, err := calm.With(flowgen.Event{Kind: flowgen.Outage, Start: mondayMinute, Minutes: 5})
		require.NoError(t, err)
		back := int64(mondayMinute+5) * 60
		keep := uint64(calm.Sources()[0].Layout.Housekeeping())
		before, after := calm.Second(0, back), g.Second(0, back)
		require.Equal(t, before.Packets+1, after.Packets, p)
		require.Equal(t, before.Bytes+keep, after.Bytes, p)
		require.Equal(t, before.Flows, after.Flows, p)
	}
}

func TestHashedEventsComeAsOftenAsTheProfileSays(t *testing.T) {
	const sources, days = 200, 100
	g := newGenerator(t, flowgen.Options{Sources: sources, Profile: "enterprise"})
	counts := map[flowgen.EventKind]int{}
	minutes := map[flowgen.EventKind]int64{}
	for source := range sources {
		last := int64(0)
		for _, e := range g.Events(source, mondayMinute, mondayMinute+days*1440) {
			require.GreaterOrEqual(t, e.Start, last)
			last = e.Start
			counts[e.Kind]++
			minutes[e.Kind] += e.Minutes
			if e.Kind != flowgen.Outage {
				require.Positive(t, e.Percent)
			}
		}
	}
	for kind, perDay := range map[flowgen.EventKind]float64{
		flowgen.Outage: .02, flowgen.Burst: .5, flowgen.DDoS: .03, flowgen.Scan: .1, flowgen.Broken: .01,
	} {
		require.InEpsilon(t, perDay, float64(counts[kind])/(sources*days), .2, kind)
	}
	require.Equal(t, int64(20*counts[flowgen.Broken]), minutes[flowgen.Broken])
	require.InEpsilon(t, 16.5, float64(minutes[flowgen.DDoS])/float64(counts[flowgen.DDoS]), .25) // 10*exp(1/2)
}

func TestHashedEventsAreInTheTraffic(t *testing.T) {
	g := newGenerator(t, flowgen.Options{Sources: 100})
	calm := newGenerator(t, flowgen.Options{Sources: 100, NoEvents: true})
	seen := map[flowgen.EventKind]bool{}
	for source := range 100 {
		require.Empty(t, calm.Events(source, mondayMinute, mondayMinute+30*1440))
		events := g.Events(source, mondayMinute, mondayMinute+30*1440)
		for _, e := range events {
			if e.Kind == flowgen.Broken && calm.Minute(source, e.End()-1).Packets < 100 {
				continue // five in a hundred may be none
			}
			with, without := g.Minute(source, e.End()-1), calm.Minute(source, e.End()-1)
			require.NotEqual(t, without, with, "%+v left no trace", e)
			seen[e.Kind] = true
		}
		if len(events) > 0 {
			m := events[0].Start - 60 // nothing has happened for an hour: no trace either
			if len(g.Events(source, m, m+1)) == 0 {
				require.Equal(t, calm.Minute(source, m), g.Minute(source, m))
			}
		}
	}
	require.Len(t, seen, len(flowgen.EventKindNames()))
}

func TestAnOrderedEventTakesThePlaceOfHashedOnes(t *testing.T) {
	g := newGenerator(t, flowgen.Options{Sources: 100})
	for source := range 100 {
		for _, e := range g.Events(source, mondayMinute, mondayMinute+10*1440) {
			if e.Kind != flowgen.Outage {
				continue
			}
			ordered, err := g.With(flowgen.Event{Kind: flowgen.Burst, Source: source, Start: e.Start, Minutes: 1})
			require.NoError(t, err)
			require.True(t, g.Minute(source, e.Start).IsZero())
			require.NotZero(t, ordered.Minute(source, e.Start).Flows)
			return
		}
	}
	t.Fatal("no outage in ten days of a hundred sources")
}

func TestEventWordsReadBack(t *testing.T) {
	for i, word := range flowgen.EventKindNames() {
		k, err := flowgen.ParseEventKind(word)
		require.NoError(t, err)
		require.Equal(t, flowgen.EventKind(i), k)
		var read flowgen.EventKind
		text, err := k.MarshalText()
		require.NoError(t, err)
		require.NoError(t, read.UnmarshalText(text))
		require.Equal(t, k, read)
	}
	_, err := flowgen.ParseEventKind("flood")
	require.ErrorContains(t, err, "hint:")
}
