package fools

import (
	"bytes"
	"net/http"
	"strings"
)

// scope is one of the two documents, whose error tables are judged apart.
type scope struct {
	prefix, word string
	paths        []string
}

func scopes() []scope {
	return []scope{
		{"analytics/errors/", "statistics", []string{statsPath}},
		{"backup/errors/", "backups", []string{backupPath, restorePath}},
	}
}

// on matches the calls to the paths of a scope.
func (s scope) on(c *call) bool { return c.on(s.paths...) }

// errorBug is one wrong way to tell an error; edit changes the error's object, or the answer itself.
type errorBug struct {
	requirement string
	name, about string
	edit        func(a *answer, e *object)
}

// errorFools tell errors wrongly: each bug once on the paths of either document, where that document promises it.
func errorFools() []Fool {
	var out []Fool
	for _, s := range scopes() {
		for _, b := range errorBugs() {
			if b.requirement == "http-invalid-method" && s.word == "backups" {
				continue
			}
			f := mutant("error/"+s.word+"-"+b.name, s.prefix+b.requirement, "on the paths of "+s.word+" "+b.about, editErrors(s, b.edit))
			if b.requirement == "media-type" {
				f = warned(f)
			}
			out = append(out, f)
		}
		out = append(out, faultFools(s)...)
	}
	return append(out, methodFools()...)
}

// editErrors changes the answers of a scope that are errors as the documents have them.
func editErrors(s scope, edit func(a *answer, e *object)) behaviour {
	return editAnswers(s.on, func(_ *call, a *answer) {
		if a.status < 400 {
			return
		}
		v, err := decode(a.body)
		e, ok := v.(*object)
		if err != nil || !ok {
			return
		}
		body, before := a.body, encode(e)
		edit(a, e)
		if bytes.Equal(a.body, body) && !bytes.Equal(encode(e), before) {
			a.body = encode(e)
		}
	})
}

func errorBugs() []errorBug {
	bugs := []errorBug{
		{"body", "as-page", "tells errors as an HTML page", func(a *answer, e *object) {
			why, _ := e.text("error_text")
			a.header.Set("Content-Type", "text/html")
			a.body = []byte("<html><body><h1>Error</h1><p>" + why + "</p></body></html>")
		}},
		{"body", "without-body", "sends errors without a body", func(a *answer, _ *object) { a.body = nil }},
		{"body", "in-array", "puts errors into an array", func(a *answer, e *object) { a.body = encode([]any{e}) }},
		{"media-type", "said-to-be-a-page", "sends errors with Content-Type text/html", func(a *answer, _ *object) {
			a.header.Set("Content-Type", "text/html")
		}},
		{"error-id", "without-id", "leaves error_id out", onError(func(e *object) { e.drop("error_id") })},
		{"error-id", "id-as-number", "gives the status as error_id", func(a *answer, e *object) {
			e.set("error_id", number(int64(a.status)))
		}},
		{"error-id", "id-renamed", "calls error_id errorId", onError(func(e *object) { e.rename("error_id", "errorId") })},
		{"error-text", "without-text", "leaves error_text out", onError(func(e *object) { e.drop("error_text") })},
		{"error-text", "text-empty", "has an empty error_text", onError(func(e *object) { e.set("error_text", "") })},
		{"error-text", "text-null", "has null for error_text", onError(func(e *object) { e.set("error_text", nil) })},
		{"error-text", "text-as-list", "gives error_text as a list of texts", onError(func(e *object) { e.set("error_text", []any{e.get("error_text")}) })},
	}
	return append(bugs, identityBugs()...)
}

// identityBugs give errors another error_id or status than the tables do.
func identityBugs() []errorBug {
	all := func(a *answer, _ *object) { a.status = http.StatusOK }
	return []errorBug{
		{"status", "all-ok", "sends errors with status 200", all},
		{"status", "unauthorized-as-forbidden", "sends AUTH_REQUIRED with status 403", restated("AUTH_REQUIRED", http.StatusForbidden)},
		{"status", "credentials-as-bad-request", "sends AUTH_INVALID_CREDENTIALS with status 400", restated("AUTH_INVALID_CREDENTIALS", http.StatusBadRequest)},
		{"bad-request", "unprocessable", "sends BAD_REQUEST with status 422", restated("BAD_REQUEST", http.StatusUnprocessableEntity)},
		{"bad-request", "lower-case", "writes BAD_REQUEST in small letters", renamed("BAD_REQUEST", "bad_request")},
		{"bad-request", "invalid-input", "calls BAD_REQUEST REQUEST_INVALID_INPUT", renamed("BAD_REQUEST", "REQUEST_INVALID_INPUT")},
		{"auth-required", "always-invalid-credentials", "calls missing credentials invalid", renamed("AUTH_REQUIRED", "AUTH_INVALID_CREDENTIALS")},
		{"auth-required", "unauthorized", "calls AUTH_REQUIRED UNAUTHORIZED", renamed("AUTH_REQUIRED", "UNAUTHORIZED")},
		{"auth-invalid-credentials", "always-auth-required", "says AUTH_REQUIRED to wrong credentials", renamed("AUTH_INVALID_CREDENTIALS", "AUTH_REQUIRED")},
		{"auth-invalid-credentials", "invalid-session", "says AUTH_INVALID_SESSION to wrong credentials", renamed("AUTH_INVALID_CREDENTIALS", "AUTH_INVALID_SESSION")},
		{"http-invalid-method", "method-not-found", "answers a method that it does not have with 404", func(a *answer, e *object) {
			if a.status == http.StatusMethodNotAllowed {
				a.status = http.StatusNotFound
				e.set("error_id", "RESOURCE_NOT_FOUND")
			}
		}},
		{"http-invalid-method", "method-bad-request", "sends HTTP_INVALID_METHOD with status 400", restated("HTTP_INVALID_METHOD", http.StatusBadRequest)},
		{"http-invalid-method", "method-not-allowed", "calls HTTP_INVALID_METHOD METHOD_NOT_ALLOWED", renamed("HTTP_INVALID_METHOD", "METHOD_NOT_ALLOWED")},
	}
}

func onError(edit func(*object)) func(*answer, *object) {
	return func(_ *answer, e *object) { edit(e) }
}

func restated(id string, status int) func(*answer, *object) {
	return func(a *answer, e *object) {
		if s, _ := e.text("error_id"); s == id {
			a.status = status
		}
	}
}

func renamed(from, to string) func(*answer, *object) {
	return onError(func(e *object) {
		if s, _ := e.text("error_id"); s == from {
			e.set("error_id", to)
		}
	})
}

// faultFools answer a client's mistakes as faults of their own.
func faultFools(s scope) []Fool {
	onBad := func(of func(*call) bool, fault func() *answer) behaviour {
		return func(within step) step {
			return func(c *call) *answer {
				a := within(c)
				if s.on(c) && a.status == http.StatusBadRequest && of(c) {
					return fault()
				}
				return a
			}
		}
	}
	noJSON := func(c *call) bool { _, err := decode(c.body); return err != nil }
	mistyped := func(c *call) bool { return !noJSON(c) }
	internal := func() *answer { return refusal(http.StatusInternalServerError, "INTERNAL_ERROR", "Internal error.") }
	trace := "Traceback (most recent call last):\n  File \"handler.py\", line 88, in post\nValueError: No JSON object could be decoded\n"
	return []Fool{
		mutant("error/"+s.word+"-malformed-is-internal", s.prefix+"no-server-fault", "on the paths of "+s.word+" answers a body that is no JSON with INTERNAL_ERROR", onBad(noJSON, internal)),
		mutant("error/"+s.word+"-mistyped-is-internal", s.prefix+"no-server-fault", "on the paths of "+s.word+" answers an argument of the wrong type with INTERNAL_ERROR", onBad(mistyped, internal)),
		mutant("error/"+s.word+"-stack-trace", s.prefix+"internal-error", "on the paths of "+s.word+" answers a body that is no JSON with status 500 and a stack trace",
			onBad(noJSON, func() *answer { return text(http.StatusInternalServerError, "text/plain", trace) })),
		mutant("error/"+s.word+"-server-page", s.prefix+"internal-error", "on the paths of "+s.word+" dies of an argument of the wrong type, and the web server around it says so",
			onBad(mistyped, func() *answer {
				return text(http.StatusInternalServerError, "text/html", "<html><body><h1>500 Internal Server Error</h1></body></html>")
			})),
	}
}

// methodFools take methods that import_stats does not have.
func methodFools() []Fool {
	asGet := func(methods string) behaviour {
		return func(within step) step {
			return func(c *call) *answer {
				if c.on(statsPath) && strings.Contains(methods, c.req.Method) {
					return within(c.as(http.MethodGet))
				}
				return within(c)
			}
		}
	}
	return []Fool{
		mutant("error/statistics-post-answered", "analytics/errors/http-invalid-method", "answers a POST of import_stats like a GET", asGet("POST")),
		mutant("error/statistics-any-method-answered", "analytics/errors/http-invalid-method", "answers every method of import_stats like a GET", asGet("POST PUT PATCH DELETE")),
	}
}
