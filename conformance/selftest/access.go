package selftest

import (
	"time"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/mockserver"
)

// accessDevices are the appliance with other ways to log in, other lives of what it hands out, and the appliance as it is
// by each way.
func accessDevices() []device {
	with := func(name, about string, way check.Way, set func(*mockserver.Access)) device {
		d := device{name: "access/" + name, kind: "eccentric", about: about, auth: way}
		if set != nil {
			d.options = func(o *mockserver.Options) { set(&o.Access) }
		}
		return d
	}
	only := func(w mockserver.Way) func(*mockserver.Access) {
		return func(a *mockserver.Access) { a.Ways = []mockserver.Way{w} }
	}
	return []device{
		with("by-session", "is the appliance as it is, logged in to for a session", check.BySession, nil),
		with("by-token", "is the appliance as it is, logged in to for a token", check.ByToken, nil),
		with("only-basic", "offers Basic only", check.Detect, only(mockserver.Basic)),
		with("only-sessions", "offers sessions only", check.Detect, only(mockserver.Session)),
		with("only-tokens", "offers tokens only", check.Detect, only(mockserver.OAuth)),
		with("one-session", "allows a user one session at a time", check.BySession, func(a *mockserver.Access) { a.OneSession = true }),
		with("short-sessions", "ends a session after half a minute", check.BySession, func(a *mockserver.Access) { a.SessionLife = 30 * time.Second }),
		with("idle-sessions", "ends a session that is not used for a minute", check.BySession, func(a *mockserver.Access) { a.SessionIdle = time.Minute }),
		with("short-tokens", "hands out tokens for a minute", check.ByToken, func(a *mockserver.Access) { a.TokenLife = time.Minute }),
		with("long-tokens", "hands out tokens for a week", check.Detect, func(a *mockserver.Access) { a.TokenLife = 7 * 24 * time.Hour }),
		with("locks-accounts", "locks an account for an hour after two wrong passwords in a row", check.Detect, func(a *mockserver.Access) {
			a.LockWhen, a.LockFor = 2, time.Hour
		}),
		with("locks-accounts-by-session", "does so where the run has a session", check.BySession, func(a *mockserver.Access) {
			a.LockWhen, a.LockFor = 2, time.Hour
		}),
	}
}
