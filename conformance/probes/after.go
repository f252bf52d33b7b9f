package probes

import (
	"time"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
	"github.com/flowgate-dev/flowgate/openapi/catalogue"
)

// AfterRefusal names the probe that asks a template the same before and after requests that are refused and denied.
func AfterRefusal(t catalogue.Template) string { return "stats/" + t.Slug + "/after-refusal" }

// afterRefusals are these probes, of templates B and C: the window of A moves with the clock.
func (s *set) afterRefusals() []check.Probe {
	var out []check.Probe
	for _, t := range catalogue.Templates() {
		if t.Name == "A" {
			continue
		}
		out = append(out, check.Probe{Name: AfterRefusal(t), Profile: check.Standard, After: []string{ScoutZone}, Send: send(func(sn check.Session) []exchange.Request {
			f := sn.Facts()
			end := closed(sn, time.Hour).Add(-time.Hour)
			ask := func(step, stats string, auth exchange.Auth) exchange.Request {
				r := s.query(f, step, t.Name, s.window(sn, t.Name, stats, end.Add(-20*time.Minute), end, one(f)))
				r.Auth = auth
				return r
			}
			good := func(step string) exchange.Request { return ask(step, "flows_per_minute", exchange.Account) }
			return []exchange.Request{
				good("before"), ask("refused", "flows_per_fortnight", exchange.Account), good("after refused"),
				ask("denied", "flows_per_minute", exchange.None), good("after denied"),
			}
		})})
	}
	return out
}
