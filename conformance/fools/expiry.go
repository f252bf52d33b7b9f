package fools

import (
	"net/http"
	"strings"
	"time"
)

// expiryFools take sessions and tokens that have come to an end by themselves.
func expiryFools() []Fool {
	const session, token = "common/session/expires", "common/token/expires"
	over := func() *answer {
		return refusal(http.StatusUnauthorized, "AUTH_INVALID_SESSION", "This session is over.")
	}
	return []Fool{
		mutant("session/revived-by-refusal", session, "counts the request that it refuses, since nobody had used the session for a while, as use of it", idling(func(e *lapse, _ *call) bool {
			return e.refusals > 0
		}, over)),
		mutant("session/outlived-by-statistics", session, "ends sessions that nobody uses for backups, and not for statistics", idling(func(_ *lapse, c *call) bool {
			return statistics(c)
		}, over)),
		mutant("session/revived-by-log-in", session, "takes a session that was over once its user has logged in anew", idling(func(e *lapse, _ *call) bool {
			return e.logIns > 0
		}, over)),
		mutant("token/never-expires", token, "takes tokens after their life", immortal(everything)),
		mutant("token/outlived-by-restores", token, "tells the status of restores to tokens after their life", immortal(func(c *call) bool { return c.on(restorePath) })),
		mutant("token/signed-never-expires", token, "looks at the life of a token where it is called Bearer, and not where it is called SignedBearer", immortal(func(c *call) bool {
			return strings.HasPrefix(c.req.Header.Get("Authorization"), "SignedBearer ")
		})),
	}
}

// lapse is the end of a session that nobody had used for a while.
type lapse struct {
	refusals int // since then
	logIns   int
}

// neverTaken is the device that is right: what is over stays over.
func neverTaken(*lapse, *call) bool { return false }

// idle is how long a session lasts that nobody uses.
const idle = 2 * time.Minute

// idling ends sessions that nobody uses, by the clock that the device within tells. Who shows one that is over gets what
// refused says, but where taken lets it in.
func idling(taken func(*lapse, *call) bool, refused func() *answer) behaviour {
	return func(within step) step {
		used, gone := map[string]time.Time{}, map[string]*lapse{}
		return func(c *call) *answer {
			a := within(c)
			if loggingIn(c) && a.ok() {
				for _, e := range gone {
					e.logIns++
				}
			}
			given := c.cookie()
			now, err := http.ParseTime(a.header.Get("Date"))
			if err != nil || given == "" || !a.ok() || !c.protected() || c.req.Method != http.MethodGet {
				return a
			}
			if last, known := used[given]; known && gone[given] == nil && now.Sub(last) > idle {
				gone[given] = &lapse{}
			}
			if e := gone[given]; e != nil && !taken(e, c) {
				e.refusals++
				return refused()
			}
			used[given] = now
			return a
		}
	}
}

// immortal renews, behind the back of the client, each token that it has seen to be good, for the calls that match.
func immortal(of func(*call) bool) behaviour {
	return learning(func(k *keyring, within step) step {
		good := map[string]bool{}
		return func(c *call) *answer {
			a := within(c)
			given := c.bearer()
			if given == "" || !c.protected() {
				return a
			}
			if a.ok() {
				good[given] = true
				return a
			}
			if a.status != http.StatusUnauthorized || !good[given] || k.form == nil || !of(c) {
				return a
			}
			ask := c.anew(k.form, "application/x-www-form-urlencoded").shown("", "")
			ask.req.Method, ask.req.URL.Path, ask.req.URL.RawPath = http.MethodPost, tokenPath, ""
			if within(ask).ok() {
				return within(c.shown("Bearer "+k.token, ""))
			}
			return a
		}
	})
}
