package flowstore

import (
	"net/netip"

	"github.com/flowgate-dev/flowgate/flowgen"
)

// generated is a flowgen world as a Source.
type generated struct{ *flowgen.Generator }

// FromGenerator makes a Source of a generator.
func FromGenerator(g *flowgen.Generator) Source { return generated{g} }

// Addresses implements Source.
func (g generated) Addresses() []netip.Addr {
	sources := g.Sources()
	out := make([]netip.Addr, len(sources))
	for i, s := range sources {
		out[i] = s.Addr
	}
	return out
}
