package rules

import (
	"fmt"
	"net/http"
	"time"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
)

// Expired judges that a token opens nothing once its life is over, at no resource and by no name of its scheme.
func Expired(probe string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		if used := first(e, probe, "use"); used != nil && used.OK() {
			shutOut(&t, "a token opens nothing after its life", steps(e, probe, "expired"))
		}
		return t.judgement("no token was waited for: give --wait-expiry with more than the life of a token, such as 1h5m")
	}
}

// Lapsed judges that a session which the device itself refused after a while opens nothing from then on. How long a
// session lasts is not said, so one that still opens is no fault; SessionLife notes it.
func Lapsed(probe string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		if begun, late := first(e, probe, "begun"), first(e, probe, "late"); begun != nil && begun.OK() && late != nil && over(late) {
			shutOut(&t, "a session that was over when it was shown last opens nothing", steps(e, probe, "over"))
		}
		return t.judgement("no session was seen to end by itself: give --wait-expiry with more than the time after which the device ends a session that nobody uses")
	}
}

// over reports an answer by which a device says that it does not take the session.
func over(x *exchange.Exchange) bool {
	return x.Response.Status/100 == 3 || x.Response.Status == http.StatusUnauthorized || x.Response.Status == http.StatusForbidden
}

// shutOut judges requests that must open nothing; resources that are not there are passed over.
func shutOut(t *tally, want string, list []exchange.Exchange) {
	for i := range list {
		if x := &list[i]; x.Response.Status != http.StatusNotFound {
			keptOut(t, x, want+" ("+x.Step+")")
		}
	}
}

// SessionLife notes how long sessions and tokens of the run lasted, and a session that nobody used.
func SessionLife(probe string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		var began time.Time
		for i := range e.Exchanges {
			x := &e.Exchanges[i]
			switch {
			case x.Probe == "login/enter" && x.OK():
				began = x.Started
			case x.Probe == "login/ended" && !began.IsZero():
				t.note(x, fmt.Sprintf("it ended after %s at most: %s", x.Started.Sub(began).Round(time.Second), brief(x)))
			}
		}
		begun, late := first(e, probe, "begun"), first(e, probe, "late")
		if begun == nil || !begun.OK() || late == nil {
			return t.judgement("the run had no session that ended before it was logged out")
		}
		idle := late.Started.Sub(begun.Started).Round(time.Second)
		switch {
		case late.OK():
			t.note(late, fmt.Sprintf("it still opens after %s without a request", idle))
		case over(late):
			t.note(late, fmt.Sprintf("it is over after %s without a request, or before: %s", idle, brief(late)))
		}
		return t.judgement("")
	}
}
