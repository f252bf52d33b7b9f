package wire

import (
	"cmp"
	"net/netip"
	"slices"
)

// domainKey names a template space. Two exporters may use the same numbers for
// other templates, so the source's address belongs to it.
type domainKey struct {
	from    netip.Addr
	version uint16
	domain  uint32
}

// templateDomain is the templates of one exporter's domain, in a ring ordered
// by use.
type templateDomain struct {
	key        domainKey
	templates  map[uint16]*templateRecord
	latest     *templateRecord // looked up last, if any
	prev, next *templateDomain
}

// find returns a template, or nil.
func (d *templateDomain) find(id uint16) *templateRecord {
	if d.latest == nil || d.latest.id != id {
		d.latest = d.templates[id]
	}
	return d.latest
}

// store holds the domains within the limits. The zero store is empty.
type store struct {
	domains map[domainKey]*templateDomain
	sources map[netip.Addr]int
	ring    templateDomain // next is the latest used, prev the longest unused
}

func (l Limits) withDefaults() Limits {
	l.Domains = cmp.Or(l.Domains, 4096)
	l.DomainsPerSource = cmp.Or(l.DomainsPerSource, 16)
	l.Templates = cmp.Or(l.Templates, 256)
	l.Fields = cmp.Or(l.Fields, 256)
	return l
}

// find returns a domain, marked as used, or nil.
func (s *store) find(key domainKey) *templateDomain {
	if d := s.ring.next; d != nil && d.key == key { // an exporter seldom sends a single datagram
		return d
	}
	d := s.domains[key]
	if d != nil && s.ring.next != d {
		s.unlink(d)
		s.link(d)
	}
	return d
}

// admits reports whether the staged templates of a datagram fit the limits.
func (s *store) admits(key domainKey, staged []*templateRecord, l Limits) bool {
	d := s.domains[key]
	if d == nil {
		return s.sources[key.from] < l.DomainsPerSource && len(staged) <= l.Templates
	}
	fresh := 0
	for i, t := range staged {
		again := slices.ContainsFunc(staged[:i], func(o *templateRecord) bool { return o.id == t.id })
		if d.templates[t.id] == nil && !again {
			fresh++
		}
	}
	return len(d.templates)+fresh <= l.Templates
}

// put remembers templates that admits has let in.
func (s *store) put(key domainKey, staged []*templateRecord, l Limits) {
	d := s.find(key)
	if d == nil {
		if len(s.domains) >= l.Domains {
			s.drop(s.ring.prev)
		}
		d = s.add(key)
	}
	for _, t := range staged {
		d.templates[t.id] = t
	}
	d.latest = nil
}

func (s *store) add(key domainKey) *templateDomain {
	if s.domains == nil {
		s.domains, s.sources = map[domainKey]*templateDomain{}, map[netip.Addr]int{}
		s.ring.next, s.ring.prev = &s.ring, &s.ring
	}
	d := &templateDomain{key: key, templates: map[uint16]*templateRecord{}}
	s.domains[key] = d
	s.sources[key.from]++
	s.link(d)
	return d
}

func (s *store) drop(d *templateDomain) {
	s.unlink(d)
	delete(s.domains, d.key)
	if s.sources[d.key.from]--; s.sources[d.key.from] == 0 {
		delete(s.sources, d.key.from)
	}
}

func (s *store) link(d *templateDomain) {
	d.prev, d.next = &s.ring, s.ring.next
	d.prev.next, d.next.prev = d, d
}

func (s *store) unlink(d *templateDomain) { d.prev.next, d.next.prev = d.next, d.prev }
