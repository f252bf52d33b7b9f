package flowgen_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/flowgen"
	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

type fiveTuple struct {
	src, dst     netip.Addr
	sport, dport uint16
	protocol     uint8
}

func TestRecordsAreThoseThatAreCounted(t *testing.T) {
	g := newGenerator(t, flowgen.Options{Protocols: flow.Protocols(), Profile: "datacentre"})
	for source, s := range g.Sources() {
		var sixes int
		for second := int64(monday * 3600); second < monday*3600+120; second++ {
			records := g.Records(source, second, nil)
			require.Len(t, records, int(g.Second(source, second).Flows))
			tuples := map[fiveTuple]bool{}
			for i, r := range records {
				tuple := fiveTuple{r.Src, r.Dst, r.SrcPort, r.DstPort, r.Protocol}
				if tuples[tuple] || r.Src.Is6() != r.Dst.Is6() || r.Start > r.End || r.End > second*1000 ||
					r.Octets < r.Packets*40 || r.Octets > r.Packets*1500 || r.Packets == 0 {
					t.Fatalf("second %d, record %d: %+v (seen: %v)", second, i, r, tuples[tuple])
				}
				tuples[tuple] = true
				if r.IPv6() {
					sixes++
				} else if i > 0 && records[i-1].IPv6() {
					t.Fatal("IPv4 comes first")
				}
			}
		}
		require.Equal(t, s.Protocol != flow.NetFlow5, sixes > 0, "%s of %s", s.Protocol, s.Addr)
	}
}

// The mix and the quantiles are those of the measurement that the model is
// made from (see records.go).
func TestRecordsLookLikeTheMeasurement(t *testing.T) {
	g := newGenerator(t, flowgen.Options{Sources: 8, Profile: "residential", NoEvents: true})
	var lengths, sizes []int
	kinds := map[uint8]int{}
	for source := range 8 {
		for second := int64(monday * 3600); second < monday*3600+120; second++ {
			for _, r := range g.Records(source, second, nil) {
				kinds[r.Protocol]++
				lengths, sizes = append(lengths, int(r.Packets)), append(sizes, int(r.Octets))
			}
		}
	}
	n := len(lengths)
	require.Greater(t, n, 20_000)
	require.InDelta(t, .5385, float64(kinds[6])/float64(n), .02)
	require.InDelta(t, .4309, float64(kinds[17])/float64(n), .02)
	slices.Sort(lengths)
	slices.Sort(sizes)
	require.Equal(t, 1, lengths[n/4])
	require.Equal(t, 2, lengths[n/2])
	require.InDelta(t, 5, lengths[n*3/4], 1)
	require.InDelta(t, 15, lengths[n*9/10], 3)
	require.InEpsilon(t, 421, lengths[n*99/100], .4)
	require.InEpsilon(t, 270, sizes[n/2], .4)
}

func TestAttacksLookLikeAttacks(t *testing.T) {
	const at = mondayMinute + 600
	for kind, single := range map[flowgen.EventKind]func(flow.Record) netip.Addr{
		flowgen.DDoS: func(r flow.Record) netip.Addr { return r.Dst },
		flowgen.Scan: func(r flow.Record) netip.Addr { return r.Src },
	} {
		g := newGenerator(t, flowgen.Options{
			Sources: 1, Profile: "datacentre", NoEvents: true, Protocols: []flow.Protocol{flow.NetFlow5},
			Events: []flowgen.Event{{Kind: kind, Start: at - 1, Minutes: 2, Percent: 1000}},
		})
		hosts, total := map[netip.Addr]int{}, 0
		for second := int64(at * 60); second < at*60+60; second++ {
			for _, r := range g.Records(0, second, nil) {
				if total++; r.Packets == 1 && r.Octets <= 64 {
					hosts[single(r)]++
				}
			}
		}
		most := 0
		for _, n := range hosts {
			most = max(most, n)
		}
		require.InDelta(t, .9, float64(most)/float64(total), .03, kind)
	}
}
