package flowgen_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/flowgate-dev/flowgate/flowgen"
	"github.com/flowgate-dev/flowgate/flowgen/flow"
	"github.com/flowgate-dev/flowgate/flowgen/wire"
)

// What a second is said to hold is what its datagrams hold, counted by a
// decoder and by their lengths, for every protocol, family, MTU and event.
func TestASecondCountsWhatItsDatagramsHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SampledFrom(flow.Protocols()).Draw(t, "protocol")
		addr := rapid.SampledFrom([]string{"10.0.0.1", "10.7.0.9", "2001:db8::7"}).Draw(t, "address")
		o := flowgen.Options{
			Seed: rapid.Uint64Range(1, 50).Draw(t, "seed"), Addrs: []netip.Addr{netip.MustParseAddr(addr)}, Protocols: []flow.Protocol{p},
			Profile: rapid.SampledFrom(flowgen.ProfileNames()).Draw(t, "profile"),
			MTU:     rapid.SampledFrom([]int{0, 576, 1400, 9000}).Draw(t, "MTU"),
		}
		if kind := flowgen.EventKind(rapid.IntRange(0, 5).Draw(t, "event")); int(kind) < len(flowgen.EventKindNames()) {
			o.Events = []flowgen.Event{{Kind: kind, Start: mondayMinute - 3, Minutes: 5}}
		}
		g, err := flowgen.New(o)
		if err != nil {
			t.Fatal(err)
		}
		layout := g.Sources()[0].Layout
		feed, decoder := g.Feed(0, mondayMinute*60-600), &wire.Decoder{}
		primed := feed.Housekeeping(0, func(d flowgen.Datagram) error {
			_, err := decoder.Decode(netip.Addr{}, d.Payload)
			return err
		})
		if primed != nil {
			t.Fatal(primed)
		}
		first := rapid.Int64Range(-200, 200).Draw(t, "second") + mondayMinute*60
		for second := first; second < first+20; second++ {
			var sum flow.Bucket
			err := feed.Second(second, func(d flowgen.Datagram) error {
				length := uint64(len(d.Payload) + layout.Overhead())
				if length > uint64(max(o.MTU, 1500)) {
					t.Fatalf("a datagram of %d bytes", length)
				}
				sum.Packets++
				sum.Bytes += length
				m, err := decoder.Decode(netip.Addr{}, d.Payload)
				if (err != nil) != d.Bad || m.Flows != d.Flows || m.Unknown > 0 {
					t.Fatalf("%s: %+v, %v of a datagram of %d flows, bad: %v", p, m, err, d.Flows, d.Bad)
				}
				if d.Bad {
					sum.BadPackets++
					sum.BadBytes += length
				}
				sum.Flows += uint64(m.Flows)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if want := g.Second(0, second); sum.Second() != want {
				t.Fatalf("%s second %d: datagrams hold %+v, counted %+v", p, second, sum.Second(), want)
			}
		}
	})
}

func TestAFeedStartsAnewAfterAnOutage(t *testing.T) {
	g := newGenerator(t, flowgen.Options{
		Sources: 1, Profile: "datacentre", Protocols: []flow.Protocol{flow.NetFlow5}, NoEvents: true,
		Events: []flowgen.Event{{Kind: flowgen.Outage, Start: mondayMinute + 1, Minutes: 1}},
	})
	feed := g.Feed(0, mondayMinute*60-3600)
	discard := func(flowgen.Datagram) error { return nil }
	var before uint32
	for second := int64(mondayMinute * 60); second < mondayMinute*60+180; second++ {
		require.NoError(t, feed.Second(second, discard))
		switch second - mondayMinute*60 {
		case 59:
			before = feed.Sequence()
		case 119:
			require.Equal(t, before, feed.Sequence(), "silent")
		}
	}
	require.EqualValues(t, g.Minute(0, mondayMinute).Flows, before)
	require.EqualValues(t, g.Minute(0, mondayMinute+2).Flows, feed.Sequence(), "counted from zero again")
}
