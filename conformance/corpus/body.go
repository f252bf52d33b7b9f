// Package corpus holds the requests of the suite as data: bodies that keep the order of their keys, and the negative
// cases, each of which differs from its positive twin in exactly one thing. Probes send them; rules judge the answers.
package corpus

import (
	"strconv"
	"strings"
	"time"
)

// Field is one key of a JSON object with its value as JSON text.
type Field struct {
	Key, Raw string
}

// Body is a JSON object that keeps the order of its keys.
type Body []Field

// Set returns a copy in which key has the value raw; an absent key is appended.
func (b Body) Set(key, raw string) Body {
	out := append(Body(nil), b...)
	for i := range out {
		if out[i].Key == key {
			out[i].Raw = raw
			return out
		}
	}
	return append(out, Field{key, raw})
}

// Drop returns a copy without key.
func (b Body) Drop(key string) Body {
	var out Body
	for _, f := range b {
		if f.Key != key {
			out = append(out, f)
		}
	}
	return out
}

// JSON renders the object.
func (b Body) JSON() string {
	var s strings.Builder
	s.WriteByte('{')
	for i, f := range b {
		if i > 0 {
			s.WriteString(", ")
		}
		s.WriteString(strconv.Quote(f.Key) + ": " + f.Raw)
	}
	s.WriteByte('}')
	return s.String()
}

// Wrap renders the object, inside an array where the device wants one.
func (b Body) Wrap(array bool) string {
	if array {
		return "[" + b.JSON() + "]"
	}
	return b.JSON()
}

// LocalForm is the time format of template B (analytics, Template Type B, start_time).
const LocalForm = "02/01/2006 15:04:05"

// Last is the request of template A.
func Last(stats, unit string, n int, source string) Body {
	return Body{
		{"stats_type", strconv.Quote(stats)},
		{"interval_type", strconv.Quote(unit)},
		{"time_interval", strconv.Itoa(n)},
		{"source_ip", strconv.Quote(source)},
	}
}

// Text is the request of template B; the times are written as of the zone east of UTC.
func Text(stats string, start, end time.Time, zone time.Duration, source string) Body {
	at := func(t time.Time) string { return strconv.Quote(t.UTC().Add(zone).Format(LocalForm)) }
	return Body{
		{"stats_type", strconv.Quote(stats)}, {"start_time", at(start)}, {"end_time", at(end)}, {"source_ip", strconv.Quote(source)},
	}
}

// Epoch is the request of template C.
func Epoch(stats string, start, end time.Time, source string) Body {
	at := func(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }
	return Body{
		{"stats_type", strconv.Quote(stats)}, {"start_time", at(start)}, {"end_time", at(end)}, {"source_ip", strconv.Quote(source)},
	}
}

// Job is the request of a backup or restore.
type Job struct {
	Hostname, Username, Password, Path, Secret string
	NoCert                                     string // restore only; "" leaves it out
}

// Body renders the job; empty fields other than hostname and security_pwd are left out.
func (j Job) Body() Body {
	b := Body{{"hostname", strconv.Quote(j.Hostname)}}
	for _, f := range []struct{ key, value string }{{"username", j.Username}, {"password", j.Password}, {"path", j.Path}} {
		if f.value != "" {
			b = append(b, Field{f.key, strconv.Quote(f.value)})
		}
	}
	b = append(b, Field{"security_pwd", strconv.Quote(j.Secret)})
	if j.NoCert != "" {
		b = append(b, Field{"no_cert", strconv.Quote(j.NoCert)})
	}
	return b
}
