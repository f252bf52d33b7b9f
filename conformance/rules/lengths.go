package rules

import (
	"fmt"
	"strings"

	"github.com/flowgate-dev/flowgate/conformance/check"
)

// SameLength judges that template A answers a window in a unit as it answers the same window in another one.
func SameLength(probe, unit string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, x := range e.Of(probe) {
			window, said, _ := strings.Cut(x.Step, " ")
			if said != unit || !x.Answered() {
				continue
			}
			for _, y := range e.Of(probe) {
				other, _, _ := strings.Cut(y.Step, " ")
				if other != window || y.ID == x.ID || !y.OK() {
					continue
				}
				want := fmt.Sprintf("the window in %s is answered as it is in %s, %s", unit, strings.TrimPrefix(y.Step, window+" "), y.ID)
				if !x.OK() {
					t.fail(&x, want, brief(&x))
					break
				}
				a, b := step(e, probe, x.Step), step(e, probe, y.Step)
				if a == nil || b == nil {
					continue
				}
				if got := departs(e, a, b, both(inner(e, a), inner(e, b))); got != "" {
					t.fail(&x, want, got)
				} else {
					t.pass(&x, want, "as promised")
				}
			}
		}
		return t.judgement("no such window was answered in two units")
	}
}

// UnevenWindow judges that a window of minutes need not begin or end with one.
func UnevenWindow(probe string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		const want = "a window whose edges are no whole minutes is answered"
		for _, x := range stepsOf(e, probe, "uneven minutes") {
			if x.OK() {
				t.pass(&x, want, brief(&x))
			} else if x.Answered() {
				t.fail(&x, want, brief(&x))
			}
		}
		return t.judgement("the request was not sent")
	}
}

// ShortWindow judges that a window shorter than a row is no internal error. Whether it is answered or refused is not
// said.
func ShortWindow(probe string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, x := range e.Of(probe) {
			if want := "no internal error"; x.Answered() && x.Response.Status >= 500 && x.Step != "uneven minutes" {
				t.fail(&x, want, brief(&x)+" to a window "+strings.ReplaceAll(x.Step, "no length", "of no length"))
			} else if x.Answered() {
				t.pass(&x, want, brief(&x))
			}
		}
		return t.judgement("the request was not sent")
	}
}
