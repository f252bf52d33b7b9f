package check

import (
	"net/netip"

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
