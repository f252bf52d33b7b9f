package ingest

import (
	"net/netip"
	"slices"

	"github.com/flowgate-dev/flowgate/flowgen/wire"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

// treatment is what a datagram counts as.
type treatment uint8

const (
	packet treatment = iota
	bad
	ignored
)

var treatments = map[string]treatment{"packet": packet, "bad": bad, "ignored": ignored}

// Rules are the answers of a dialect to the questions about what is counted, in a form that is quick to follow. These
// are bucket-clock, byte-level, template-datagrams, unknown-template and old-versions; the answer flows to
// unknown-template, which nobody can count, is taken as packet.
type Rules struct {
	clock     string
	level     string
	templates treatment
	unknown   treatment
	refused   []uint16 // versions that a port of NetFlow v5 does not take
}

// RulesOf reads a dialect.
func RulesOf(d dialect.Dialect) *Rules {
	r := &Rules{clock: d.Answer(dialect.BucketClock), level: d.Answer(dialect.ByteLevel)}
	r.templates, r.unknown = treatments[d.Answer(dialect.TemplateDatagrams)], treatments[d.Answer(dialect.UnknownTemplate)]
	switch d.Answer(dialect.OldVersions) {
	case "one":
		r.refused = []uint16{7}
	case "seven":
		r.refused = []uint16{1}
	case "none":
		r.refused = []uint16{1, 7}
	}
	return r
}

// versions are those of a protocol that are taken.
func (r *Rules) versions(protocol string, all []uint16) []uint16 {
	if protocol != "netflow5" || len(r.refused) == 0 {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(v uint16) bool { return slices.Contains(r.refused, v) })
}

// headers is the length of the headers that count as bytes of a datagram.
func (r *Rules) headers(from netip.Addr) int {
	const udp, ipv4, ipv6, ethernet, checksum = 8, 20, 40, 14, 4
	ip := ipv6
	if from.Is4() {
		ip = ipv4
	}
	switch r.level {
	case "payload":
		return 0
	case "udp":
		return udp
	case "ethernet":
		return udp + ip + ethernet
	case "frame":
		return udp + ip + ethernet + checksum
	}
	return udp + ip
}

// second is the one that a datagram counts in, which arrived at now; ok is false where it does not count.
func (r *Rules) second(m wire.Message, now int64) (second int64, ok bool) {
	at := m.Export / 1000
	switch {
	case at == 0: // it has no time, or could not be read
		return now, true
	case r.clock == "header":
		return at, true
	case r.clock == "none":
		const late = 3600
		return now, now-at < late && at-now < late
	}
	return now, true
}
