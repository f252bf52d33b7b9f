package fools

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/flowgate-dev/flowgate/conformance/verdict"
)

// odd is an eccentric: a device that is odd, and lawful by both documents.
func odd(name, about string, b behaviour) Fool {
	return Fool{Name: "eccentric/" + name, Kind: Eccentric, Expect: verdict.Noted, About: about, Wrap: b.wrap}
}

// eccentrics are the odd devices. What a wrapper cannot know is left out: rows of zeros for silent intervals (which
// sources are there?), an unreachable host that is refused at once (which are reachable?), a window in the future that
// is refused. Those are answers that the appliance within has to give.
func eccentrics() []Fool {
	return slices.Concat(oddTexts(), oddTransport(), oddRows(), oddKeeping(), oddErrors(), oddJobs(), oddBefore(), oddRequests(), oddTargets(), oddLogins(), oddSiblings())
}

// everything matches every call.
func everything(*call) bool { return true }

// retyped rewrites the text of every JSON body.
func retyped(rewrite func(text []byte) []byte) behaviour {
	return editAnswers(everything, func(_ *call, a *answer) {
		if _, err := decode(a.body); err == nil {
			a.body = rewrite(a.body)
		}
	})
}

// revalued changes the objects of every JSON body.
func revalued(edit func(o *object)) behaviour {
	return editAnswers(everything, func(_ *call, a *answer) {
		a.edit(func(v any) any {
			walk(v, edit)
			return v
		})
	})
}

func reheaded(edit func(c *call, h http.Header)) behaviour {
	return editAnswers(everything, func(c *call, a *answer) { edit(c, a.header) })
}

// oddTexts write the same JSON in other ways.
func oddTexts() []Fool {
	more := func(o *object) {
		o.set("flowgate_extra", newObject("of", []any{"no", json.Number("1"), "document"}))
	}
	return []Fool{
		odd("extra-keys-in-rows", "has keys in its rows that no document knows", editEach("", more)),
		odd("extra-keys-in-status", "has keys in its status that no document knows", func(within step) step {
			return editRestore(more)(editLast(more)(editRunning(more)(within)))
		}),
		odd("extra-keys-in-errors", "has keys in its errors that no document knows", onErrors(more)),
		odd("keys-in-other-order", "writes the keys of every object backwards", revalued(func(o *object) {
			slices.Reverse(o.keys)
		})),
		odd("json-indented", "indents its JSON", retyped(indented)),
		odd("json-compact", "writes JSON without blanks", retyped(compacted)),
		odd("json-spaced", "writes JSON with a blank after each colon and comma", retyped(spaced)),
		odd("json-padded", "has blank lines before and after its JSON", retyped(func(text []byte) []byte {
			return slices.Concat([]byte("\r\n\t "), text, []byte("\r\n\r\n"))
		})),
		odd("json-escaped", "writes the characters of texts as numbers", retyped(escaped)),
		odd("numbers-with-point", "writes whole numbers in rows with .0", editEach("", renumbered(func(n json.Number) json.Number { return n + ".0" }))),
		odd("numbers-as-powers", "writes whole numbers in rows as powers of ten", editEach("", renumbered(powered))),
	}
}

// onErrors changes the objects of errors on the paths of both documents.
func onErrors(edit func(e *object)) behaviour {
	return editAnswers(func(c *call) bool { return c.on(statsPath, backupPath, restorePath) }, func(_ *call, a *answer) {
		if a.status >= 400 {
			a.editObject(edit)
		}
	})
}

// renumbered rewrites the whole numbers of a row.
func renumbered(write func(json.Number) json.Number) func(*object) {
	return func(row *object) {
		for _, k := range counts() {
			if n, ok := row.get(k).(json.Number); ok && digits(n.String()) {
				row.set(k, write(n))
			}
		}
	}
}

// powered writes 8448 as 8.448e3.
func powered(n json.Number) json.Number {
	s := n.String()
	if len(s) < 2 || s[0] == '0' {
		return n
	}
	return json.Number(s[:1]+"."+s[1:]+"e") + number(int64(len(s)-1))
}

// oddTransport send the same answers in other ways.
func oddTransport() []Fool {
	media := func(to string) behaviour {
		return editAnswers(everything, func(_ *call, a *answer) {
			if strings.HasPrefix(a.header.Get("Content-Type"), "application/json") {
				a.header.Set("Content-Type", to)
			}
		})
	}
	return []Fool{
		odd("charset-in-media-type", "says charset=UTF-8 in its Content-Type", media("application/json; charset=UTF-8")),
		odd("media-type-in-capitals", "writes its Content-Type with capitals", media("Application/JSON")),
		odd("chunked", "sends every body in chunks, without its length", editAnswers(everything, func(_ *call, a *answer) { a.chunked = true })),
		odd("compressed", "compresses bodies for clients that accept it", editAnswers(everything, compressed)),
		odd("connection-closed", "closes the connection after each answer", reheaded(func(_ *call, h http.Header) { h.Set("Connection", "close") })),
		odd("slow-at-times", "takes a while for an answer now and then", slow),
		odd("without-date", "sends no Date", reheaded(func(_ *call, h http.Header) { h["Date"] = nil })),
		odd("clock-two-hours-behind", "has a clock that is two hours behind, and tells so in Date", behindTheTime),
		odd("date-an-hour-ahead", "stands behind a proxy whose clock, and Date, is an hour ahead", reheaded(dated(time.Hour))),
		odd("date-an-hour-behind", "stands behind a proxy whose clock, and Date, is an hour behind", reheaded(dated(-time.Hour))),
		odd("more-headers", "sends headers that nobody asked for", reheaded(func(_ *call, h http.Header) {
			h.Set("Server", "Apache")
			h.Set("Cache-Control", "no-store, no-cache, must-revalidate")
			h.Set("Pragma", "no-cache")
			h.Set("Etag", `W/"flowgate"`)
			h.Set("Strict-Transport-Security", "max-age=31536000")
			h.Add("Set-Cookie", "SESSID=0f0e; Path=/; HttpOnly; Secure")
		})),
		odd("without-challenge", "sends no WWW-Authenticate", reheaded(func(_ *call, h http.Header) { h.Del("WWW-Authenticate") })),
		odd("many-challenges", "offers several ways to authenticate in WWW-Authenticate", editAnswers(everything, func(_ *call, a *answer) {
			if a.status == http.StatusUnauthorized {
				a.header["Www-Authenticate"] = []string{`Basic realm="flow, gateway"`, `Bearer realm="flowgateway"`}
			}
		})),
		odd("head-answered", "answers HEAD like GET, without the body", func(within step) step {
			return func(c *call) *answer {
				if c.req.Method != http.MethodHead || !c.on(statsPath, backupPath, restorePath) {
					return within(c)
				}
				return within(c.as(http.MethodGet))
			}
		}),
		odd("options-answered", "tells its methods to OPTIONS", instead(func(c *call) bool {
			return c.req.Method == http.MethodOptions && c.on(statsPath, backupPath, restorePath)
		}, func(*call) *answer {
			a := noContent()
			a.header.Set("Allow", "GET, HEAD, POST, OPTIONS")
			return a
		})),
		odd("allow-named", "names the methods of a resource in Allow", editAnswers(everything, func(_ *call, a *answer) {
			if a.status == http.StatusMethodNotAllowed {
				a.header.Set("Allow", "GET")
			}
		})),
		odd("without-common-api", "does not have the resources of the Common API", func(within step) step {
			return func(c *call) *answer {
				if strings.HasPrefix(c.req.URL.Path, "/api/common/") {
					return text(http.StatusNotFound, "text/html", "<h1>Not Found</h1>")
				}
				return within(c)
			}
		}),
	}
}

// oddRows tell statistics in other lawful ways.
func oddRows() []Fool {
	return []Fool{
		odd("rows-newest-first", "lists rows backwards", editRows("", func(_ *call, rows []any) []any {
			slices.Reverse(rows)
			return rows
		})),
		odd("rows-by-source", "lists rows by source, the last source first", editRows("", func(_ *call, rows []any) []any {
			slices.SortStableFunc(rows, func(a, b any) int {
				x, _ := a.(*object)
				y, _ := b.(*object)
				return strings.Compare(source(y), source(x))
			})
			return rows
		})),
		odd("ipv6-in-capitals", "writes IPv6 addresses with capitals", editEach("", respelled(strings.ToUpper))),
		odd("ipv6-expanded", "writes IPv6 addresses with all their zeros", editEach("", respelled(expanded))),
		odd("peaks-are-totals", "knows nothing finer than its rows, so that each peak is the total", editEach("", func(row *object) {
			for _, k := range []string{"n_flows", "n_bytes", "n_packets"} {
				if n, ok := row.count(k); ok && row.has("peak_"+k) {
					setCount(row, "peak_"+k, n)
				}
			}
		})),
		odd("no-peaks-in-seconds", "knows nothing finer than a second, so that the peaks of seconds are zero", ofInterval(time.Second, func(row *object) {
			for _, k := range peaks() {
				setCount(row, k, 0)
			}
		})),
		odd("without-traffic", "has seen no traffic at all", editRows("", func(*call, []any) []any { return []any{} })),
		odd("one-source", "has seen traffic of one source only", oneSource),
		odd("silent-intervals-omitted", "has no rows of zeros", keepRows("", func(_ *call, row *object) bool {
			for _, k := range []string{"n_flows", "n_bytes", "n_packets"} {
				if n, ok := row.count(k); !ok || n != 0 {
					return true
				}
			}
			return false
		})),
		odd("template-b-in-india", "takes the times of template B in the zone +05:30", zoned(5, 30)),
		odd("template-b-in-california", "takes the times of template B in the zone -08:00", zoned(-8, 0)),
		odd("month-of-thirty-days", "counts thirty days for a month", editRequests("A", func(o *object) {
			n, ok := o.get("time_interval").(json.Number)
			if unit, _ := o.text("interval_type"); unit == "months" && ok && digits(n.String()) && len(n) < 6 {
				months, _ := n.Int64()
				o.set("interval_type", "days")
				o.set("time_interval", number(30*months))
			}
		})),
	}
}

// oddErrors tell errors in other lawful ways.
func oddErrors() []Fool {
	jobs := func(c *call) bool { return c.on(backupPath, restorePath) }
	wrongMethod := func(a *answer) behaviour {
		return editAnswers(jobs, func(_ *call, got *answer) {
			if got.status == http.StatusMethodNotAllowed {
				got.status, got.header, got.body = a.status, a.header.Clone(), a.body
			}
		})
	}
	malformed := func(id string) behaviour {
		return editAnswers(everything, func(c *call, a *answer) {
			if given := c.credentials(); given.present && !given.readable && a.status == http.StatusUnauthorized {
				a.editObject(func(e *object) { e.set("error_id", id) })
			}
		})
	}
	return []Fool{
		odd("error-info-object", "says more in error_info", onErrors(fixed("error_info", newObject("pointer", "/0/stats_type", "reasons", []any{"one", json.Number("2")})))),
		odd("error-info-null", "has null for error_info", onErrors(fixed("error_info", nil))),
		odd("error-info-absent", "never sends error_info", onErrors(without("error_info"))),
		odd("error-info-text", "has a text for error_info", onErrors(fixed("error_info", "See the manual."))),
		odd("error-text-long", "explains errors at length", onErrors(func(e *object) {
			s, _ := e.text("error_text")
			e.set("error_text", s+strings.Repeat(" Please read the manual, \"chapter 7\", \\ and try again.\n", 60))
		})),
		odd("error-text-in-greek", "explains errors in another language", onErrors(fixed("error_text", "Μη έγκυρο όρισμα — 引数が無効です"))),
		odd("unknown-path-page", "answers paths that it does not know with a page", editAnswers(func(c *call) bool {
			return !c.on(statsPath, backupPath, restorePath)
		}, func(_ *call, a *answer) {
			if a.status == http.StatusNotFound {
				a.header.Set("Content-Type", "text/html")
				a.body = []byte("<html><head><title>404 Not Found</title></head><body><h1>Not Found</h1></body></html>")
			}
		})),
		odd("wrong-method-not-found", "answers wrong methods of backup and restore with a page", wrongMethod(text(http.StatusNotFound, "text/html", "<h1>Not Found</h1>"))),
		odd("wrong-method-bad-request", "answers wrong methods of backup and restore with BAD_REQUEST", wrongMethod(badRequest("The method is not valid."))),
		odd("malformed-authorization-required", "asks for credentials where it cannot read the Authorization header", malformed("AUTH_REQUIRED")),
		odd("malformed-authorization-invalid", "finds credentials invalid where it cannot read the Authorization header", malformed("AUTH_INVALID_CREDENTIALS")),
		odd("method-before-authentication", "looks at the method of import_stats before the credentials", editAnswers(func(c *call) bool {
			return c.on(statsPath) && !slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodOptions}, c.req.Method)
		}, func(_ *call, a *answer) {
			if a.status == http.StatusUnauthorized {
				*a = *refusal(http.StatusMethodNotAllowed, "HTTP_INVALID_METHOD", "Requested method is not available for this resource.")
			}
		})),
	}
}
