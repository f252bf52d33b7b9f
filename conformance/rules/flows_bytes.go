package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/flowgen/flow"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

// reading is one way to count bytes.
type reading struct {
	name     string // an answer to byte-level; "octets" for those that flows tell of
	v4, v6   uint64 // bytes of headers for each datagram
	template bool   // datagrams of templates count
}

// readings are the ways to count that are known; the example's comes first.
func readings() []reading {
	var out []reading
	for _, r := range []reading{
		{name: "ip", v4: 28, v6: 48},
		{name: "payload"},
		{name: "udp", v4: 8, v6: 8},
		{name: "ethernet", v4: 42, v6: 62},
		{name: "frame", v4: 46, v6: 66},
		{name: "octets"},
	} {
		r.template = true
		out = append(out, r)
		r.template = false
		out = append(out, r)
	}
	return out
}

// bytes is what n_bytes is by a reading.
func (r *reading) bytes(s *corpus.Sent) uint64 {
	if r.name == "octets" {
		return s.DescribedOctets
	}
	datagrams, payload := s.Datagrams, s.Payload
	if r.template {
		datagrams, payload = datagrams+s.Templates, payload+s.TemplatePayload
	}
	header := r.v4
	if s.Source.Is6() {
		header = r.v6
	}
	return payload + header*datagrams
}

// sample is a row of which all flows are there, with what was sent.
type sample struct {
	*account

	got counts
}

// told are the rows that bytes can be judged by.
func (c *campaign) told(p flow.Protocol) []sample {
	var out []sample
	for _, s := range c.plain(p) {
		for _, a := range s.minutes {
			got := c.minute(s, a)
			if least, most, have := c.balance(&a.Sent, got); have >= least && have <= most && !got.garbled {
				out = append(out, sample{a, got})
			}
		}
	}
	return out
}

// read finds the reading that most samples share; n is how many do.
func read(samples []sample) (best reading, n int) {
	for _, r := range readings() {
		fits := 0
		for _, s := range samples {
			if r.bytes(&s.Sent) == s.got.bytes {
				fits++
			}
		}
		if fits > n {
			best, n = r, fits
		}
	}
	return best, n
}

// solved are the bytes of a NetFlow v5 record and of a datagram without records, as two rows of different shape tell
// them; ok is false where they tell no whole numbers.
func solved(samples []sample) (a, b int64, ok bool) {
	at := func(mission string) int {
		return slices.IndexFunc(samples, func(s sample) bool { return s.Mission == mission })
	}
	thin, crowd := at(corpus.MissionThin), at(corpus.MissionFull)
	if thin < 0 || crowd < 0 {
		return 0, 0, false
	}
	of := func(i int) (f, p, n int64) {
		s := &samples[i]
		return int64(s.Flows), int64(s.Datagrams), int64(s.got.bytes) //nolint:gosec // far below 2^63
	}
	f1, p1, n1 := of(thin)
	f2, p2, n2 := of(crowd)
	det := f1*p2 - f2*p1
	if det == 0 {
		return 0, 0, false
	}
	x, y := n1*p2-n2*p1, f1*n2-f2*n1
	return x / det, y / det, x%det == 0 && y%det == 0
}

const noSample = "no row has all the flows that were sent, so that nothing can be said of its bytes"

// FlowBytes judges that bytes are those of the export datagrams, and tells which headers they include.
func FlowBytes(p flow.Protocol) check.Rule {
	return flowRule(p, noSample, func(c *campaign, t *tally) {
		samples := c.told(p)
		best, n := read(samples)
		for _, s := range samples {
			want := fmt.Sprintf("n_bytes of %s at %s is the bytes of %d datagrams: %d of payload, and their headers", s.Source, clockTime(s.Minute), s.Datagrams, s.Payload)
			switch {
			case n > 0 && best.name == "octets":
				t.fail(s.x, want, fmt.Sprintf("%d, the octets that the flows tell of", s.got.bytes))
			case n > 0 && best.bytes(&s.Sent) != s.got.bytes || n == 0:
				t.fail(s.x, want, fmt.Sprintf("%d%s", s.got.bytes, calibration(c)))
			default:
				t.pass(s.x, want, fmt.Sprintf("%d%s", s.got.bytes, calibration(c)))
			}
		}
	})
}

// calibration tells what the calibration came to.
func calibration(c *campaign) string {
	a, b, ok := solved(c.told(flow.NetFlow5))
	if !ok {
		return ""
	}
	return fmt.Sprintf("; NetFlow v5 counts %d bytes for each flow and %d for each datagram", a, b)
}

// FlowBytesConsistent judges that the bytes of all rows are counted in one way, whichever it is.
func FlowBytesConsistent() check.Rule {
	return flowRule(0, noSample, func(c *campaign, t *tally) {
		samples := c.told(0)
		best, n := read(samples)
		a, b, ok := solved(samples)
		for _, s := range samples {
			expected, how := best.bytes(&s.Sent), best.words(&s.Sent)
			if n == 0 && !ok {
				t.fail(s.x, "n_bytes that some way of counting explains", fmt.Sprintf("miscounted: %d for %d flows in %d datagrams of %d bytes",
					s.got.bytes, s.Flows, s.Datagrams, s.Payload))
				continue
			}
			if n == 0 {
				if s.Protocol != flow.NetFlow5 {
					continue
				}
				expected = uint64(a*int64(s.Flows) + b*int64(s.Datagrams)) //nolint:gosec // small numbers
				how = fmt.Sprintf("%d for each flow and %d for each datagram, as in the calibration", a, b)
			}
			want := fmt.Sprintf("n_bytes of %s at %s is %d: %s", s.Source, clockTime(s.Minute), expected, how)
			if expected != s.got.bytes {
				t.fail(s.x, want, fmt.Sprintf("miscounted: %d, while all flows are there", s.got.bytes))
			} else {
				t.pass(s.x, want, "as promised")
			}
		}
	})
}

// words explain a reading.
func (r *reading) words(s *corpus.Sent) string {
	if r.name == "octets" {
		return "the octets that the flows tell of, as in other rows"
	}
	header := r.v4
	if s.Source.Is6() {
		header = r.v6
	}
	return fmt.Sprintf("payload and %d bytes of headers for each datagram, as in other rows", header)
}

// ByteLevel tells which headers bytes include.
func ByteLevel() check.Rule {
	return flowRule(0, noSample, func(c *campaign, t *tally) {
		samples := c.told(0)
		best, n := read(samples)
		switch {
		case len(samples) == 0:
		case n == 0:
			t.note(samples[0].x, "no known way of counting explains n_bytes"+calibration(c))
		case best.name == "octets":
			t.note(samples[0].x, "n_bytes are the octets that flows tell of")
		default:
			t.answer(samples[0].x, dialect.ByteLevel, best.name)
			if text := calibration(c); text != "" {
				t.note(samples[0].x, strings.TrimPrefix(text, "; "))
			}
		}
	})
}
