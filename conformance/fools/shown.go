package fools

import (
	"net/http"
	"net/url"
	"strings"
)

// shownFools let in, or break at, headers in which no session or token stands, and requests for a token that cannot be
// read.
func shownFools() []Fool {
	const cookie, header, change = "common/session/malformed-cookie", "common/token/malformed-header", "common/token/malformed"
	// guest lets in whoever shows such a thing.
	guest := func(name, requirement, about string, has func(*call) bool) Fool {
		return mutant(name, requirement, about, learning(func(k *keyring, within step) step {
			return func(c *call) *answer {
				if k.header != "" && c.protected() && has(c) {
					return within(c.shown(k.header, ""))
				}
				return within(c)
			}
		}))
	}
	breaking := func(name, requirement, about string, has func(*call) bool) Fool {
		return mutant(name, requirement, about, failingOn(func(c *call) bool { return c.protected() && has(c) }))
	}
	authorization := func(c *call) string { return c.req.Header.Get("Authorization") }
	assertions := func(c *call) []string {
		form, err := url.ParseQuery(string(c.body))
		if err != nil {
			return nil
		}
		return form["assertion"]
	}
	return []Fool{
		guest("session/empty-cookie-taken", cookie, "lets in whoever has an empty cookie", func(c *call) bool { return c.cookie() == "SESSID=" }),
		guest("session/quotes-taken", cookie, "lets in whoever has an empty session in quotes", func(c *call) bool { return c.cookie() == `SESSID=""` }),
		breaking("session/half-quote-internal-error", cookie, "breaks at a quote in a cookie that is not closed", func(c *call) bool { return strings.Count(c.cookie(), `"`) == 1 }),
		breaking("session/two-cookies-internal-error", cookie, "breaks at two sessions in one header", twoCookies),
		mutant("session/good-beside-another-internal-error", cookie, "breaks where one of two sessions in a header is good", editAnswers(twoCookies, func(c *call, a *answer) {
			if c.protected() && a.ok() {
				*a = *refusal(http.StatusInternalServerError, "INTERNAL_ERROR", "Internal error.")
			}
		})),
		guest("token/empty-taken", header, "lets in whoever names the scheme of tokens and gives none", func(c *call) bool { return authorization(c) == "Bearer" }),
		guest("token/empty-middle-taken", header, "lets in whoever has an unsigned token with nothing in it", func(c *call) bool {
			return strings.HasPrefix(authorization(c), "SignedBearer ") && strings.HasSuffix(authorization(c), "..") && len(authorization(c)) > 20
		}),
		breaking("token/two-parts-internal-error", header, "breaks at a token of two parts", func(c *call) bool { return strings.Count(c.bearer(), ".") == 1 }),
		breaking("token/two-values-internal-error", header, "breaks at two tokens in one header", func(c *call) bool { return strings.Contains(c.bearer(), " ") }),
		breaking("token/over-long-internal-error", header, "breaks at a token of some thousand letters", func(c *call) bool { return len(c.bearer()) > 2000 }),
		mutant("token/absent-code-taken", change, "hands out a token where the code is missing", learning(func(k *keyring, within step) step {
			return func(c *call) *answer {
				if changing(c) && k.form != nil && strings.HasPrefix(string(c.body), "grant_type=access_code") && len(assertions(c)) == 0 && !strings.Contains(string(c.body), "%") {
					return within(c.anew(k.form, "application/x-www-form-urlencoded"))
				}
				return within(c)
			}
		})),
		mutant("token/two-codes-internal-error", change, "breaks at two codes in one request", failingOn(func(c *call) bool { return changing(c) && len(assertions(c)) > 1 })),
	}
}

func twoCookies(c *call) bool { return strings.Count(c.cookie(), "SESSID=") == 2 }
