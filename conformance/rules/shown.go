package rules

import (
	"net/http"
	"strings"

	"github.com/flowgate-dev/flowgate/conformance/check"
)

// ShownWrongly judges that headers in which no session or token of the device stands open nothing, and that no such
// header is an internal error, also where a good one stands beside.
func ShownWrongly(probe, what string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, x := range steps(e, probe, "denied") {
			if x.Response.Status == http.StatusNotFound {
				continue // the resource is not there
			}
			_, name, _ := strings.Cut(x.Step, "/")
			name, _, _ = strings.Cut(name, "/")
			keptOut(&t, &x, "401 to "+what+": "+name)
		}
		for _, x := range steps(e, probe, "either") {
			if want := "no internal error"; x.Response.Status >= 500 {
				t.fail(&x, want, brief(&x)+" to "+x.Step)
			} else {
				t.pass(&x, want, brief(&x))
			}
		}
		return t.judgement("the device offers none of the resources")
	}
}
