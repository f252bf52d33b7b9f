package flowstore

import (
	"context"
	"iter"
	"net/netip"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

// Joined answers with synthetic and with collected traffic. An address that has both gets the sum.
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
	return view{reading: both{a, b, m}, sources: m.addrs, since: min(a.since, b.since)}.rows(ctx, q)
}

// merged is two sorted lists of addresses as one; from holds the positions in each, -1 where it is not there.
type merged struct {
	addrs []netip.Addr
	from  [][2]int
}

func merge(a, b []netip.Addr) merged {
	var m merged
	for i, j := 0, 0; i < len(a) || j < len(b); {
		order := 0
		switch {
		case i == len(a):
			order = 1
		case j == len(b):
			order = -1
		default:
			order = a[i].Compare(b[j])
		}
		at := [2]int{-1, -1}
		if order >= 0 {
			m.addrs, at[1] = append(m.addrs, b[j]), j
			j++
		}
		if order <= 0 {
			if order < 0 {
				m.addrs = append(m.addrs, a[i])
			}
			at[0] = i
			i++
		}
		m.from = append(m.from, at)
	}
	return m
}

// both reads two views as one.
type both struct {
	a, b view
	merged
}

// bucket implements reading.
func (r both) bucket(source int, t int64) (sum flow.Bucket, known bool) {
	from := r.from[source]
	if from[0] >= 0 {
		sum, known = r.a.bucket(from[0], t)
	}
	if from[1] >= 0 {
		b, k := r.b.bucket(from[1], t)
		sum.Add(b)
		known = known || k
	}
	return sum, known
}
