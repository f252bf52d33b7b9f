package flowstore_test

import (
	"context"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/flowgate-dev/flowgate/flowgen"
	"github.com/flowgate-dev/flowgate/flowgen/flow"
	"github.com/flowgate-dev/flowgate/mockserver/flowstore"
)

// since and now bound the traffic of the tests: now is within an hour and a minute.
const (
	since = int64(1704700800)
	now   = since + 2*3600 + 630
)

func world(t *testing.T) (flowstore.Store, flowstore.Source) {
	g, err := flowgen.New(flowgen.Options{Seed: 3, Sources: 6})
	require.NoError(t, err)
	traffic := flowstore.FromGenerator(g)
	return flowstore.NewSynthetic(traffic, time.Unix(since+59, 0)), traffic
}

// naive is what a query should yield, from single seconds.
func naive(s flowstore.Store, traffic flowstore.Source, q flowstore.Query) []flowstore.Row {
	var out []flowstore.Row
	bucket := func(of netip.Addr, t int64) (b flow.Bucket) {
		step := int64(1)
		if q.PeakMinutes && q.Interval == flowstore.Hour {
			step = 60
		}
		for at := t; at < min(t+int64(q.Interval), q.Now); at += step {
			var all flow.Bucket
			for s := at; s < min(at+step, q.Now); s++ {
				all.Add(traffic.Second(slices.Index(traffic.Addresses(), of), s))
			}
			b.Add(all.Second())
		}
		return b
	}
	add := func(t int64, name netip.Addr, of ...netip.Addr) {
		var b flow.Bucket
		for _, a := range of {
			b.Add(bucket(a, t)) // the peak of a sum is the largest of its sources'
		}
		if t >= since && t < q.Now && (q.Silent || !b.IsZero()) {
			out = append(out, flowstore.Row{Time: t, Source: name, Bucket: b})
		}
	}
	for t := q.Window.From; t < q.Window.To; t += int64(q.Interval) {
		if q.Sum && !q.Source.IsValid() {
			add(t, netip.Addr{}, s.Sources()...)
			continue
		}
		for _, a := range s.Sources() {
			if !q.Source.IsValid() || q.Source == a {
				add(t, a, a)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b flowstore.Row) int {
		byTime, bySource := int(a.Time-b.Time), a.Source.Compare(b.Source)
		switch {
		case q.Order == flowstore.BySource && bySource != 0:
			return bySource
		case q.Order == flowstore.Newest:
			return -byTime
		}
		return byTime
	})
	return out
}

func TestRowsAreWhatSecondsAddUpTo(t *testing.T) {
	s, traffic := world(t)
	rapid.Check(t, func(t *rapid.T) {
		q := flowstore.Query{
			Now: now, Interval: rapid.SampledFrom(intervals).Draw(t, "interval"), Order: flowstore.Order(rapid.IntRange(0, 2).Draw(t, "order")),
			Sum: rapid.Bool().Draw(t, "sum"), Silent: rapid.Bool().Draw(t, "silent"), PeakMinutes: rapid.Bool().Draw(t, "peak minutes"),
		}
		if i := rapid.IntRange(-1, 5).Draw(t, "source"); i >= 0 {
			q.Source = s.Sources()[i]
		}
		begin := q.Interval.Floor(rapid.Int64Range(since-600, now+600).Draw(t, "from"))
		q.Window = flowstore.Window{From: begin, To: begin + int64(q.Interval)*rapid.Int64Range(0, 3).Draw(t, "intervals")}
		var got []flowstore.Row
		for row, err := range s.Rows(context.Background(), q) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, row)
		}
		if want := naive(s, traffic, q); !slices.Equal(got, want) {
			t.Fatalf("%+v\n got %v\nwant %v", q, got, want)
		}
	})
}

func TestEverySpellingOfASourceFindsIt(t *testing.T) {
	s, _ := world(t)
	require.True(t, slices.IsSortedFunc(s.Sources(), netip.Addr.Compare))
	q := flowstore.Query{Now: now, Interval: flowstore.Hour, Window: flowstore.Window{From: since, To: since + 3600}}
	for _, a := range s.Sources() {
		for _, spelling := range []netip.Addr{a, netip.AddrFrom16(a.As16())} {
			q.Source = spelling
			for row := range s.Rows(t.Context(), q) {
				require.Equal(t, a, row.Source)
			}
		}
	}
	q.Source = netip.MustParseAddr("203.0.113.1")
	for row := range s.Rows(t.Context(), q) {
		t.Fatalf("%v", row)
	}
}

func TestAnEndedContextIsTheLastPair(t *testing.T) {
	s, _ := world(t)
	for _, sum := range []bool{false, true} {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		q := flowstore.Query{Now: now, Sum: sum, Interval: flowstore.Minute, Window: flowstore.Window{From: since, To: now}, Silent: true}
		n := 0
		var last error
		for _, err := range s.Rows(ctx, q) {
			require.NoError(t, last, "nothing comes after an error")
			if last = err; err != nil {
				continue
			}
			if n++; n == 3 {
				cancel()
			}
		}
		require.ErrorIs(t, last, context.Canceled)
		require.Less(t, n, 20)
		for range s.Rows(ctx, q) { // a consumer that leaves is not called again
			break
		}
	}
}
