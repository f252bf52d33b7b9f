package rules

import (
	"strings"

	"github.com/flowgate-dev/flowgate/conformance/check"
)

// AfterRefusal judges that a request is answered the same after another one was refused or denied.
func AfterRefusal(probe string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		before := step(e, probe, "before")
		if before == nil {
			return t.judgement("the request was not answered in the first place")
		}
		for _, x := range e.Of(probe) {
			if !strings.HasPrefix(x.Step, "after ") || !x.Answered() {
				continue
			}
			want := "the answer of " + before.X.ID + ", also after a request that was " + strings.TrimPrefix(x.Step, "after ")
			after := step(e, probe, x.Step)
			if after == nil {
				t.fail(&x, want, brief(&x))
				continue
			}
			if got := departs(e, after, before, inner(e, before)); got != "" {
				t.fail(&x, want, got)
			} else {
				t.pass(&x, want, "as promised")
			}
		}
		return t.judgement("the request was not sent")
	}
}
