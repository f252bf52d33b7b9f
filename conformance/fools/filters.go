package fools

import (
	"net/netip"
	"strings"
)

// filterFools read source_ip wrongly.
func filterFools() []Fool {
	const req, res = "analytics/request/type-", "analytics/response/type-"
	text := func(t, instead string) behaviour {
		return editRequests(t, func(o *object) {
			if s, ok := o.text("source_ip"); ok && s != "" {
				if _, good := address(o); !good {
					o.set("source_ip", instead)
				}
			}
		})
	}
	nothing := func(t string, of func(netip.Addr) bool) behaviour {
		return keepRows(t, func(c *call, _ *object) bool {
			a, ok := address(c.request())
			return !ok || !of(a)
		})
	}
	refused := func(t, why string, of func(netip.Addr) bool) behaviour {
		return refuseRequests(t, func(o *object) string {
			if a, ok := address(o); ok && of(a) {
				return why
			}
			return ""
		})
	}
	forAll := func(o *object) bool { s, ok := o.text("source_ip"); return ok && s == "" }
	return append([]Fool{
		mutant("filter/empty-refused", "analytics/overview/all-sources", "refuses an empty source_ip in every template", editAll(forAll)),
		mutant("filter/a-empty-answers-nothing", req+"a/source-ip/empty", "finds no rows for an empty source_ip in template A", keepRows("A", func(c *call, _ *object) bool {
			return !forAll(c.request())
		})),
		mutant("filter/b-empty-refused", req+"b/source-ip/empty", "refuses an empty source_ip in template B", refuseRequests("B", func(o *object) string {
			if forAll(o) {
				return "source_ip is empty."
			}
			return ""
		})),
		mutant("filter/c-empty-answers-nothing", req+"c/source-ip/empty", "finds no rows for an empty source_ip in template C", keepRows("C", func(c *call, _ *object) bool {
			return !forAll(c.request())
		})),
		mutant("filter/a-word-is-all", req+"a/source-ip", "takes a source_ip that is no address as empty in template A", text("A", "")),
		mutant("filter/b-word-is-all", req+"b/source-ip", "takes a source_ip that is no address as empty in template B", text("B", "")),
		mutant("filter/c-prefix-is-pattern", req+"c/source-ip", "takes a source_ip that is no address as a pattern that matches everything in template C", text("C", "")),
		mutant("filter/a-ipv4-finds-nothing", req+"a/source-ip/ipv4", "finds no rows for an IPv4 address in template A", nothing("A", netip.Addr.Is4)),
		mutant("filter/b-ipv4-refused", req+"b/source-ip/ipv4", "takes only IPv6 addresses in template B", refused("B", "source_ip is not an IPv6 address.", netip.Addr.Is4)),
		mutant("filter/c-ipv4-byte-order", req+"c/source-ip/ipv4", "reads the bytes of an IPv4 address backwards in template C", editRequests("C", backwards)),
		mutant("filter/a-ipv6-finds-nothing", req+"a/source-ip/ipv6", "finds no rows for an IPv6 address in template A", nothing("A", netip.Addr.Is6)),
		mutant("filter/b-ipv6-refused", req+"b/source-ip/ipv6", "takes only IPv4 addresses in template B", refused("B", "source_ip is not an IPv4 address.", netip.Addr.Is6)),
		mutant("filter/c-ipv6-cut", req+"c/source-ip/ipv6", "keeps only the first 64 bits of an IPv6 address in template C", editRequests("C", cutIPv6)),
		mutant("filter/ignored", res+"a/source-filter", "answers template A with all sources, whichever is asked for", everySource("A", func(netip.Addr, netip.Addr) bool { return true })),
		mutant("filter/first-octet", res+"b/source-filter", "compares only the first byte of addresses in template B", everySource("B", func(a, b netip.Addr) bool {
			return a.Is4() == b.Is4() && a.AsSlice()[0] == b.AsSlice()[0]
		})),
		mutant("filter/whole-network", res+"b/source-filter", "finds all sources of the network /24 in template B", everySource("B", func(a, b netip.Addr) bool {
			if !a.Is4() || !b.Is4() {
				return a == b
			}
			x, y := a.As4(), b.As4()
			return [3]byte(x[:3]) == [3]byte(y[:3])
		})),
		mutant("filter/adds-another-source", res+"c/source-filter", "adds a row of another source to template C", strayRow),
	}, spellingFools()...)
}

// editAll refuses requests for which of holds, in every template.
func editAll(of func(*object) bool) behaviour {
	return instead(statistics, func(c *call) *answer {
		if o := c.request(); o != nil && of(o) {
			return badRequest("source_ip is empty.")
		}
		return nil
	})
}

func spellingFools() []Fool {
	id := "analytics/agreement/ipv6-spelling"
	canonical := func(o *object) (netip.Addr, bool) {
		a, ok := address(o)
		s, _ := o.text("source_ip")
		return a, ok && a.Is6() && s == a.String()
	}
	return []Fool{
		mutant("filter/ipv6-compared-as-text", id, "finds an IPv6 source only where it is spelled in the short form", keepRows("", func(c *call, _ *object) bool {
			a, ok := address(c.request())
			_, short := canonical(c.request())
			return !ok || a.Is4() || short
		})),
		mutant("filter/ipv6-upper-case-finds-nothing", id, "finds no IPv6 source that is spelled with capitals", keepRows("", func(c *call, _ *object) bool {
			s, _ := c.request().text("source_ip")
			return strings.ToLower(s) == s
		})),
		mutant("filter/ipv6-expanded-refused", id, "refuses an IPv6 address that is spelled with all its zeros", instead(statistics, func(c *call) *answer {
			o := c.request()
			if o == nil {
				return nil
			}
			if a, ok := address(o); ok && a.Is6() {
				if s, _ := o.text("source_ip"); strings.EqualFold(s, a.StringExpanded()) && s != a.String() {
					return badRequest("source_ip is too long.")
				}
			}
			return nil
		})),
	}
}

func backwards(o *object) {
	if a, ok := address(o); ok && a.Is4() {
		b := a.As4()
		o.set("source_ip", netip.AddrFrom4([4]byte{b[3], b[2], b[1], b[0]}).String())
	}
}

func cutIPv6(o *object) {
	if a, ok := address(o); ok && a.Is6() {
		b := a.As16()
		clear(b[8:])
		o.set("source_ip", netip.AddrFrom16(b).String())
	}
}

// everySource asks for all sources and keeps those that are like the one asked for.
func everySource(t string, like func(asked, row netip.Addr) bool) behaviour {
	return func(within step) step {
		return func(c *call) *answer {
			o := c.request()
			if o == nil || templateOf(o) != t {
				return within(c)
			}
			asked, ok := address(o)
			if !ok {
				return within(c)
			}
			o.set("source_ip", "")
			all := within(c.rewritten(o))
			rows, ok := all.rows()
			if !ok {
				return all
			}
			out := []any{}
			for _, r := range rows {
				if row, isRow := r.(*object); isRow {
					if a, err := netip.ParseAddr(source(row)); err == nil && like(asked, a) {
						out = append(out, row)
					}
				}
			}
			all.body = encode(out)
			return all
		}
	}
}

// strayRow remembers a row of each source that template C has shown, and adds one of another source to those of one.
func strayRow(within step) step {
	seen := []string{}
	return editRows("C", func(c *call, rows []any) []any {
		asked, one := address(c.request())
		for i, r := range rows {
			row, ok := r.(*object)
			if !ok {
				continue
			}
			if !one {
				seen = append(seen, source(row))
				continue
			}
			for _, s := range seen {
				if a, err := netip.ParseAddr(s); err == nil && a != asked && i == len(rows)-1 {
					extra := row.clone()
					extra.set("source_ip", s)
					return append(rows, extra)
				}
			}
		}
		return rows
	})(within)
}
