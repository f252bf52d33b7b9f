package mockserver_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/fixtures/siblings"
	"github.com/flowgate-dev/flowgate/mockserver"
	"github.com/flowgate-dev/flowgate/openapi"
)

const lamps = `openapi: 3.1.1
info: {title: Lamps, version: "1.0"}
security: [{basic: []}]
components:
  securitySchemes: {basic: {type: http, scheme: basic}}
paths:
  /api/mgmt.lamps/1.0/lamps/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    get:
      operationId: getLamp
      responses:
        "200":
          description: the lamp
          content:
            application/json:
              schema:
                type: object
                required: [name, watts, address]
                properties:
                  name: {type: string, minLength: 12}
                  watts: {type: integer, minimum: 5, maximum: 9}
                  address: {type: string, format: ipv4}
                  colour: {type: string, enum: [amber, green]}
    put:
      operationId: setLamp
      requestBody:
        required: true
        content: {application/json: {schema: {type: object, required: [lit], properties: {lit: {type: boolean}}}}}
      responses: {"204": {description: done}}
  /api/mgmt.lamps/1.0/lamps/first:
    get:
      operationId: getFirst
      security: []
      responses:
        2XX:
          description: the first
          content: {application/json: {schema: {type: object}, example: {name: porch}}}
`

func parsed(t testing.TB, text string) *openapi.Document {
	doc, err := openapi.Parse([]byte(text))
	require.NoError(t, err)
	return doc
}

func withLamps(t testing.TB, seed uint64) *mockserver.Appliance {
	return standing(t, func(o *mockserver.Options) { o.Siblings, o.Seed = []*openapi.Document{parsed(t, lamps)}, seed })
}

func TestSiblingsAreServedFromTheirDocuments(t *testing.T) {
	a := withLamps(t, 1)
	const lamp = "/api/mgmt.lamps/1.0/lamps/7"
	w := ask(t, a, http.MethodGet, lamp, "")
	require.Equal(t, http.StatusOK, w.Code, "%s", w.Body)
	require.Equal(t, "application/json", w.Header().Get("Content-Type"))
	said := parsed(t, lamps).Operation("getLamp").Answers[0].Schema
	require.Empty(t, said.ValidateJSON(w.Body.Bytes()), "%s", w.Body)
	require.Contains(t, w.Body.String(), `"colour":"amber"`)
	require.Equal(t, w.Body.String(), ask(t, withLamps(t, 1), http.MethodGet, lamp, "").Body.String(), "the same seed")
	require.NotEqual(t, w.Body.String(), ask(t, withLamps(t, 2), http.MethodGet, lamp, "").Body.String(), "another seed")

	refused(t, ask(t, a, http.MethodGet, lamp, "", "Authorization", ""), http.StatusUnauthorized, "AUTH_REQUIRED")
	w = ask(t, a, http.MethodDelete, lamp, "")
	refused(t, w, http.StatusMethodNotAllowed, "HTTP_INVALID_METHOD")
	require.Equal(t, "GET, PUT", w.Header().Get("Allow"))
	refused(t, ask(t, a, http.MethodPut, lamp, `{"lit":"yes"}`), http.StatusBadRequest, "BAD_REQUEST", "lit", "boolean")
	refused(t, ask(t, a, http.MethodPut, lamp, ""), http.StatusBadRequest, "BAD_REQUEST", "body")
	require.Equal(t, http.StatusNoContent, ask(t, a, http.MethodPut, lamp, `{"lit":true}`).Code)
	for _, path := range []string{"/api/mgmt.lamps/1.0/lamps/", "/api/mgmt.lamps/1.0/lamps/7/8"} {
		require.Equal(t, http.StatusNotFound, ask(t, a, http.MethodGet, path, "").Code, path)
	}

	w = ask(t, a, http.MethodGet, "/api/mgmt.lamps/1.0/lamps/first", "", "Authorization", "")
	require.Equal(t, http.StatusOK, w.Code, "no credentials are needed where the document says so")
	require.JSONEq(t, `{"name":"porch"}`, w.Body.String(), "the example comes first, and the exact path")
	require.Contains(t, ask(t, a, http.MethodGet, "/api/common/1.0/services.json", "").Body.String(), `{"id":"mgmt.lamps","versions":["1.0"]}`)
}

// The document that the judge is tried with is served too, and its queries are looked at.
func TestSiblingsRefuseQueriesThatTheirDocumentDoesNotKnow(t *testing.T) {
	a := standing(t, func(o *mockserver.Options) { o.Siblings = []*openapi.Document{parsed(t, string(siblings.Lamps))} })
	const list = "/api/mgmt.lamps/1.0/lamps"
	require.Equal(t, http.StatusOK, ask(t, a, http.MethodGet, list+"?colour=amber", "").Code)
	require.Equal(t, http.StatusOK, ask(t, a, http.MethodGet, list+"?colour=green&limit=3&nobody=knows", "").Code)
	refused(t, ask(t, a, http.MethodGet, list, ""), http.StatusBadRequest, "BAD_REQUEST", "colour", "lacks")
	refused(t, ask(t, a, http.MethodGet, list+"?colour=red", ""), http.StatusBadRequest, "BAD_REQUEST", "colour", `"amber"`)
	refused(t, ask(t, a, http.MethodGet, list+"?colour=amber&limit=0", ""), http.StatusBadRequest, "BAD_REQUEST", "limit", "integer")
	refused(t, ask(t, a, http.MethodGet, list+"?colour=amber&colour=blue", ""), http.StatusBadRequest, "BAD_REQUEST", "colour")
	refused(t, ask(t, a, http.MethodGet, list, "", "Authorization", ""), http.StatusUnauthorized, "AUTH_REQUIRED")
}

// Schemas that are put together, bodies that may be left out, answers that are called default: what is made up fits.
func TestSiblingsAnswerWhatFitsTheirSchemas(t *testing.T) {
	const text = `openapi: 3.0.3
info: {title: Shapes, version: "1"}
paths:
  /api/mgmt.shapes/2.1/all:
    get:
      operationId: all
      requestBody: {content: {application/json: {schema: {type: object, required: [n], properties: {n: {type: integer}}}}}}
      responses:
        default:
          description: all of them
          content:
            application/json:
              schema:
                allOf:
                  - {type: object, required: [a], properties: {a: {type: string, minLength: 2, maxLength: 3}}}
                  - {type: object, required: [b], properties: {b: {oneOf: [{type: integer, minimum: 4, maximum: 4}, {type: boolean}]}}}
  /api/mgmt.shapes/2.1/any:
    get:
      operationId: any
      responses:
        2XX: {description: any, content: {application/json: {schema: {type: array, minItems: 2, items: {anyOf: [{type: string, format: ipv6}, {type: number}]}}}}}
  /api/mgmt.shapes/2.1/nothing:
    post: {operationId: nothing, security: [], responses: {"202": {description: nothing to tell}}}
`
	doc := parsed(t, text)
	a := standing(t, func(o *mockserver.Options) { o.Siblings = []*openapi.Document{parsed(t, lamps), doc} })
	for _, id := range []string{"all", "any"} {
		op := doc.Operation(id)
		w := ask(t, a, op.Method, op.Path, "")
		require.Equal(t, http.StatusOK, w.Code, "%s", w.Body)
		said, ok := op.Success(w.Code)
		require.True(t, ok)
		require.Empty(t, said.Schema.ValidateJSON(w.Body.Bytes()), "%s", w.Body)
	}
	refused(t, ask(t, a, http.MethodGet, "/api/mgmt.shapes/2.1/all", `{"n":"x"}`), http.StatusBadRequest, "BAD_REQUEST", "n", "integer")
	w := ask(t, a, http.MethodPost, "/api/mgmt.shapes/2.1/nothing", "", "Authorization", "")
	require.Equal(t, http.StatusAccepted, w.Code)
	require.Empty(t, w.Body.Bytes())
	require.Equal(t, http.StatusOK, ask(t, a, http.MethodGet, "/api/mgmt.lamps/1.0/lamps/7", "").Code, "two documents stand beside each other")

	_, err := mockserver.New(mockserver.Options{PasswordCost: 4, Siblings: []*openapi.Document{doc, doc}})
	require.ErrorContains(t, err, "served already", "two further documents may not say the same")
}

func TestSiblingsThatCannotBeServed(t *testing.T) {
	for name, c := range map[string]struct{ from, to, want string }{
		"operationId": {"getLamp", "getBackup", "operationId"},
		"path":        {"/api/mgmt.lamps/1.0/lamps/first", "/api/mgmt.gateway_backup/1.0/backup", "served already"},
		"pattern":     {"minLength: 12", "pattern: '^[0-9]{9}$'", "example"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, lamps, c.from)
			doc, err := openapi.Parse([]byte(strings.Replace(lamps, c.from, c.to, 1)))
			require.NoError(t, err)
			_, err = mockserver.New(mockserver.Options{PasswordCost: 4, Siblings: []*openapi.Document{doc}})
			require.ErrorContains(t, err, c.want)
		})
	}
}
