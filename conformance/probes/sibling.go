package probes

import (
	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
)

// The probes of an operation of a further document; see SiblingProbe.
const (
	Asked   = "asked"  // the request as the document has it
	Denied  = "denied" // the same without good credentials
	Wrong   = "wrong"  // what the document does not admit
	Foreign = "method" // a method that the document does not give the path
)

// SiblingProbe names a probe of an operation of a further document.
func SiblingProbe(s *corpus.Sibling, name string) string { return s.ID + "/" + name }

// Siblings lists the probes of operations of further documents. What a method other than GET and HEAD would do nobody here
// knows: it is sent without good credentials only, without a body, and only where everything may be destroyed.
func Siblings(list []corpus.Sibling) []check.Probe {
	var out []check.Probe
	for i := range list {
		s := &list[i]
		add := func(name string, h check.Hazard, p check.Profile, after string, requests ...exchange.Request) {
			out = append(out, check.Probe{
				Name: SiblingProbe(s, name), Hazard: h, Profile: p, After: []string{after},
				Send: send(func(check.Session) []exchange.Request { return requests }),
			})
		}
		stranger, hazard := s.Good, check.Observe
		if !s.Reads {
			stranger.Body, hazard = nil, check.Destroy
		}
		if s.Asked() {
			add(Asked, check.Observe, check.Quick, ScoutCommon, siblingRequest(s, Asked, s.Good, exchange.Account))
		}
		if !s.Op.Open {
			add(Denied, hazard, check.Quick, ScoutCommon,
				siblingRequest(s, "denied/none", stranger, exchange.None), siblingRequest(s, "denied/wrong-user", stranger, exchange.WrongUser))
		}
		if len(s.Wrong) > 0 {
			var requests []exchange.Request
			for _, c := range s.Wrong {
				requests = append(requests, siblingRequest(s, Wrong+"/"+c.Name, c.SiblingRequest, exchange.Account))
			}
			add(Wrong, check.Observe, check.Standard, SiblingProbe(s, Asked), requests...)
		}
		if s.Method != "" {
			r := siblingRequest(s, Foreign, s.Good, exchange.Account)
			r.Method, r.Body = s.Method, nil
			add(Foreign, check.Mutate, check.Standard, ScoutCommon, r)
		}
	}
	return out
}

func siblingRequest(s *corpus.Sibling, step string, q corpus.SiblingRequest, auth exchange.Auth) exchange.Request {
	return exchange.Request{Step: step, Method: s.Op.Method, Path: q.Path, Body: q.Body, Auth: auth}
}
