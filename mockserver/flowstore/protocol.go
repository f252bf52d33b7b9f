package flowstore

import (
	"net/netip"
	"slices"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

// Export is what a source exports. The zero value is: not known.
type Export struct {
	Protocol flow.Protocol
	Version  uint16 // of the protocol: NetFlow 1, 5, 7, 9; IPFIX 10; sFlow 5
}

// exportOf is the usual version of a protocol.
func exportOf(p flow.Protocol) Export {
	version := map[flow.Protocol]uint16{flow.NetFlow5: 5, flow.NetFlow9: 9, flow.IPFIX: 10, flow.SFlow: 5}[p]
	return Export{p, version}
}

// Speaker is a Store that knows what its sources export.
type Speaker interface {
	// Export is what a source exports, or exported last; zero where that is not known.
	Export(source netip.Addr) Export
}

// protocols is traffic that knows what each of its sources exports.
type protocols interface {
	Protocol(source int) flow.Protocol
}

// Export implements Speaker.
func (s *Synthetic) Export(source netip.Addr) Export {
	at, found := slices.BinarySearchFunc(s.sources, source.Unmap(), netip.Addr.Compare)
	known, ok := s.traffic.(protocols)
	if !found || !ok {
		return Export{}
	}
	return exportOf(known.Protocol(s.index[at]))
}

// Protocol is what a source exports.
func (g generated) Protocol(source int) flow.Protocol { return g.protocols[source] }

// Export implements Speaker: what the latest datagram was that could be read. A restart forgets it.
func (c *Collected) Export(source netip.Addr) Export {
	r := c.roster.Load()
	at, found := slices.BinarySearchFunc(r.addrs, source.Unmap(), netip.Addr.Compare)
	if !found {
		return Export{}
	}
	if e := r.sources[at].export.Load(); e != nil {
		return *e
	}
	return Export{}
}

// Export implements Speaker. What was received wins over what is made up.
func (j Joined) Export(source netip.Addr) Export {
	if e := j.Collected.Export(source); e != (Export{}) {
		return e
	}
	return j.Synthetic.Export(source)
}
