package flowstore_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
	"github.com/flowgate-dev/flowgate/mockserver/flowstore"
)

// counted is what a test has told a store, as the seconds of a Source.
type counted struct {
	addrs   []netip.Addr
	seconds map[netip.Addr]map[int64]flow.Bucket
}

func (c *counted) Addresses() []netip.Addr { return c.addrs }

func (c *counted) Second(source int, t int64) flow.Bucket {
	return c.seconds[c.addrs[source]][t].Second()
}
func (c *counted) Minute(int, int64) flow.Bucket { panic("not asked for") }
func (c *counted) Hour(int, int64) flow.Bucket   { panic("not asked for") }

func (c *counted) add(a flowstore.Arrival) {
	addr := a.Source.Unmap()
	if c.seconds == nil {
		c.seconds = map[netip.Addr]map[int64]flow.Bucket{}
	}
	if c.seconds[addr] == nil {
		c.seconds[addr] = map[int64]flow.Bucket{}
		c.addrs = append(c.addrs, addr)
		slices.SortFunc(c.addrs, netip.Addr.Compare)
	}
	b := c.seconds[addr][a.Second]
	b.Add(a.Bucket)
	c.seconds[addr][a.Second] = b
}

func rows(t require.TestingT, s flowstore.Store, q flowstore.Query) []flowstore.Row {
	var out []flowstore.Row
	for row, err := range s.Rows(background, q) {
		require.NoError(t, err)
		out = append(out, row)
	}
	return out
}

// Arrivals within the retention, in any order of time, from any source, yield what their seconds add up to: in each
// length of interval, order and way of summing up, alone and joined with made-up traffic.
func TestCollectedRowsAreWhatArrived(t *testing.T) {
	synthetic, traffic := world(t)
	rapid.Check(t, func(t *rapid.T) {
		store := flowstore.NewCollected(flowstore.CollectedOptions{})
		truth := &counted{}
		pool := []netip.Addr{
			netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("::ffff:192.0.2.1"), netip.MustParseAddr("2001:db8:9::1"),
			traffic.Addresses()[rapid.IntRange(0, 5).Draw(t, "shared")],
		}
		for range rapid.IntRange(1, 30).Draw(t, "arrivals") {
			a := flowstore.Arrival{Source: rapid.SampledFrom(pool).Draw(t, "from"), Second: rapid.Int64Range(now-3600, now-1).Draw(t, "second")}
			a.Bucket = flow.Bucket{Packets: 1, Flows: rapid.Uint64Range(0, 40).Draw(t, "flows"), Bytes: rapid.Uint64Range(28, 1500).Draw(t, "bytes")}
			if rapid.Bool().Draw(t, "bad") {
				a.BadPackets, a.BadBytes = 1, a.Bytes
			}
			require.Zero(t, store.Count([]flowstore.Arrival{a}))
			truth.add(a)
		}
		q := flowstore.Query{
			Now: now, Interval: rapid.SampledFrom(intervals).Draw(t, "interval"), Order: flowstore.Order(rapid.IntRange(0, 2).Draw(t, "order")),
			Sum: rapid.Bool().Draw(t, "sum"), PeakMinutes: rapid.Bool().Draw(t, "peak minutes"),
		}
		begin := q.Interval.Floor(rapid.Int64Range(now-3600, now).Draw(t, "window"))
		q.Window = flowstore.Window{From: begin, To: begin + int64(q.Interval)*rapid.Int64Range(0, 90).Draw(t, "intervals")}
		require.Equal(t, truth.addrs, store.Sources())
		if i := rapid.IntRange(-1, len(truth.addrs)-1).Draw(t, "source"); i >= 0 {
			q.Source = truth.addrs[i]
		}
		require.Equal(t, naive(store, truth, q), rows(t, store, q))

		q.Window.To = min(q.Window.To, q.Window.From+2*int64(q.Interval))
		joined := flowstore.Joined{Synthetic: synthetic.(*flowstore.Synthetic), Collected: store}
		require.Equal(t, naive(joined, other{traffic, truth, joined.Sources()}, q), rows(t, joined, q))
	})
}

// other is two sources of traffic as one: of an address in both, that of b.
type other struct {
	a, b  flowstore.Source
	addrs []netip.Addr
}

func (s other) Addresses() []netip.Addr { return s.addrs }
func (s other) Second(source int, t int64) flow.Bucket {
	if i := slices.Index(s.b.Addresses(), s.addrs[source]); i >= 0 {
		return s.b.Second(i, t)
	}
	return s.a.Second(slices.Index(s.a.Addresses(), s.addrs[source]), t)
}
func (s other) Minute(int, int64) flow.Bucket { panic("not asked for") }
func (s other) Hour(int, int64) flow.Bucket   { panic("not asked for") }

func one(from netip.Addr, second int64) []flowstore.Arrival {
	return []flowstore.Arrival{{Source: from, Second: second, Bucket: flow.Bucket{Flows: 3, Packets: 1, Bytes: 196}}}
}

var router = netip.MustParseAddr("192.0.2.7")

// A row is there until its retention is over, and not a second longer; where zeros are asked for, what is forgotten is
// not told as silence.
func TestRetention(t *testing.T) {
	store := flowstore.NewCollected(flowstore.CollectedOptions{Retention: flowstore.Retention{Second: 2 * time.Minute, Minute: 3 * time.Hour, Hour: 5 * time.Hour}})
	begin := flowstore.Hour.Floor(now)
	for s := begin; s < begin+6*3600; s++ {
		store.Count(one(router, s))
	}
	end := begin + 6*3600
	for _, c := range []struct {
		interval flowstore.Granularity
		rows     int
	}{{flowstore.Second, 120}, {flowstore.Minute, 180}, {flowstore.Hour, 5}} {
		for _, silent := range []bool{false, true} {
			q := flowstore.Query{Now: end, Interval: c.interval, Window: flowstore.Window{From: begin - 3600, To: end}, Silent: silent}
			got := rows(t, store, q)
			require.Len(t, got, c.rows)
			for _, r := range got {
				seconds := uint64(c.interval)
				require.Equal(t, flow.Bucket{Flows: 3 * seconds, Packets: seconds, Bytes: 196 * seconds, PeakFlows: 3, PeakPackets: 1, PeakBytes: 196}, r.Bucket)
			}
		}
	}
}

// Time that jumps costs no more memory than time that flows: the intervals written to last are kept.
func TestTimeThatJumps(t *testing.T) {
	store := flowstore.NewCollected(flowstore.CollectedOptions{})
	for day := range int64(2000) {
		store.Count(one(router, now+day*86400*(1-2*(day&1))))
	}
	last := now - 1999*86400
	q := flowstore.Query{Now: last + 60, Interval: flowstore.Second, Window: flowstore.Window{From: last, To: last + 60}}
	require.Len(t, rows(t, store, q), 1)
	q.Now, q.Window = now+60, flowstore.Window{From: now, To: now + 60}
	require.Empty(t, rows(t, store, q), "written to too long ago")
}

func TestSourcesBeyondTheLimitAreRefused(t *testing.T) {
	store := flowstore.NewCollected(flowstore.CollectedOptions{Sources: 2})
	refused := 0
	for i := range byte(5) {
		refused += store.Count(one(netip.AddrFrom4([4]byte{192, 0, 2, i / 2}), now))
	}
	require.Equal(t, 1, refused)
	require.Len(t, store.Sources(), 2)
	require.Equal(t, 2, store.Clear())
	require.Empty(t, store.Sources())
	require.Zero(t, store.Count(one(netip.MustParseAddr("203.0.113.9"), now)))
}
