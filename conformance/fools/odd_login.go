package fools

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// oddLogins log in in other lawful ways.
func oddLogins() []Fool {
	info := func(c *call) bool { return c.on(authInfoPath) }
	cookies := func(attributes string) behaviour {
		return reheaded(func(_ *call, h http.Header) {
			for i, v := range h["Set-Cookie"] {
				first, _, _ := strings.Cut(v, ";")
				h["Set-Cookie"][i] = first + attributes
			}
		})
	}
	stale := func(id string) behaviour {
		return editAnswers(func(c *call) bool { return c.protected() && c.cookie()+c.bearer() != "" }, func(_ *call, a *answer) {
			if a.status == http.StatusUnauthorized {
				a.editObject(fixed("error_id", id))
			}
		})
	}
	return []Fool{
		odd("auth-info-absent", "does not tell its ways to log in", editAnswers(info, func(_ *call, a *answer) {
			*a = *text(http.StatusNotFound, "text/html", "<h1>Not Found</h1>")
		})),
		odd("auth-info-in-xml", "tells its ways to log in as XML, whatever is asked for", editAnswers(info, func(_ *call, a *answer) {
			*a = *text(http.StatusOK, "application/xml", `<auth_info specify_purpose="true"><supported_methods><method>BASIC</method><method>COOKIE</method></supported_methods></auth_info>`)
		})),
		odd("log-in-answered-in-xml", "answers a log-in as XML, whatever is asked for", editAnswers(loggingIn, inXML)),
		odd("services-newer-only", "knows services in version 1.1 only", editAnswers(func(c *call) bool { return c.on(servicesPath) }, func(_ *call, a *answer) {
			*a = *refusal(http.StatusNotFound, "RESOURCE_NOT_FOUND", "There is no such resource.")
		})),
		odd("cookie-guarded", "sets cookies for scripts and plain connections out of reach", cookies("; Path=/; Secure; HttpOnly; SameSite=Strict")),
		odd("cookie-with-age", "sets cookies that browsers keep for an hour", cookies("; Path=/api; Max-Age=3600")),
		odd("stale-credentials-required", "asks for credentials where a session or token is none", stale("AUTH_REQUIRED")),
		odd("logout-by-get-only", "knows no POST logout", onlyLogout(http.MethodGet)),
		odd("logout-by-post-only", "knows no GET logout", onlyLogout(http.MethodPost)),
		odd("logout-with-text", "says good-bye", editAnswers(func(c *call) bool { return c.on(logoutPath) }, func(_ *call, a *answer) {
			if a.ok() {
				*a = *text(http.StatusOK, "text/plain", "Good-bye.")
			}
		})),
		odd("odd-log-ins-bad-requests", "calls log-ins with letters that no name has a bad request", oddNames),
		odd("idle-sessions-forbidden", "forbids sessions that nobody has used for a while", idling(neverTaken, func() *answer {
			return refusal(http.StatusForbidden, "AUTH_FORBIDDEN", "This session is over.")
		})),
		odd("malformed-tokens-bad-requests", "calls an Authorization header without a token in it a bad request, as RFC 6750 does", malformedTokens),
		odd("last-cookie-counts", "takes the last of two sessions, and calls an empty one none", lastCookie),
		odd("flow-sources-in-xml", "tells its sources as XML", editAnswers(func(c *call) bool { return c.on(sourcesPath) }, sourcesInXML)),
		odd("gateway-unlisted", "does not list the service gateway, and does not have it", lacking("gateway", func(c *call) bool { return c.on(sourcesPath) })),
	}
}

// inXML writes the members of an answer as attributes.
func inXML(_ *call, a *answer) {
	o, ok := asObject(a.body)
	if !ok || !a.ok() {
		return
	}
	key, _ := o.text("session_key")
	id, _ := o.text("session_id")
	a.header.Set("Content-Type", "application/xml")
	a.body = fmt.Appendf(nil, `<session session_key=%q session_id=%q/>`, key, id)
}

// sourcesInXML writes each source as an element.
func sourcesInXML(_ *call, a *answer) {
	v, err := decode(a.body)
	list, ok := v.([]any)
	if err != nil || !ok || !a.ok() {
		return
	}
	out := []byte("<flow_sources>")
	for _, item := range list {
		o, ok := item.(*object)
		if !ok {
			continue
		}
		out = append(out, "<flow_source"...)
		for _, k := range o.keys {
			out = fmt.Appendf(out, ` %s="%v"`, k, o.get(k))
		}
		out = append(out, "/>"...)
	}
	a.header.Set("Content-Type", "text/xml")
	a.body = append(out, "</flow_sources>"...)
}

func onlyLogout(method string) behaviour {
	return func(within step) step {
		return func(c *call) *answer {
			if c.on(logoutPath) && c.req.Method != method {
				return refusal(http.StatusMethodNotAllowed, "HTTP_INVALID_METHOD", "Requested method is not available for this resource.")
			}
			return within(c)
		}
	}
}

// lacking neither lists a service nor has what is of it; strangers learn nothing of that.
func lacking(service string, of func(*call) bool) behaviour {
	return func(within step) step {
		return func(c *call) *answer {
			a := within(c)
			switch {
			case of(c) && a.status != http.StatusUnauthorized:
				return refusal(http.StatusNotFound, "RESOURCE_NOT_FOUND", "There is no such resource.")
			case c.on(servicesPath):
				a.edit(func(v any) any { return unlisted(v, service) })
			}
			return a
		}
	}
}

// unlisted takes a service out of a list.
func unlisted(v any, service string) any {
	list, ok := v.([]any)
	if !ok {
		return v
	}
	return slices.DeleteFunc(list, func(item any) bool {
		o, ok := item.(*object)
		if !ok {
			return false
		}
		id, _ := o.text("id")
		return id == service
	})
}

// oddNames refuses names and passwords with anything but plain letters in a log-in.
func oddNames(within step) step {
	return func(c *call) *answer {
		user, password, ok := loginOf(c.body)
		if ok && loggingIn(c) && strings.ContainsFunc(user+password, func(r rune) bool { return r < ' ' || r > '~' || strings.ContainsRune(`'"<>()*;$`, r) }) {
			return refusal(http.StatusBadRequest, "REQUEST_INVALID_INPUT", "This is no name.")
		}
		return within(c)
	}
}

// malformedTokens refuses Bearer headers in which no token can stand.
func malformedTokens(within step) step {
	return func(c *call) *answer {
		scheme, token, _ := strings.Cut(c.req.Header.Get("Authorization"), " ")
		bearer := strings.EqualFold(scheme, "Bearer") || strings.EqualFold(scheme, "SignedBearer")
		if bearer && (token == "" || strings.ContainsAny(token, " \",;{}") || strings.Count(token, ".") == 1) {
			return badRequest("The Authorization header holds no token.")
		}
		return within(c)
	}
}

// lastCookie shows the device within the last session of a client only.
func lastCookie(within step) step {
	return func(c *call) *answer {
		sessions := c.req.CookiesNamed("SESSID")
		if len(sessions) == 0 {
			return within(c)
		}
		cookie := ""
		if last := sessions[len(sessions)-1].Value; last != "" {
			cookie = "SESSID=" + last
		}
		return within(c.shown(c.req.Header.Get("Authorization"), cookie))
	}
}
