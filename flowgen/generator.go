// Package flowgen makes flow traffic up: what a set of routers exports, second
// by second, for any time at all.
//
// A Generator is a pure function of a seed. Any bucket of any source is
// computed on its own, with integers only, so that the same seed gives the
// same numbers on every machine; seconds add up to minutes and minutes to
// hours. What it counts is what a collector of exports counts: flow records,
// export datagrams and their bytes at the IP level (see flow.Bucket).
//
// Exporter sends that traffic as NetFlow v5, v9, IPFIX or sFlow and keeps a
// ledger of what it sent.
package flowgen

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

// Options describes a Generator. The zero value works: seed 1 and eight
// sources of mixed profiles and protocols, one of them on IPv6.
type Options struct {
	Seed    uint64 // 0 is 1
	Sources int    // 0 is 8, or the number of Addrs; at most MaxSources

	// Addrs are the addresses to export from. Empty takes 10.0.0.0/8 and, for
	// every eighth source, the documentation prefix 2001:db8::/32.
	Addrs []netip.Addr

	Profile   string          // a name of ProfileNames, or Mixed; "" is Mixed
	Custom    *Profile        // if not nil, instead of Profile
	Protocols []flow.Protocol // given to the sources in turn; nil is the profile's list
	MTU       int             // 0 is 1500

	Events   []Event // ordered ones; each takes the place of made-up ones while it lasts
	NoEvents bool    // make no events up
}

// MaxSources bounds the number of sources of a Generator.
const MaxSources = 1 << 20

// Generator is a world of exporters. It is immutable and safe for concurrent
// use. Make one with New.
type Generator struct {
	seed    uint64
	sources []source
	public  []Source
}

// New makes a generator. It does no I/O.
func New(o Options) (*Generator, error) {
	if o.Seed == 0 {
		o.Seed = 1
	}
	addrs, err := o.addresses()
	if err != nil {
		return nil, err
	}
	profiles, err := o.profiles()
	if err != nil {
		return nil, err
	}
	g := &Generator{seed: o.Seed, sources: make([]source, 0, len(addrs)), public: make([]Source, 0, len(addrs))}
	curves := make([]*curve, len(profiles))
	for i := range profiles {
		curves[i] = profiles[i].week()
	}
	shared, habits := sharedWeights(), newHabits()
	for i, addr := range addrs {
		c := character{seed: o.Seed, index: i, addr: addr, calm: o.NoEvents, mtu: o.MTU, weights: shared, habits: habits}
		choice := drawsOf(keyOf(o.Seed, addr), forIdentity).at(-1)
		n := between(choice, 0, int64(len(profiles)-1))
		c.profile, c.curve = &profiles[n], curves[n]
		cycle := o.Protocols
		if len(cycle) == 0 {
			cycle = profiles[0].Protocols
		}
		c.protocol = cycle[i%len(cycle)]
		s, err := newSource(c)
		if err != nil {
			return nil, err
		}
		g.sources, g.public = append(g.sources, s), append(g.public, s.Source)
	}
	return g.With(o.Events...)
}

// With is the same world with more ordered events; g itself does not change.
func (g *Generator) With(events ...Event) (*Generator, error) {
	next := &Generator{seed: g.seed, sources: slices.Clone(g.sources), public: g.public}
	for _, e := range events {
		e, err := e.completed(len(g.sources))
		if err != nil {
			return nil, err
		}
		s := &next.sources[e.Source]
		s.orders = append(slices.Clone(s.orders), e)
		slices.SortStableFunc(s.orders, func(a, b Event) int { return cmp.Compare(a.Start, b.Start) })
	}
	return next, nil
}

// Seed is the seed in use, never zero.
func (g *Generator) Seed() uint64 { return g.seed }

// Sources lists the exporters by index. The slice is the caller's own.
func (g *Generator) Sources() []Source { return slices.Clone(g.public) }

func (o *Options) addresses() ([]netip.Addr, error) {
	n := o.Sources
	if n == 0 {
		n = cmp.Or(len(o.Addrs), 8)
	}
	if n < 1 || n > MaxSources || (len(o.Addrs) > 0 && len(o.Addrs) != n) {
		return nil, fmt.Errorf("flowgen: %d sources and %d addresses do not fit; hint: give 1 to %d sources, or as many addresses as sources",
			o.Sources, len(o.Addrs), MaxSources)
	}
	addrs := make([]netip.Addr, n)
	seen := make(map[netip.Addr]bool, n)
	for i := range addrs {
		if addrs[i] = addrOf(o.Seed, i); len(o.Addrs) > 0 {
			addrs[i] = o.Addrs[i].Unmap().WithZone("")
		}
		if !addrs[i].IsValid() || seen[addrs[i]] {
			return nil, fmt.Errorf("flowgen: source %d has the address %s, which is invalid or another source's; hint: give each source an address of its own",
				i, addrs[i])
		}
		seen[addrs[i]] = true
	}
	return addrs, nil
}

func (o *Options) profiles() ([]Profile, error) {
	if o.Custom != nil {
		return []Profile{*o.Custom}, o.Custom.Validate()
	}
	names := []string{o.Profile}
	if o.Profile == "" || o.Profile == Mixed {
		names = []string{"enterprise", "residential", "datacentre", "branch"}
	}
	var profiles []Profile
	for _, name := range names {
		p, err := BuiltInProfile(name)
		if err != nil {
			return nil, err
		}
		profiles = append(profiles, p)
	}
	return profiles, nil
}

// sharedWeights makes each table of weights once; sigma is rounded to 1/64 so
// that a thousand sources need few tables.
func sharedWeights() func(q16) *weights {
	tables := map[q16]*weights{}
	return func(sigma q16) *weights {
		sigma = sigma >> 10 << 10
		if tables[sigma] == nil {
			tables[sigma] = newWeights(sigma)
		}
		return tables[sigma]
	}
}
