package specdiff_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/cmd/flowgate/internal/specdiff"
	"github.com/flowgate-dev/flowgate/openapi"
)

const document = `
openapi: 3.1.1
info: {title: t, version: "1"}
security: [{basic: []}]
paths:
  /jobs:
    parameters: [{name: page, in: query, schema: {type: integer, maximum: 9}}]
    get:
      operationId: listJobs
      description: prose
      responses:
        "200": {description: d, content: {application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Job'}}}}}
    post:
      operationId: startJob
      security: []
      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Job'}}}}
      responses: {"204": {description: d}}
components:
  schemas:
    Job:
      type: object
      required: [host]
      additionalProperties: false
      properties:
        host: {type: string, maxLength: 64}
        status: {type: string, enum: [NONE, EXECUTING]}
        inner: {type: object, properties: {deep: {oneOf: [{type: integer}, {type: string}]}}}
        next: {$ref: '#/components/schemas/Job'}
`

func TestEachPromiseThatChangesIsTold(t *testing.T) {
	for name, c := range map[string]struct{ old, new, want string }{
		"nothing":            {"", "", ""},
		"prose":              {"description: prose", "description: other prose", ""},
		"operation id":       {"operationId: listJobs", "operationId: jobs", `~ GET /jobs: operationId: listJobs -> jobs`},
		"path":               {"/jobs:", "/tasks:", "- GET /jobs\n+ GET /tasks\n- POST /jobs\n+ POST /tasks"},
		"limit of parameter": {"maximum: 9", "maximum: 8", "~ GET /jobs: query parameter page: maximum: 9 -> 8\n~ POST /jobs: query parameter page: maximum: 9 -> 8"},
		"open operation":     {"      security: []\n", "", `~ POST /jobs: security: none -> basic`},
		"status":             {`"204"`, `"202"`, "+ POST /jobs: answer 202\n- POST /jobs: answer 204"},
		"optional body":      {"required: true", "required: false", `~ POST /jobs: request: required: true -> false`},
		"enum value":         {"[NONE, EXECUTING]", "[NONE, RUNNING]", "- schema Job: status: enum \"EXECUTING\"\n+ schema Job: status: enum \"RUNNING\""},
		"enum order":         {"[NONE, EXECUTING]", "[EXECUTING, NONE]", ""},
		"field":              {"        host: {type: string, maxLength: 64}\n", "", "- schema Job: host"},
		"required":           {"required: [host]", "required: [host, status]", `+ schema Job: required "status"`},
		"closed object":      {"additionalProperties: false", "additionalProperties: true", `~ schema Job: additionalProperties: false -> true`},
		"type of a branch":   {"{type: integer}, {type: string}", "{type: number}, {type: string}", `~ schema Job: inner.deep: oneOf 1: type: integer -> number`},
		"reference":          {"next: {$ref: '#/components/schemas/Job'}", "next: {$ref: '#/components/schemas/Task'}", `~ schema Job: next: $ref: #/components/schemas/Job -> #/components/schemas/Task`},
		"limit dropped":      {", maxLength: 64", "", `- schema Job: host: maxLength = 64`},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, document, c.old)
			changes, err := specdiff.Compare([]byte(document), []byte(strings.Replace(document, c.old, c.new, 1)))
			require.NoError(t, err)
			var lines []string
			for _, x := range changes {
				lines = append(lines, x.String())
			}
			require.ElementsMatch(t, strings.Fields(strings.ReplaceAll(c.want, " ", "_")), strings.Fields(strings.ReplaceAll(strings.Join(lines, "\n"), " ", "_")))
		})
	}
}

func TestOneDocumentInTwoFormsIsTheSame(t *testing.T) {
	text := openapi.Text(openapi.Version31)
	json, err := openapi.Convert(text)
	require.NoError(t, err)
	changes, err := specdiff.Compare(text, json)
	require.NoError(t, err)
	require.Empty(t, changes)
	changes, err = specdiff.Compare(text, openapi.Text(openapi.Version30))
	require.NoError(t, err)
	require.Empty(t, changes)
}

func TestWhatIsNoDocument(t *testing.T) {
	good := []byte(document)
	_, err := specdiff.Compare([]byte("a: [b"), good)
	require.ErrorContains(t, err, "first document: is no YAML")
	_, err = specdiff.Compare(good, []byte("swagger: '2.0'"))
	require.ErrorContains(t, err, "second document: is no OpenAPI document")
	_, err = specdiff.Compare(nil, good)
	require.ErrorContains(t, err, "first document")
}
