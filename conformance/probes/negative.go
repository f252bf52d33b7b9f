package probes

import (
	"context"
	"strings"
	"time"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
	"github.com/flowgate-dev/flowgate/openapi/catalogue"
)

// twin is the positive request that the negative cases of a template differ from in one thing.
func (s *set) twin(sn check.Session, template string) corpus.Body {
	if template == "A" {
		return corpus.Last("flows_per_hour", "hours", 6, "")
	}
	end := closed(sn, time.Hour)
	return s.window(sn, template, "flows_per_hour", end.Add(-6*time.Hour), end, "")
}

// TwinOf names the probe that sends the positive twin of a template's negative cases.
func TwinOf(template string) string { return "negative/twin/type-" + strings.ToLower(template) }

// NegativeOf names the probe of a negative case.
func NegativeOf(c *corpus.Case) string { return "negative/" + c.ID }

// negatives are the negative cases of import_stats, after their twins.
func (s *set) negatives() []check.Probe {
	var out []check.Probe
	for _, t := range catalogue.Templates() {
		out = append(out, check.Probe{Name: TwinOf(t.Name), After: []string{ScoutZone}, Send: send(func(sn check.Session) []exchange.Request {
			return []exchange.Request{s.query(sn.Facts(), "", t.Name, s.twin(sn, t.Name))}
		})})
	}
	for _, c := range corpus.Negative() {
		p := check.Probe{Name: NegativeOf(&c), Profile: check.Standard, After: []string{TwinOf(c.Template)}}
		p.Send = func(ctx context.Context, sn check.Session) error {
			r := s.request(corpus.ImportStats, "")
			r.Variant, r.ContentType = c.Template, c.ContentType
			r.Body = c.Render(s.twin(sn, c.Template), sn.Facts().Array)
			x, err := sn.Do(ctx, r)
			if err != nil || x.Answered() || sn.Dry() {
				return err
			}
			// Once may be the network's doing.
			_, err = sn.Do(ctx, r)
			return err
		}
		out = append(out, p)
	}
	return out
}
