package fools

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// The resources of the Common API by which clients log in, and of sibling services.
const (
	authInfoPath  = "/api/common/1.0/auth_info"
	servicesPath  = "/api/common/1.0/services"
	loginPath     = "/api/common/1.0/login"
	logoutPath    = "/api/common/1.0/logout"
	tokenPath     = "/api/common/1.0/oauth/token"     //nolint:gosec // a path
	authorizePath = "/api/common/1.0/oauth/authorize" //nolint:gosec // a path
	sourcesPath   = "/api/gateway/1.5/flow_sources"
	imagePath     = "/api/mgmt.backup/1.0/image"
)

// keyring is what a fool has learned of good credentials from the exchanges that passed by.
type keyring struct {
	login  []byte // body of the last JSON log-in that handed out a session
	user   string // its user name
	cookie string // NAME=VALUE of the last session
	form   []byte // of the last code that was changed for a token
	token  string // the last one
	header string // the last Authorization by Basic that opened something
}

func (k *keyring) learn(c *call, a *answer) {
	switch {
	case !a.ok():
	case c.on(loginPath):
		if user, _, ok := loginOf(c.body); ok {
			k.login, k.user = c.body, user
		}
		if cookies := (&http.Response{Header: a.header}).Cookies(); len(cookies) > 0 {
			k.cookie = cookies[0].Name + "=" + cookies[0].Value
		}
	case c.on(tokenPath):
		if len(c.body) > 0 {
			k.form = c.body
		}
		if o, ok := asObject(a.body); ok {
			k.token, _ = o.text("access_token")
		}
	case c.protected() && c.credentials().readable:
		k.header = c.req.Header.Get("Authorization")
	}
}

func asObject(body []byte) (*object, bool) {
	v, err := decode(body)
	if err != nil {
		return nil, false
	}
	o, ok := v.(*object)
	return o, ok
}

// loginOf reads a JSON log-in.
func loginOf(body []byte) (user, password string, ok bool) {
	var l struct{ Username, Password *string }
	if json.Unmarshal(body, &l) != nil || l.Username == nil || l.Password == nil {
		return "", "", false
	}
	return *l.Username, *l.Password, true
}

// protected reports a path that needs credentials.
func (c *call) protected() bool {
	return strings.HasPrefix(c.req.URL.Path, "/api/mgmt.") || c.on(sourcesPath)
}

// cookie is the Cookie header of a call that has no Authorization.
func (c *call) cookie() string {
	if c.req.Header.Get("Authorization") != "" {
		return ""
	}
	return c.req.Header.Get("Cookie")
}

// bearer is the token of a call.
func (c *call) bearer() string {
	scheme, token, _ := strings.Cut(c.req.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") && !strings.EqualFold(scheme, "SignedBearer") {
		return ""
	}
	return token
}

// shown is the call with other credentials; an empty value takes the header away.
func (c *call) shown(authorization, cookie string) *call {
	r := c.req.Clone(c.req.Context())
	for name, value := range map[string]string{"Authorization": authorization, "Cookie": cookie} {
		if r.Header.Del(name); value != "" {
			r.Header.Set(name, value)
		}
	}
	return &call{r, c.body}
}

// anew is the call with another body of the same type as a log-in has.
func (c *call) anew(body []byte, contentType string) *call {
	r := c.req.Clone(c.req.Context())
	r.Header.Set("Content-Type", contentType)
	return &call{r, body}
}

// learning makes a step that knows what passed by.
func learning(b func(k *keyring, within step) step) behaviour {
	return func(within step) step {
		k := &keyring{}
		return b(k, func(c *call) *answer {
			a := within(c)
			k.learn(c, a)
			return a
		})
	}
}

// alike lets log-ins in where take says so, with the account that logged in before.
func alike(take func(k *keyring, c *call) bool) behaviour {
	return learning(func(k *keyring, within step) step {
		return func(c *call) *answer {
			if c.is(http.MethodPost, loginPath) && k.login != nil && take(k, c) {
				return within(c.anew(k.login, "application/json").shown("", ""))
			}
			return within(c)
		}
	})
}

// alikeNamed is alike by the name and password of the log-in.
func alikeNamed(take func(k *keyring, user, password string) bool) behaviour {
	return alike(func(k *keyring, c *call) bool {
		user, password, ok := loginOf(c.body)
		return ok && take(k, user, password)
	})
}

// failingOn answers 500 to the calls that match.
func failingOn(of func(*call) bool) behaviour {
	return func(within step) step {
		return func(c *call) *answer {
			if of(c) {
				return refusal(http.StatusInternalServerError, "INTERNAL_ERROR", "Internal error.")
			}
			return within(c)
		}
	}
}

// loginFools let in whom they should not, or keep out whom they should let in, by sessions and by tokens.
func loginFools() []Fool {
	return slices.Concat(sessionFools(), guestFools(), tokenFools(), expiryFools(), shownFools(), hostileFools(), doorFools(), gatewayFools(), restoreGuests())
}

// restoreGuests start restores for whoever has something of one kind.
func restoreGuests() []Fool {
	guest := func(name, about string, has func(*call) bool) Fool {
		return mutant(name, "restore/start/authorization", about, learning(func(k *keyring, within step) step {
			return func(c *call) *answer {
				if k.header != "" && c.is(http.MethodPost, restorePath) && has(c) {
					return within(c.shown(k.header, ""))
				}
				return within(c)
			}
		}))
	}
	scheme := func(name string) func(*call) bool {
		return func(c *call) bool { return strings.HasPrefix(c.req.Header.Get("Authorization"), name+" ") }
	}
	return []Fool{
		guest("session/restore-for-any-cookie", "starts restores for whoever has a cookie", func(c *call) bool { return c.cookie() != "" }),
		guest("token/restore-for-any-bearer", "starts restores for whoever has a token", scheme("Bearer")),
		guest("token/restore-for-any-signed-bearer", "starts restores for whoever has a signed token", scheme("SignedBearer")),
	}
}

func sessionFools() []Fool {
	const out = "common/session/logged-out"
	quiet := func(method string) behaviour {
		return func(within step) step {
			return func(c *call) *answer {
				if c.is(method, logoutPath) {
					return noContent()
				}
				return within(c)
			}
		}
	}
	return []Fool{
		warned(mutant("session/opens-nothing", "common/session/opens", "takes no session that it has handed out", func(within step) step {
			return func(c *call) *answer {
				if c.protected() && c.cookie() != "" {
					return within(c.shown("", ""))
				}
				return within(c)
			}
		})),
		warned(mutant("session/none-handed-out", "common/session/opens", "answers a good log-in with nothing", editAnswers(loggingIn, func(_ *call, a *answer) {
			if a.ok() {
				a.header.Del("Set-Cookie")
				a.body = []byte("{}")
			}
		}))),
		warned(mutant("session/id-not-told", "common/session/answer", "does not tell session_id", editAnswers(loggingIn, func(_ *call, a *answer) {
			a.editObject(without("session_id"))
		}))),
		warned(mutant("session/cookie-not-set", "common/session/answer", "tells a session and sets no cookie", editAnswers(loggingIn, func(_ *call, a *answer) {
			a.header.Del("Set-Cookie")
		}))),
		mutant("session/beginning-is-enough", "common/session/made-up", "compares the beginning of a session only", learning(func(k *keyring, within step) step {
			return func(c *call) *answer {
				if given := c.cookie(); given != "" && k.cookie != "" && c.protected() && len(given) == len(k.cookie) && given[:len(given)/2] == k.cookie[:len(given)/2] {
					return within(c.shown("", k.cookie))
				}
				return within(c)
			}
		})),
		mutant("session/what-follows-does-not-matter", "common/session/made-up", "reads a session as far as it is long, and no further", learning(func(k *keyring, within step) step {
			return func(c *call) *answer {
				if k.cookie != "" && c.protected() && strings.HasPrefix(c.cookie(), k.cookie) {
					return within(c.shown("", k.cookie))
				}
				return within(c)
			}
		})),
		mutant("session/ended-but-for-statistics", out, "opens import_stats with a session that has been logged out", outlived(statistics)),
		mutant("session/adopted", "common/session/not-adopted", "makes the session that a client brings along its own", adopting),
		mutant("session/logout-forgotten", out, "answers POST logout and ends nothing", quiet(http.MethodPost)),
		mutant("session/logout-by-get-forgotten", out, "answers GET logout and ends nothing", quiet(http.MethodGet)),
		mutant("session/ended-until-next-log-in", out, "opens what a session was that has been logged out, once its user has logged in again", revived),
		mutant("session/cookie-is-enough", "analytics/request/type-c/authorization", "lets in whoever has a cookie", learning(func(k *keyring, within step) step {
			return func(c *call) *answer {
				if k.header != "" && inTemplate("C")(c) && c.cookie() != "" {
					return within(c.shown(k.header, ""))
				}
				return within(c)
			}
		})),
	}
}

// loggingIn matches log-ins.
func loggingIn(c *call) bool { return c.is(http.MethodPost, loginPath) }

// adopting keeps the cookie that a client logs in with, beside the session that it gets.
func adopting(within step) step {
	adopted := map[string]string{}
	return func(c *call) *answer {
		given := c.cookie()
		if real := adopted[given]; real != "" && c.protected() {
			return within(c.shown("", real))
		}
		a := within(c)
		if cookies := (&http.Response{Header: a.header}).Cookies(); loggingIn(c) && a.ok() && given != "" && len(cookies) > 0 {
			adopted[given] = cookies[0].Name + "=" + cookies[0].Value
		}
		return a
	}
}

// revived takes sessions that were logged out for the one that was begun after.
func revived(within step) step {
	ended, latest := map[string]bool{}, ""
	return func(c *call) *answer {
		given := c.cookie()
		if c.protected() && ended[given] && latest != "" {
			return within(c.shown("", latest))
		}
		a := within(c)
		switch cookies := (&http.Response{Header: a.header}).Cookies(); {
		case c.on(logoutPath) && a.ok():
			ended[given], latest = true, ""
		case loggingIn(c) && a.ok() && len(cookies) > 0:
			latest = cookies[0].Name + "=" + cookies[0].Value
		}
		return a
	}
}

// outlived lets whoever has had a session go on with some calls after the log-out, until the next log-in.
func outlived(of func(*call) bool) behaviour {
	return func(within step) step {
		ended, header := "", ""
		return func(c *call) *answer {
			if ended != "" && c.cookie() == ended && header != "" && of(c) {
				return within(c.shown(header, ""))
			}
			a := within(c)
			switch h := c.req.Header.Get("Authorization"); {
			case c.on(logoutPath) && a.ok():
				ended = c.cookie()
			case loggingIn(c) && a.ok():
				ended = ""
			case h != "" && c.protected() && a.ok():
				header = h
			}
			return a
		}
	}
}

// guestFools hand out sessions to whom they should not.
func guestFools() []Fool {
	const wrong, bad = "common/session/wrong-credentials", "common/session/malformed"
	return []Fool{
		mutant("session/password-not-checked", wrong, "hands out a session for a name that it knows and any password", alikeNamed(func(k *keyring, user, _ string) bool { return user == k.user })),
		mutant("session/empty-password-taken", wrong, "hands out a session for a name that it knows and an empty password", alikeNamed(func(k *keyring, user, password string) bool { return user == k.user && password == "" })),
		mutant("session/unknown-user-is-guest", wrong, "hands out a session to names that it does not know", alikeNamed(func(k *keyring, user, _ string) bool {
			return user != k.user && !strings.ContainsAny(user, "'\x00") && user != ""
		})),
		mutant("session/empty-user-is-guest", wrong, "hands out a session for an empty name", alikeNamed(func(_ *keyring, user, _ string) bool { return user == "" })),
		mutant("session/absent-password-taken", wrong, "hands out a session where there is no password", alike(func(_ *keyring, c *call) bool {
			o, ok := asObject(c.body)
			return ok && o.has("username") && !o.has("password")
		})),
		mutant("session/unreadable-taken", bad, "hands out a session for a log-in that it cannot read", alike(func(_ *keyring, c *call) bool {
			_, err := decode(c.body)
			return err != nil && len(c.body) > 0 && strings.Contains(c.req.Header.Get("Content-Type"), "json")
		})),
		mutant("session/operators-obeyed", bad, "takes objects in a log-in for questions to its database", alike(func(_ *keyring, c *call) bool {
			o, ok := asObject(c.body)
			if !ok {
				return false
			}
			_, asked := o.get("password").(*object)
			return asked
		})),
		mutant("session/unreadable-internal-error", bad, "breaks at a log-in that it cannot read", failingOn(func(c *call) bool {
			_, err := decode(c.body)
			return loggingIn(c) && err != nil && strings.Contains(c.req.Header.Get("Content-Type"), "json")
		})),
		warned(mutant("session/wrong-password-as-required", "common/session/error-id", "asks for credentials where they are wrong", editAnswers(loggingIn, func(_ *call, a *answer) {
			if a.status == http.StatusUnauthorized {
				a.editObject(fixed("error_id", "AUTH_REQUIRED"))
			}
		}))),
		warned(mutant("session/wrong-password-as-success", "common/session/error-id", "answers wrong credentials with 200 and an error", editAnswers(loggingIn, func(_ *call, a *answer) {
			if a.status == http.StatusUnauthorized {
				a.status = http.StatusOK
			}
		}))),
		mutant("session/forms-not-checked", wrong, "hands out a session for any password in a form", alike(func(k *keyring, c *call) bool {
			form, err := url.ParseQuery(string(c.body))
			return err == nil && strings.Contains(c.req.Header.Get("Content-Type"), "form") && form.Get("username") == k.user
		})),
		mutant("session/xml-not-checked", wrong, "hands out a session for any password in XML", alike(func(k *keyring, c *call) bool {
			return strings.Contains(c.req.Header.Get("Content-Type"), "xml") && bytes.Contains(c.body, []byte("<username>"+k.user+"</username>"))
		})),
		warned(mutant("session/wrong-password-not-found", "common/session/error-id", "answers wrong credentials with 404", editAnswers(loggingIn, func(_ *call, a *answer) {
			if a.status == http.StatusUnauthorized {
				a.status = http.StatusNotFound
			}
		}))),
	}
}

// changing matches the calls that ask for a token.
func changing(c *call) bool { return c.is(http.MethodPost, tokenPath) }

// assertionOf is the code of a form.
func assertionOf(c *call) (code string, ok bool) {
	form, err := url.ParseQuery(string(c.body))
	return form.Get("assertion"), err == nil && len(c.body) > 0
}

// codesAlike changes codes for tokens where take says so, with the one that was good before.
func codesAlike(take func(code string) bool) behaviour {
	return learning(func(k *keyring, within step) step {
		return func(c *call) *answer {
			if code, ok := assertionOf(c); ok && changing(c) && k.form != nil && take(code) {
				return within(c.anew(k.form, "application/x-www-form-urlencoded"))
			}
			return within(c)
		}
	})
}

func tokenFools() []Fool {
	const wrong = "common/token/wrong-code"
	granted := func(edit func(o *object)) behaviour {
		return editAnswers(changing, func(_ *call, a *answer) {
			if a.ok() {
				a.editObject(edit)
			}
		})
	}
	return []Fool{
		warned(mutant("token/opens-nothing", "common/token/opens", "takes no token that it has handed out", func(within step) step {
			return func(c *call) *answer {
				if c.protected() && c.bearer() != "" {
					return within(c.shown("Bearer 0", ""))
				}
				return within(c)
			}
		})),
		warned(mutant("token/kind-not-told", "common/token/answer", "does not tell token_type", granted(without("token_type")))),
		warned(mutant("token/life-as-text", "common/token/answer", "tells expires_in as text", granted(fixed("expires_in", "3600")))),
		warned(mutant("token/state-lost", "common/token/state", "does not send state back", granted(without("state")))),
		warned(mutant("token/state-cut", "common/token/state", "sends state back up to the first space", granted(func(o *object) {
			if s, ok := o.text("state"); ok {
				s, _, _ = strings.Cut(s, " ")
				o.set("state", s)
			}
		}))),
		mutant("token/any-code-taken", wrong, "changes whatever it is sent for a token", codesAlike(func(code string) bool { return !strings.ContainsAny(code, "'\x00") })),
		mutant("token/code-not-verified", wrong, "changes every code that it can read for a token", codesAlike(func(code string) bool {
			text, err := base64.StdEncoding.DecodeString(code)
			return err == nil && json.Valid(text)
		})),
		mutant("token/unsigned-taken", wrong, "changes whatever stands between the dots of an unsigned token", codesAlike(func(code string) bool { return strings.Count(code, ".") == 2 && len(code) > 40 })),
		mutant("token/beginning-is-enough", "common/token/made-up", "compares the beginning of a token only", learning(func(k *keyring, within step) step {
			return func(c *call) *answer {
				if given := c.bearer(); given != "" && k.token != "" && c.protected() && len(given) == len(k.token) && given[:len(given)/2] == k.token[:len(given)/2] {
					return within(c.shown("Bearer "+k.token, ""))
				}
				return within(c)
			}
		})),
		mutant("token/what-follows-does-not-matter", "common/token/made-up", "reads a token as far as it is long, and no further", learning(func(k *keyring, within step) step {
			return func(c *call) *answer {
				if k.token != "" && c.protected() && strings.HasPrefix(c.bearer(), k.token) {
					return within(c.shown("Bearer "+k.token, ""))
				}
				return within(c)
			}
		})),
		mutant("token/any-taken", "backup/status/authorization", "lets in whoever has a token of any kind", learning(func(k *keyring, within step) step {
			return func(c *call) *answer {
				if k.header != "" && c.is(http.MethodGet, backupPath) && c.bearer() != "" {
					return within(c.shown(k.header, ""))
				}
				return within(c)
			}
		})),
		mutant("token/issued-to-everybody", "common/token/authorize", "issues access codes to whoever asks", learning(func(k *keyring, within step) step {
			return func(c *call) *answer {
				if c.on(authorizePath) && k.header != "" {
					return within(c.shown(k.header, ""))
				}
				return within(c)
			}
		})),
	}
}
