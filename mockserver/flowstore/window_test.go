package flowstore_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/flowgate-dev/flowgate/mockserver/flowstore"
)

var intervals = []flowstore.Granularity{flowstore.Second, flowstore.Minute, flowstore.Hour}

// TestEdgesByTheirDefinition compares Between with a walk over the intervals that applies each definition in words.
func TestEdgesByTheirDefinition(t *testing.T) {
	belongs := map[flowstore.Edges]func(begin, end, from, to int64) bool{
		flowstore.Cover:  func(begin, end, from, to int64) bool { return begin < to && end > from },
		flowstore.Start:  func(begin, _, from, to int64) bool { return begin >= from && begin < to },
		flowstore.Inside: func(begin, end, from, to int64) bool { return begin >= from && end <= to },
		flowstore.Closed: func(begin, _, from, to int64) bool { return begin >= from && begin <= to },
	}
	rapid.Check(t, func(t *rapid.T) {
		g := rapid.SampledFrom(intervals).Draw(t, "interval")
		from := rapid.Int64Range(-3*int64(g), 3*int64(g)).Draw(t, "from")
		to := from + rapid.Int64Range(1, 3*int64(g)).Draw(t, "length")
		edges := rapid.SampledFrom([]flowstore.Edges{flowstore.Cover, flowstore.Start, flowstore.Inside, flowstore.Closed}).Draw(t, "edges")
		w := flowstore.Between(from, to, g, edges)
		for begin := -8 * int64(g); begin < 8*int64(g); begin += int64(g) {
			want := belongs[edges](begin, begin+int64(g), from, to)
			if got := w.From <= begin && begin < w.To; got != want {
				t.Fatalf("%d to %d, interval of %d at %d: %v", from, to, g, begin, got)
			}
		}
	})
	require.True(t, flowstore.Between(60, 60, flowstore.Minute, flowstore.Cover).Empty())
	require.True(t, flowstore.Between(61, 61, flowstore.Minute, flowstore.Cover).Empty())
	require.False(t, flowstore.Between(60, 60, flowstore.Minute, flowstore.Closed).Empty())
	require.True(t, flowstore.Between(120, 60, flowstore.Minute, flowstore.Closed).Empty())
}

func TestTheLastUnits(t *testing.T) {
	now := time.Date(2024, 3, 31, 10, 20, 30, 0, time.UTC)
	at := func(text string) int64 {
		v, err := time.Parse("2006-01-02 15:04:05", text)
		require.NoError(t, err)
		return v.Unix()
	}
	cases := []struct {
		last     flowstore.Last
		from, to string
	}{
		{flowstore.Last{N: 60, Unit: flowstore.Minutes, Interval: flowstore.Minute}, "2024-03-31 09:20:00", "2024-03-31 10:20:00"},
		{flowstore.Last{N: 60, Unit: flowstore.Minutes, Interval: flowstore.Minute, Running: true}, "2024-03-31 09:20:00", "2024-03-31 10:21:00"},
		{flowstore.Last{N: 30, Unit: flowstore.Seconds, Interval: flowstore.Second}, "2024-03-31 10:20:00", "2024-03-31 10:20:30"},
		{flowstore.Last{N: 30, Unit: flowstore.Seconds, Interval: flowstore.Minute}, "2024-03-31 10:19:00", "2024-03-31 10:20:00"},
		{flowstore.Last{N: 90, Unit: flowstore.Minutes, Interval: flowstore.Hour}, "2024-03-31 08:00:00", "2024-03-31 10:00:00"},
		{flowstore.Last{N: 2, Unit: flowstore.Days, Interval: flowstore.Hour}, "2024-03-29 10:00:00", "2024-03-31 10:00:00"},
		{flowstore.Last{N: 1, Unit: flowstore.Weeks, Interval: flowstore.Hour}, "2024-03-24 10:00:00", "2024-03-31 10:00:00"},
		{flowstore.Last{N: 1, Unit: flowstore.Months, Interval: flowstore.Hour}, "2024-02-29 10:00:00", "2024-03-31 10:00:00"},
		{flowstore.Last{N: 13, Unit: flowstore.Months, Interval: flowstore.Hour}, "2023-02-28 10:00:00", "2024-03-31 10:00:00"},
		{flowstore.Last{N: 1, Unit: flowstore.Months, Thirty: true, Interval: flowstore.Hour}, "2024-03-01 10:00:00", "2024-03-31 10:00:00"},
	}
	for _, c := range cases {
		require.Equal(t, flowstore.Window{From: at(c.from), To: at(c.to)}, c.last.Window(now), "%+v", c.last)
	}
}

func FuzzWindowArithmetic(f *testing.F) {
	f.Add(int64(1702580400), int64(1702584000), int64(60), uint8(1), uint8(0))
	f.Add(int64(0), int64(0), int64(1), uint8(0), uint8(5))
	f.Add(int64(math.MaxInt64), int64(math.MinInt64), int64(math.MaxInt64), uint8(2), uint8(3))
	f.Add(int64(-1), int64(59), int64(1<<53), uint8(1), uint8(4))
	f.Fuzz(func(t *testing.T, start, end, n int64, interval, choice uint8) {
		g := intervals[int(interval)%len(intervals)]
		for edges := flowstore.Cover; edges <= flowstore.Closed; edges++ {
			w := flowstore.Between(start, end, g, edges)
			if w.Empty() {
				continue
			}
			require.LessOrEqual(t, start, end)
			if far := int64(1) << 60; start > -far && end < far {
				require.Zero(t, w.From%int64(g))
				require.Zero(t, w.To%int64(g))
				require.LessOrEqual(t, w.From, end)
				require.GreaterOrEqual(t, w.To, start)
				require.Less(t, max(start-w.From, w.From-start), int64(g))
			}
		}
		l := flowstore.Last{N: max(n, 0), Unit: flowstore.Unit(choice % 6), Interval: g, Thirty: choice > 127, Running: choice > 63}
		now := time.Unix(min(max(start, 0), 253402300799), 0)
		w := l.Window(now)
		if l.N > 0 {
			require.False(t, w.Empty(), "%+v", l)
			require.LessOrEqual(t, w.From, now.Unix())
			require.Less(t, w.To-int64(g), now.Unix()+1)
		}
	})
}
