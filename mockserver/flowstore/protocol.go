package flowstore

import (
	"net/netip"
	"slices"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

// Speaker is a Store that knows what its sources export.
type Speaker interface {
	// Protocol is what a source exports, the zero Protocol where that is not known.
	Protocol(source netip.Addr) flow.Protocol
}

// protocols is traffic that knows what each of its sources exports.
type protocols interface {
	Protocol(source int) flow.Protocol
}

// Protocol implements Speaker.
func (s *Synthetic) Protocol(source netip.Addr) flow.Protocol {
	at, found := slices.BinarySearchFunc(s.sources, source.Unmap(), netip.Addr.Compare)
	known, ok := s.traffic.(protocols)
	if !found || !ok {
		return 0
	}
	return known.Protocol(s.index[at])
}

// Protocol implements Speaker; of collected traffic it is not known.
func (j Joined) Protocol(source netip.Addr) flow.Protocol { return j.Synthetic.Protocol(source) }

// Protocol is what a source exports.
func (g generated) Protocol(source int) flow.Protocol { return g.protocols[source] }
