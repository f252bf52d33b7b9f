package fools

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

func indented(text []byte) []byte {
	var out bytes.Buffer
	if json.Indent(&out, text, "", "\t") != nil {
		return text
	}
	return out.Bytes()
}

func compacted(text []byte) []byte {
	var out bytes.Buffer
	if json.Compact(&out, text) != nil {
		return text
	}
	return out.Bytes()
}

// rewriteJSON copies JSON and lets one of two functions write each byte: of a string's inside, or of the rest. Escapes
// are copied as they are.
func rewriteJSON(text []byte, inside, outside func(out *bytes.Buffer, rest []byte) int) []byte {
	var out bytes.Buffer
	quoted := false
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
			out.WriteByte(c)
			i++
		case quoted && c == '\\':
			n := 2
			if bytes.HasPrefix(text[i:], []byte(`\u`)) { // with four digits behind it
				n = 6
			}
			out.Write(text[i : i+n])
			i += n
		case quoted:
			i += inside(&out, text[i:])
		default:
			i += outside(&out, text[i:])
		}
	}
	return out.Bytes()
}

func copied(out *bytes.Buffer, rest []byte) int {
	out.WriteByte(rest[0])
	return 1
}

func spaced(text []byte) []byte {
	return rewriteJSON(compacted(text), copied, func(out *bytes.Buffer, rest []byte) int {
		out.WriteByte(rest[0])
		if rest[0] == ',' || rest[0] == ':' {
			out.WriteByte(' ')
		}
		return 1
	})
}

func escaped(text []byte) []byte {
	return rewriteJSON(text, func(out *bytes.Buffer, rest []byte) int {
		r, n := utf8.DecodeRune(rest)
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(out, `\u%04x`, unit)
		}
		return n
	}, copied)
}

// compressed sends a body in gzip where the client takes it.
func compressed(c *call, a *answer) {
	if len(a.body) == 0 || a.status == http.StatusNoContent || c.req.Method == http.MethodHead || !strings.Contains(c.req.Header.Get("Accept-Encoding"), "gzip") {
		return
	}
	if a.header.Get("Content-Type") == "" {
		a.header.Set("Content-Type", http.DetectContentType(a.body))
	}
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	// A buffer takes everything.
	_, _ = z.Write(a.body)
	_ = z.Close()
	a.body = out.Bytes()
	a.header.Set("Content-Encoding", "gzip")
	a.header.Add("Vary", "Accept-Encoding")
}

// slow answers after a while: two milliseconds, and a quarter of a second at every fiftieth call.
func slow(within step) step {
	calls := 0
	return func(c *call) *answer {
		calls++
		wait := 2 * time.Millisecond
		if calls%50 == 0 {
			wait = 250 * time.Millisecond
		}
		t := time.NewTimer(wait)
		defer t.Stop()
		select {
		case <-t.C:
		case <-c.req.Context().Done():
		}
		return within(c)
	}
}

// dated moves Date, and nothing else. A device that tells none goes on to tell none.
func dated(by time.Duration) func(*call, http.Header) {
	return func(_ *call, h http.Header) {
		if at, err := http.ParseTime(h.Get("Date")); err == nil {
			h.Set("Date", at.Add(by).UTC().Format(http.TimeFormat))
		}
	}
}

// behindTheTime moves everything that tells a time: Date, rows and the start of jobs back, windows ahead. A device
// that tells no Date stays as it is, since nobody could know how late it is.
func behindTheTime(within step) step {
	const late = 2 * time.Hour
	moved := revaluedTimes(-late)
	return func(c *call) *answer {
		a := within(c)
		at, err := http.ParseTime(a.header.Get("Date"))
		if err != nil {
			return a
		}
		if o := c.request(); o != nil && a.ok() && templateOf(o) != "A" {
			shift(o, late)
			a = within(c.rewritten(o))
		}
		a.header.Set("Date", at.Add(-late).UTC().Format(http.TimeFormat))
		a.edit(moved)
		return a
	}
}

// revaluedTimes moves the times of rows and records.
func revaluedTimes(d time.Duration) func(v any) any {
	return func(v any) any {
		walk(v, func(o *object) {
			if t, ok := at(o); ok {
				setTime(o, t.Add(d))
			}
			if n, ok := o.count("timeStamp"); ok && n > 0 {
				setCount(o, "timeStamp", n+int64(d.Seconds()))
			}
		})
		return v
	}
}

// respelled writes the IPv6 addresses of rows in another way.
func respelled(write func(string) string) func(*object) {
	return func(row *object) {
		if a, err := netip.ParseAddr(source(row)); err == nil && a.Is6() {
			row.set("source_ip", write(source(row)))
		}
	}
}

func expanded(s string) string {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return s
	}
	return a.StringExpanded()
}

// oneSource keeps to the first source that it shows, and lists no other.
func oneSource(within step) step {
	only := ""
	rows := keepRows("", func(_ *call, row *object) bool {
		if only == "" {
			only = source(row)
		}
		return source(row) == only
	})
	list := editAnswers(func(c *call) bool { return c.on(sourcesPath) }, func(_ *call, a *answer) {
		a.edit(func(v any) any {
			all, ok := v.([]any)
			if !ok {
				return v
			}
			return slices.DeleteFunc(all, func(s any) bool {
				o, ok := s.(*object)
				addr, _ := o.text("ipaddr")
				return ok && addr != only
			})
		})
	})
	return list(rows(within))
}

// zoned reads the times of template B in a zone east of UTC.
func zoned(hours, minutes int) behaviour {
	return editRequests("B", func(o *object) {
		_, ok1 := edge(o, "start_time")
		_, ok2 := edge(o, "end_time")
		if ok1 && ok2 {
			shift(o, -time.Duration(hours)*time.Hour-time.Duration(minutes)*time.Minute)
		}
	})
}
