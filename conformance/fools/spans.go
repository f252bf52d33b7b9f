package fools

import (
	"net/http"
	"strings"
	"time"
)

// spanFools are right for windows of most lengths and wrong for some.
func spanFools() []Fool {
	const req, fault = "analytics/request/type-", "analytics/errors/no-server-fault"
	crash := func(t string, of func(o *object) bool) behaviour {
		return instead(inTemplate(t), func(c *call) *answer {
			if of(c.request()) {
				return refusal(http.StatusInternalServerError, "INTERNAL_ERROR", "Internal error.")
			}
			return nil
		})
	}
	short := func(o *object) bool { return interval(o) == time.Hour && span(o) > 0 && span(o) < time.Hour }
	return []Fool{
		mutant("span/a-hours-without-seconds", req+"a/interval-type/hours", "refuses the seconds of an hour in template A, though not those of 60 minutes", refuseRequests("A", func(o *object) string {
			if unit, _ := o.text("interval_type"); unit == "hours" && interval(o) == time.Second {
				return "Too many rows."
			}
			return ""
		})),
		mutant("span/a-minutes-without-hours", req+"a/interval-type/minutes", "has no hours within minutes in template A", editRows("A", func(c *call, rows []any) []any {
			if unit, _ := c.request().text("interval_type"); unit == "minutes" && interval(c.request()) == time.Hour {
				return []any{}
			}
			return rows
		})),
		mutant("span/b-short-of-an-hour", req+"b/stats-type/per-hour", "breaks on a window of template B that is shorter than its rows", crash("B", short)),
		mutant("span/c-short-of-an-hour", req+"c/stats-type/per-hour", "breaks on a window of template C that is shorter than its rows", crash("C", short)),
		mutant("span/c-whole-minutes-only", req+"c/start-time", "refuses windows of minutes in template C that do not begin with one", refuseRequests("C", func(o *object) string {
			if t, ok := edge(o, "start_time"); ok && interval(o) == time.Minute && t.Second() != 0 {
				return "start_time must be a whole minute."
			}
			return ""
		})),
		mutant("span/a-overflows", fault, "breaks on a time_interval that is larger than its registers", crash("A", func(o *object) bool {
			n, ok := o.get("time_interval").(interface{ String() string })
			return ok && len(n.String()) > 19
		})),
		mutant("span/a-beside-a-window", fault, "breaks on a request with the keys of two templates", crash("C", func(o *object) bool {
			return o.has("interval_type") && o.has("start_time")
		})),
		mutant("span/a-ipv6-in-small-letters", "analytics/agreement/ipv6-spelling", "finds no IPv6 address with capitals in template A", editRows("A", func(c *call, rows []any) []any {
			if s, _ := c.request().text("source_ip"); strings.Contains(s, ":") && s != strings.ToLower(s) {
				return []any{}
			}
			return rows
		})),
		mutant("span/c-empty-after-a-refusal", "analytics/response/type-c/repeatable", "has no rows for a request of template C that follows a refused one", func(within step) step {
			refused := false
			return func(c *call) *answer {
				a := within(c)
				if c.template() == "C" && a.ok() && refused {
					a = asJSON(http.StatusOK, []any{})
				}
				if c.template() != "" {
					refused = a.status == http.StatusBadRequest
				}
				return a
			}
		}),
		mutant("span/b-broken-after-a-denial", "analytics/response/type-b/repeatable", "breaks on a request of template B that follows a denied one", func(within step) step {
			denied := false
			return func(c *call) *answer {
				a := within(c)
				if c.template() == "B" && a.ok() && denied {
					a = refusal(http.StatusInternalServerError, "INTERNAL_ERROR", "Internal error.")
				}
				denied = a.status == http.StatusUnauthorized
				return a
			}
		}),
		mutant("span/hours-left-out", "analytics/agreement/minutes-with-hours", "has no row for every fourth hour", keepRows("", func(c *call, row *object) bool {
			t, ok := at(row)
			return !ok || interval(c.request()) != time.Hour || t.Hour()%4 != 3
		})),
		mutant("span/ipv6-hours-twice", "analytics/agreement/minutes-with-hours", "counts the flows of IPv6 sources twice in hours", ofInterval(time.Hour, func(row *object) {
			if strings.Contains(source(row), ":") {
				double("n_flows")(row)
			}
		})),
		mutant("span/c-hangs-up-on-null", req+"c/start-time", "hangs up on a start_time of null in template C", func(within step) step {
			return func(c *call) *answer {
				if o := c.request(); o != nil && o.has("start_time") && o.get("start_time") == nil {
					panic(http.ErrAbortHandler)
				}
				return within(c)
			}
		}),
	}
}
