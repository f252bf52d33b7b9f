package flowstore

import (
	"context"
	"iter"
	"net/netip"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

// Joined answers with synthetic and with collected traffic. A source that really sends takes the place of a made-up one
// with the same address.
type Joined struct {
	Synthetic *Synthetic
	Collected *Collected
}

// Sources implements Store.
func (j Joined) Sources() []netip.Addr {
	return merge(j.Synthetic.sources, j.Collected.Sources()).addrs
}

// Rows implements Store.
func (j Joined) Rows(ctx context.Context, q Query) iter.Seq2[Row, error] {
	a, b := j.Synthetic.view(q), j.Collected.view(q)
	m := merge(a.sources, b.sources)
	return view{reading: both{[2]view{a, b}, m}, sources: m.addrs, since: min(a.since, b.since)}.rows(ctx, q)
}

// merged is two sorted lists of addresses as one. Where an address stands in both, it is that of the second.
type merged struct {
	addrs []netip.Addr
	from  []place
}

// place is a position in the first list (0) or the second (1).
type place struct{ list, at int }

func merge(a, b []netip.Addr) merged {
	var m merged
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case j == len(b) || i < len(a) && a[i].Less(b[j]):
			m.addrs, m.from = append(m.addrs, a[i]), append(m.from, place{0, i})
			i++
		case i < len(a) && a[i] == b[j]:
			i++
		default:
			m.addrs, m.from = append(m.addrs, b[j]), append(m.from, place{1, j})
			j++
		}
	}
	return m
}

// both reads two views as one.
type both struct {
	views [2]view
	merged
}

// bucket implements reading.
func (r both) bucket(source int, t int64) (flow.Bucket, bool) {
	from := r.from[source]
	return r.views[from.list].bucket(from.at, t)
}
