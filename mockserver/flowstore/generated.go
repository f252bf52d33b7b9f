package flowstore

import (
	"net/netip"

	"github.com/flowgate-dev/flowgate/flowgen"
	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

// cachedDays is how many days of sources a Source remembers the hours of: a month of 64 sources, some 3 MB.
const cachedDays = 2048

// generated is a flowgen world as a Source. Hours, which are dear to compute, are remembered.
type generated struct {
	*flowgen.Generator
	hours     *flowgen.HourCache
	protocols []flow.Protocol
}

// FromGenerator makes a Source of a generator.
func FromGenerator(g *flowgen.Generator) Source { return *fromGenerator(g) }

func fromGenerator(g *flowgen.Generator) *generated {
	out := &generated{Generator: g, hours: flowgen.NewHourCache(g, cachedDays)}
	for _, s := range g.Sources() {
		out.protocols = append(out.protocols, s.Protocol)
	}
	return out
}

// Hour implements Source.
func (g generated) Hour(source int, unixHour int64) flow.Bucket {
	return g.hours.Hour(source, unixHour)
}

// Addresses implements Source.
func (g generated) Addresses() []netip.Addr {
	sources := g.Sources()
	out := make([]netip.Addr, len(sources))
	for i, s := range sources {
		out[i] = s.Addr
	}
	return out
}
