// Package flowstore answers windows of flow statistics: rows for each interval and source, one after the other, in
// constant memory. A [Store] may be backed by traffic that is computed ([Synthetic]) or by what was received.
package flowstore

import (
	"context"
	"iter"
	"net/netip"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

// Store answers queries. It is safe for concurrent use.
type Store interface {
	// Sources lists the addresses that ever sent anything, sorted. The caller must not change the slice.
	Sources() []netip.Addr
	// Rows yields the rows of a query in its order. It ends early, with the context's error as the last pair, when
	// the context ends.
	Rows(ctx context.Context, q Query) iter.Seq2[Row, error]
}

// Order is the order of rows.
type Order uint8

// The lawful orders (dialect row-order).
const (
	ByTime   Order = iota // by time, then by source
	BySource              // by source, then by time
	Newest                // by time, newest first, then by source
)

// Query asks for rows.
type Query struct {
	Source   netip.Addr // the zero Addr asks for all sources; an IPv4-mapped IPv6 address for the IPv4 one
	Interval Granularity
	Window   Window // in whole intervals
	Now      int64  // Unix seconds; from here on nothing has happened yet
	Order    Order
	Sum      bool // one row for all sources together, where Source is zero
	Silent   bool // rows of zeros for intervals in which nothing came
	// PeakMinutes makes the peaks of hours the largest of their minutes; otherwise they are of their seconds.
	PeakMinutes bool
}

// Row is what came from one source in one interval.
type Row struct {
	Time   int64      // begin of the interval, Unix seconds
	Source netip.Addr // zero in a sum
	flow.Bucket
}
