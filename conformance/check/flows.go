package check

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/flowgate-dev/flowgate/flowgen"
	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

// Flows says to which collectors of the device flows may be sent, and from where. The zero value sends none: flows
// change a device's statistics, so somebody has to name the collectors.
type Flows struct {
	Collectors []Collector // at most one for each protocol
	// From are the addresses to send from, each a source device of its own, of the collectors' family. Empty takes many
	// of 127.0.0.0/8 for a collector on such an address, and else the one that this machine reaches the collector from.
	From []netip.Addr
	// Listen opens the socket of a source; nil opens a UDP socket on the address and a free port.
	Listen func(from netip.Addr) (flowgen.Socket, error)
}

// Collector is where a device takes one protocol.
type Collector struct {
	Protocol flow.Protocol
	Addr     netip.AddrPort
}

// Validate says what makes no sense; nil where all is well, and for the zero value.
func (f *Flows) Validate() error {
	for i, c := range f.Collectors {
		if slices.ContainsFunc(f.Collectors[:i], func(other Collector) bool { return other.Protocol == c.Protocol }) {
			return fmt.Errorf("%s has two collectors; a protocol has one", c.Protocol)
		}
		if !slices.Contains(flow.Protocols(), c.Protocol) || !c.Addr.IsValid() || c.Addr.Port() == 0 {
			return fmt.Errorf("%s=%s is no collector (expected a protocol, an address and a port)", c.Protocol, c.Addr)
		}
		if v4 := c.Addr.Addr().Unmap().Is4(); v4 != f.Collectors[0].Addr.Addr().Unmap().Is4() {
			return fmt.Errorf("the collectors %s and %s are of different families; one run takes one of them", f.Collectors[0].Addr, c.Addr)
		}
	}
	for i, a := range f.From {
		switch {
		case len(f.Collectors) == 0:
			return fmt.Errorf("there is no collector that flows could be sent to from %s", a)
		case !a.IsValid() || a.IsUnspecified() || a.IsMulticast() || slices.Contains(f.From[:i], a):
			return fmt.Errorf("%s is no address of a source device, or there twice", a)
		case a.Unmap().Is4() != f.Collectors[0].Addr.Addr().Unmap().Is4():
			return fmt.Errorf("the collector %s cannot be reached from %s, which is of the other family", f.Collectors[0].Addr, a)
		}
	}
	return nil
}
