package rules

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
	"github.com/flowgate-dev/flowgate/openapi"
)

const noSibling = "no request of this kind was answered"

// ofSibling lists what was answered to requests of an operation: those of its probes, and in recordings of other clients
// those of its method and path.
func ofSibling(e *check.Evidence, s *corpus.Sibling) []exchange.Exchange {
	return e.Where(func(x *exchange.Exchange) bool {
		return x.Answered() && (strings.HasPrefix(x.Probe, s.ID+"/") || x.Probe == "" && x.Request.Method == s.Op.Method && openapi.Fills(s.Op.Path, pathOf(x)))
	})
}

func pathOf(x *exchange.Exchange) string {
	u, err := url.Parse(x.Request.URL)
	if err != nil {
		return ""
	}
	return u.Path
}

// SiblingClaimed reports whether a device claims to offer the service of an operation: it lists it, or it lists nothing.
func SiblingClaimed(e *check.Evidence, op *openapi.Operation) bool {
	id, version := openapi.Service(op.Path)
	return e.Claims == nil || id == "" || slices.Contains(e.Claims, id+"/"+version)
}

// SiblingOffered reports that some request to an operation was answered as only a device does that has it. Many refuse
// strangers before they look for what is asked.
func SiblingOffered(e *check.Evidence, s *corpus.Sibling) bool {
	return slices.ContainsFunc(ofSibling(e, s), func(x exchange.Exchange) bool {
		return x.OK() || x.Auth == exchange.Account && x.Request.Method == s.Op.Method && x.Response.Status != http.StatusNotFound
	})
}

// wellMeant reports a request that a device should answer: that of a probe, or of another client with some success.
func wellMeant(x *exchange.Exchange, asked string) bool {
	return x.Auth == exchange.Account && (x.Probe == asked || x.Probe == "" && x.OK())
}

// SiblingStatus judges that a request as the document has it, sent by the probe asked, has a success that the document
// lists. Where a value was made up or stands for something that the device need not have, no success is no fault.
func SiblingStatus(s *corpus.Sibling, asked string) check.Rule {
	want := "one of " + listSuccesses(s.Op)
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, x := range ofSibling(e, s) {
			if !wellMeant(&x, asked) {
				continue
			}
			_, known := s.Op.Success(x.Response.Status)
			switch status := x.Response.Status; {
			case known:
				t.pass(&x, want, brief(&x))
			case status == http.StatusUnauthorized, status == http.StatusForbidden:
				t.note(&x, brief(&x)+": the account may not")
			case status/100 == 4 && s.Guessed:
				t.note(&x, brief(&x)+": the device need not know the values that were asked for")
			default:
				t.fail(&x, want, brief(&x))
			}
		}
		return t.judgement(noSibling)
	}
}

func listSuccesses(op *openapi.Operation) string {
	var out []string
	for _, a := range op.Answers {
		if a.Status[0] <= '3' || a.Status == "default" {
			out = append(out, a.Status)
		}
	}
	return strings.Join(out, ", ")
}

// elsewhere are the statuses of errors that the Common API has for every service: what a further document says of them is
// never all.
var elsewhere = []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusMethodNotAllowed}

// SiblingShape judges the body of every answer whose status the document gives a JSON body.
func SiblingShape(s *corpus.Sibling) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, x := range ofSibling(e, s) {
			said, ok := s.Op.Answer(x.Response.Status)
			bodiless := x.Request.Method != s.Op.Method || s.Op.Method == http.MethodHead
			if !ok || said.Schema == nil || bodiless || !complete(&x) || slices.Contains(elsewhere, x.Response.Status) {
				continue
			}
			want := "the documented body of " + said.Status
			details := said.Schema.ValidateJSON(x.Response.Body)
			if len(details) == 0 {
				t.pass(&x, want, brief(&x))
				continue
			}
			var got []string
			for _, d := range details[:min(3, len(details))] {
				got = append(got, d.String())
			}
			t.fail(&x, want, brief(&x)+" with a body of which "+strings.Join(got, "; "))
		}
		return t.judgement("no answer came of which the further document shows a JSON body")
	}
}

// SiblingRefused judges that what the document does not admit, sent by the probe wrong, is a client's mistake; it is sent
// beside a good request, sent by the probe asked, without whose success it says nothing.
func SiblingRefused(s *corpus.Sibling, kind, asked, wrong string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		if good := first(e, asked, "asked"); good == nil || !good.OK() {
			return t.judgement("the request as the further document has it was not answered with success, so that others tell nothing")
		}
		for _, c := range s.Cases(kind) {
			for _, x := range e.Of(wrong) {
				if x.Step != "wrong/"+c.Name || !x.Answered() {
					continue
				}
				switch want := "400, since " + c.What; {
				case x.Response.Status == http.StatusBadRequest:
					t.pass(&x, want, brief(&x))
				case x.Response.Status/100 == 4:
					t.note(&x, brief(&x)+", where "+c.What)
				default:
					t.fail(&x, want, brief(&x))
				}
			}
		}
		return t.judgement(noSibling)
	}
}

// SiblingMethod judges a method that the document does not give the path.
func SiblingMethod(s *corpus.Sibling, probe string) check.Rule {
	want := fmt.Sprintf("405 to %s", s.Method)
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, x := range e.Of(probe) {
			switch status := x.Response.Status; {
			case status == http.StatusMethodNotAllowed:
				t.pass(&x, want, brief(&x))
			case status/100 == 4, status == http.StatusNotImplemented:
				t.note(&x, brief(&x)+" to "+s.Method)
			case x.Answered():
				t.fail(&x, want, brief(&x))
			}
		}
		return t.judgement(noSibling)
	}
}

// SiblingSteady judges that nothing that was sent to an operation is answered as an internal error, a method that no
// device needs to know excepted.
func SiblingSteady(s *corpus.Sibling) check.Rule {
	const want = "no internal error"
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, x := range ofSibling(e, s) {
			switch status := x.Response.Status; {
			case status == http.StatusNotImplemented, status == http.StatusServiceUnavailable:
				t.note(&x, brief(&x))
			case status >= 500:
				t.fail(&x, want, brief(&x))
			default:
				t.pass(&x, want, brief(&x))
			}
		}
		return t.judgement(noSibling)
	}
}
