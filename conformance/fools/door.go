package fools

import (
	"net/http"
	"strings"
)

// hostileFools obey the text of a log-in, or break at it.
func hostileFools() []Fool {
	const session, code, basic = "common/session/hostile", "common/token/hostile", "analytics/authentication/hostile"
	quoted := func(c *call) bool {
		user, password, ok := loginOf(c.body)
		return ok && loggingIn(c) && strings.Contains(user+password, "'")
	}
	// as lets in a name that becomes the account's own by some folding.
	as := func(fold func(user string) string) behaviour {
		return alikeNamed(func(k *keyring, user, _ string) bool { return user != k.user && fold(user) == k.user })
	}
	basically := func(fold func(user string) string) behaviour {
		return opened(statistics, func(own, given credentials) bool {
			return given.readable && given.user != own.user && fold(given.user) == own.user
		})
	}
	return []Fool{
		mutant("session/quote-internal-error", session, "breaks at a quote in a log-in", failingOn(quoted)),
		mutant("session/sql-obeyed", session, "puts the name of a log-in into a question to its database", as(beforeQuote)),
		mutant("session/ldap-obeyed", session, "puts the name of a log-in into a question to its directory", as(func(user string) string { return strings.TrimSuffix(user, ")(&") })),
		mutant("session/name-cut-at-nul", session, "reads a name up to the first NUL", as(beforeNul)),
		mutant("session/full-width-folded", session, "takes full-width letters for plain ones", as(narrow)),
		mutant("session/over-long-internal-error", session, "breaks at a name of some thousand letters", failingOn(func(c *call) bool {
			user, _, _ := loginOf(c.body)
			return loggingIn(c) && len(user) > 2000
		})),
		mutant("token/quote-internal-error", code, "breaks at a quote in an access code", failingOn(func(c *call) bool {
			text, _ := assertionOf(c)
			return changing(c) && strings.Contains(text, "'")
		})),
		mutant("token/sql-obeyed", code, "puts an access code into a question to its database", codesAlike(func(code string) bool { return strings.HasSuffix(code, "'='1") })),
		mutant("auth/quote-internal-error", basic, "breaks at a quote in a user name", failingOn(func(c *call) bool {
			return statistics(c) && strings.Contains(c.credentials().user, "'")
		})),
		mutant("auth/sql-obeyed", basic, "puts the user name into a question to its database", basically(beforeQuote)),
		mutant("auth/name-cut-at-nul", basic, "reads a user name up to the first NUL", basically(beforeNul)),
		mutant("auth/full-width-folded", basic, "takes full-width letters for plain ones in a user name", basically(narrow)),
	}
}

func beforeQuote(user string) string {
	user, _, _ = strings.Cut(user, "'-- ")
	return user
}

func beforeNul(user string) string {
	user, _, _ = strings.Cut(user, "\x00")
	return user
}

// narrow folds full-width letters into the plain ones.
func narrow(user string) string {
	return strings.Map(func(r rune) rune {
		if r > 0xff00 && r < 0xff5f {
			return r - 0xfee0
		}
		return r
	}, user)
}

// doorFools tell what they should not, and answer whom they should not.
func doorFools() []Fool {
	open := func(name, path string) Fool {
		return warned(mutant("door/"+name+"-for-everybody", "common/door/"+name, "answers "+name+" without credentials", learning(func(k *keyring, within step) step {
			return func(c *call) *answer {
				if c.on(path) && k.header != "" {
					return within(c.shown(k.header, ""))
				}
				return within(c)
			}
		})))
	}
	return []Fool{
		open("ping", "/api/common/1.0/ping"),
		open("info", "/api/common/1.0/info"),
		open("keepalive", "/api/cascade.aaa/1.0/keepalive"),
		mutant("door/image-for-everybody", "common/door/image", "hands the newest backup on its disk to everybody", learning(func(k *keyring, within step) step {
			return func(c *call) *answer {
				if c.is(http.MethodGet, imagePath) && k.header != "" {
					return within(c.shown(k.header, ""))
				}
				return within(c)
			}
		})),
		mutant("door/session-echoed", "common/door/secrets", "repeats in an error the session that it does not take", editAnswers(func(c *call) bool { return c.cookie() != "" }, func(c *call, a *answer) {
			if a.status == http.StatusUnauthorized {
				a.editObject(func(o *object) {
					s, _ := o.text("error_text")
					o.set("error_text", s+" ("+c.cookie()+")")
				})
			}
		})),
		mutant("door/session-in-headers", "common/door/secrets", "tells the session of a client in a header of its own", editAnswers(func(c *call) bool { return c.protected() && c.cookie() != "" }, func(c *call, a *answer) {
			_, value, _ := strings.Cut(c.cookie(), "=")
			a.header.Set("X-Debug-Session", value)
		})),
	}
}

// gatewayFools are wrong about their sources.
func gatewayFools() []Fool {
	sources := func(c *call) bool { return c.is(http.MethodGet, sourcesPath) }
	edited := func(edit func(o *object)) behaviour {
		return editAnswers(sources, func(_ *call, a *answer) {
			if a.ok() {
				a.edit(func(v any) any {
					walk(v, edit)
					return v
				})
			}
		})
	}
	return []Fool{
		warned(mutant("gateway/listed-and-absent", "gateway/flow-sources/resource", "lists the service gateway and does not have it", instead(sources, func(*call) *answer {
			return refusal(http.StatusNotFound, "RESOURCE_NOT_FOUND", "There is no such resource.")
		}))),
		mutant("gateway/for-everybody", "gateway/flow-sources/authorization", "tells its sources to everybody", learning(func(k *keyring, within step) step {
			return func(c *call) *answer {
				if sources(c) && k.header != "" {
					return within(c.shown(k.header, ""))
				}
				return within(c)
			}
		})),
		warned(mutant("gateway/status-missing", "gateway/flow-sources/fields", "does not tell the status of a source", edited(without("status")))),
		warned(mutant("gateway/address-named", "gateway/flow-sources/fields", "tells a name for the address of a source", edited(fixed("ipaddr", "router-7")))),
		warned(mutant("gateway/flows-doubled", "gateway/flow-sources/agrees", "counts the flows of the last minute twice", edited(func(o *object) {
			if n, ok := o.count("flows_received_last_min"); ok {
				setCount(o, "flows_received_last_min", 2*n+1)
			}
		}))),
		warned(mutant("gateway/flows-of-a-day", "gateway/flow-sources/agrees", "tells the flows of a day for those of a minute", edited(func(o *object) {
			if n, ok := o.count("flows_arrived_last_day"); ok {
				setCount(o, "flows_received_last_min", n)
			}
		}))),
	}
}
