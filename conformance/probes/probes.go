// Package probes sends: it holds every probe of the suite and judges nothing. Names say what is sent; the rules find
// the recorded exchanges by them.
package probes

import (
	"context"
	"slices"
	"time"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
	"github.com/flowgate-dev/flowgate/openapi"
)

// set builds probes against the operations of one document.
type set struct {
	doc *openapi.Document
}

// All lists every probe, in the order in which they run.
func All(doc *openapi.Document) []check.Probe {
	s := &set{doc}
	return slices.Concat(
		s.scouts(), s.statistics(), s.agreement(), s.negatives(), s.access(), s.methods(), s.status(), s.logins(), s.gateway(),
		s.flows(), s.backups(), s.farBackups(), s.restores(), s.farRestores(), s.patient(),
	)
}

// request starts a request to an operation.
func (s *set) request(operation, step string) exchange.Request {
	op := s.doc.Operation(operation)
	return exchange.Request{Step: step, Method: op.Method, Path: op.Path, Operation: operation}
}

// query is a request of import_stats in the form that the device takes.
func (s *set) query(f *check.Facts, step, variant string, body corpus.Body) exchange.Request {
	r := s.request(corpus.ImportStats, step)
	r.Variant, r.Body = variant, []byte(body.Wrap(f.Array))
	return r
}

// send is a probe that sends one request after the other.
func send(build func(s check.Session) []exchange.Request) func(context.Context, check.Session) error {
	return func(ctx context.Context, s check.Session) error {
		return sequence(ctx, s, build(s)...)
	}
}

// sequence sends requests one after the other.
func sequence(ctx context.Context, sn check.Session, list ...exchange.Request) error {
	for _, r := range list {
		if _, err := sn.Do(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// deviceNow is the device's clock, as far as it is known.
func deviceNow(s check.Session) time.Time { return s.Now().Add(s.Facts().Skew).UTC() }

// closed is the end of the last interval that has certainly been rolled up.
func closed(s check.Session, step time.Duration) time.Time {
	grace := 2 * time.Minute
	if step >= time.Hour {
		grace = 10 * time.Minute
	}
	return deviceNow(s).Add(-grace).Truncate(max(step, time.Minute))
}

// one is the busiest source, or "" where none is known.
func one(f *check.Facts) string {
	if len(f.Sources) == 0 {
		return ""
	}
	return f.Sources[0]
}

// Granularities of stats_type, with the window that is asked for at each.
var granularities = []struct {
	Word, Stats, Unit string
	Step, Window      time.Duration
	N                 int // the same window as a count of Unit
}{
	{"second", "flows_per_second", "seconds", time.Second, 3 * time.Minute, 180},
	{"minute", "flows_per_minute", "minutes", time.Minute, 2 * time.Hour, 120},
	{"hour", "flows_per_hour", "hours", time.Hour, 6 * time.Hour, 6},
}

// get is a plain GET of an operation.
func (s *set) get(operation string) func(check.Session) []exchange.Request {
	return func(check.Session) []exchange.Request { return []exchange.Request{s.request(operation, "")} }
}

// unlisted is a request to a path that is no operation of the document.
func unlisted(method, path string) exchange.Request {
	return exchange.Request{Method: method, Path: path}
}
