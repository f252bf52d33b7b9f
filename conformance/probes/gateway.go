package probes

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
)

// FlowSources is the probe of the sibling service, which is asked only where the device lists it.
const FlowSources = "gateway/flow-sources"

func (s *set) gateway() []check.Probe {
	return []check.Probe{{Name: FlowSources, Profile: check.Standard, After: []string{ScoutSources}, Send: s.flowSources}}
}

// flowSources asks for the sources, and for the minutes around that moment: once before, so that no minute which is
// rolled up in between is missed, and once after.
func (s *set) flowSources(ctx context.Context, sn check.Session) error {
	listed := sn.Dry()
	r := s.request("getServices", "services")
	r.Auth = exchange.None
	r.Reply = func(m exchange.Message) { listed = lists(m.Body, "gateway", "1.5") }
	if _, err := sn.Do(ctx, r); err != nil || !listed {
		return err
	}
	// Date may tell another clock than the device's own: minutes of both are asked for, if that is not too many.
	from, to := deviceNow(sn).Truncate(time.Minute), deviceNow(sn).Truncate(time.Minute)
	if skew := sn.Facts().Skew; skew.Abs() <= 3*time.Hour {
		from, to = from.Add(min(0, -skew)), to.Add(max(0, -skew))
	}
	minutes := func(step string) exchange.Request {
		return s.query(sn.Facts(), step, "C", corpus.Epoch("flows_per_minute", from.Add(-10*time.Minute), to.Add(time.Minute), ""))
	}
	ask := func(step string, auth exchange.Auth) exchange.Request {
		return exchange.Request{Step: step, Method: http.MethodGet, Path: corpus.FlowSourcesPath, Auth: auth}
	}
	return sequence(ctx, sn, minutes("before"), ask("sources", exchange.Account), minutes("after"), ask("denied/none", exchange.None), ask("denied/wrong-user", exchange.WrongUser))
}

// lists reports that an answer of services names a version of a service.
func lists(body []byte, id, version string) bool {
	var list []struct {
		ID       string   `json:"id"`
		Versions []string `json:"versions"`
	}
	if json.Unmarshal(body, &list) != nil {
		return false
	}
	for _, l := range list {
		if l.ID == id && slices.Contains(l.Versions, version) {
			return true
		}
	}
	return false
}
