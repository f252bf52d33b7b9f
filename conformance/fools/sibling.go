package fools

import (
	"net/http"
	"strings"
)

// The resources of the document in fixtures/siblings.
const (
	lampsPath   = "/api/mgmt.lamps/1.0/lamps"
	lampPath    = "/api/mgmt.lamps/1.0/lamps/porch"
	usagePath   = "/api/mgmt.lamps/1.0/usage"
	versionPath = "/api/mgmt.lamps/1.0/version"
)

func lamps(c *call) bool { return strings.HasPrefix(c.req.URL.Path, "/api/mgmt.lamps/") }

// siblingFools break what a further document says of its operations.
func siblingFools() []Fool {
	const list, lamp, usage, remove, version = "spec/mgmt.lamps/listLamps", "spec/mgmt.lamps/getLamp", "spec/mgmt.lamps/getUsage", "spec/mgmt.lamps/removeLamp", "spec/mgmt.lamps/getLampVersion"
	is := func(method, path string) func(*call) bool {
		return func(c *call) bool { return c.is(method, path) }
	}
	set := func(status int) func(*call, *answer) {
		return func(_ *call, a *answer) {
			if a.ok() {
				a.status = status
			}
		}
	}
	colour := func(c *call) string { return c.req.URL.Query().Get("colour") }
	const bulbs = `[{"name": "porch", "watts": 7}]`
	return []Fool{
		warned(mutant("sibling/accepted", lamp+"/status", "answers 202 where the further document knows 200 only", editAnswers(is("GET", lampPath), set(http.StatusAccepted)))),
		warned(mutant("sibling/empty-success", list+"/status", "answers 204 where there is something to tell", editAnswers(is("GET", lampsPath), func(_ *call, a *answer) {
			if a.ok() {
				*a = *noContent()
			}
		}))),
		warned(mutant("sibling/number-as-text", lamp+"/shape", "writes a number in quotes", editAnswers(is("GET", lampPath), func(_ *call, a *answer) {
			a.editObject(fixed("watts", "7"))
		}))),
		warned(mutant("sibling/object-for-list", list+"/shape", "wraps a list into an object", editAnswers(is("GET", lampsPath), func(_ *call, a *answer) {
			if a.ok() {
				a.edit(func(v any) any { return newObject("items", v) })
			}
		}))),
		warned(mutant("sibling/field-left-out", usage+"/shape", "leaves out what the further document requires", editAnswers(is("GET", usagePath), func(_ *call, a *answer) {
			if a.ok() {
				*a = *asJSON(http.StatusOK, newObject("hours", 24))
			}
		}))),
		warned(mutant("sibling/error-as-page", list+"/shape", "answers a bad query with a page", editAnswers(is("GET", lampsPath), func(_ *call, a *answer) {
			if a.status == http.StatusBadRequest {
				*a = *text(http.StatusBadRequest, "text/html", "<html><body>Bad request</body></html>")
			}
		}))),
		mutant("sibling/for-everybody", usage+"/auth", "checks no credentials for one resource of the sibling", letIn(is("GET", usagePath))),
		mutant("sibling/parameter-for-everybody", lamp+"/auth", "checks no credentials where the path has a parameter", letIn(is("GET", lampPath))),
		mutant("sibling/removes-for-everybody", remove+"/auth", "checks no credentials for DELETE", letIn(is("DELETE", lampPath))),
		mutant("sibling/breaks-without-credentials", list+"/auth", "breaks where credentials are missing", editAnswers(is("GET", lampsPath), func(_ *call, a *answer) {
			if a.status == http.StatusUnauthorized {
				*a = *refusal(http.StatusInternalServerError, "INTERNAL_ERROR", "Something went wrong.")
			}
		})),
		warned(mutant("sibling/any-method", version+"/method", "takes any method for GET", func(within step) step {
			return func(c *call) *answer {
				if c.on(versionPath) {
					return within(c.as(http.MethodGet))
				}
				return within(c)
			}
		})),
		warned(mutant("sibling/method-breaks", usage+"/method", "breaks at a method that it does not know", editAnswers(func(c *call) bool { return c.on(usagePath) }, func(_ *call, a *answer) {
			if a.status == http.StatusMethodNotAllowed {
				*a = *refusal(http.StatusInternalServerError, "INTERNAL_ERROR", "Something went wrong.")
			}
		}))),
		warned(mutant("sibling/query-not-checked", list+"/request/invalid", "lists something for a colour that there is not", instead(func(c *call) bool {
			return c.is("GET", lampsPath) && colour(c) != "" && colour(c) != "amber" && colour(c) != "green"
		}, func(*call) *answer { return text(http.StatusOK, "application/json", bulbs) }))),
		warned(mutant("sibling/number-not-checked", list+"/request/invalid", "takes a word for a number in its query", func(within step) step {
			return func(c *call) *answer {
				if c.is("GET", lampsPath) && strings.Contains(c.req.URL.RawQuery, "limit=flowgate") {
					r := c.req.Clone(c.req.Context())
					r.URL.RawQuery = "colour=" + colour(c)
					return within(&call{r, c.body})
				}
				return within(c)
			}
		})),
		warned(mutant("sibling/body-not-checked", usage+"/request/invalid", "counts nothing for hours that are no number", editAnswers(is("GET", usagePath), func(_ *call, a *answer) {
			if a.status == http.StatusBadRequest {
				*a = *asJSON(http.StatusOK, newObject("watt_hours", 0))
			}
		}))),
		warned(mutant("sibling/breaks-at-a-word", list+"/no-internal-error", "breaks at a word where a number should be", editAnswers(is("GET", lampsPath), func(c *call, a *answer) {
			if strings.Contains(c.req.URL.RawQuery, "limit=flowgate") && a.status == http.StatusBadRequest {
				*a = *refusal(http.StatusInternalServerError, "INTERNAL_ERROR", "Something went wrong.")
			}
		}))),
	}
}

// letIn answers the calls that match with the credentials of an earlier one.
func letIn(of func(*call) bool) behaviour {
	return func(within step) step {
		header := ""
		return func(c *call) *answer {
			if header != "" && of(c) {
				return within(c.authorized(header))
			}
			a := within(c)
			if h := c.req.Header.Get("Authorization"); h != "" && a.ok() && c.protected() {
				header = h
			}
			return a
		}
	}
}

// oddSiblings keep a further document in other lawful ways.
func oddSiblings() []Fool {
	refused := func(status int, as int) behaviour {
		return editAnswers(lamps, func(_ *call, a *answer) {
			if a.status == status {
				a.status = as
			}
		})
	}
	return []Fool{
		odd("sibling-absent", "neither lists the sibling nor has it", lacking("mgmt.lamps", lamps)),
		odd("sibling-more-members", "tells more of a lamp than the further document", editAnswers(func(c *call) bool { return c.is("GET", lampPath) }, func(_ *call, a *answer) {
			if a.ok() {
				a.editObject(fixed("socket", "E27"))
			}
		})),
		odd("sibling-unprocessable", "refuses what it cannot use with 422", refused(http.StatusBadRequest, http.StatusUnprocessableEntity)),
		odd("sibling-forbidden", "refuses strangers with 403", refused(http.StatusUnauthorized, http.StatusForbidden)),
		odd("sibling-methods-not-implemented", "answers foreign methods with 501", refused(http.StatusMethodNotAllowed, http.StatusNotImplemented)),
		odd("sibling-parameter-unknown", "has no lamp of the name in the further document's example", editAnswers(func(c *call) bool { return c.on(lampPath) && c.req.Method == http.MethodGet }, func(_ *call, a *answer) {
			if a.ok() {
				*a = *refusal(http.StatusNotFound, "RESOURCE_NOT_FOUND", "There is no such lamp.")
			}
		})),
	}
}
