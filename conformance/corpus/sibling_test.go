package corpus_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/fixtures/siblings"
	"github.com/flowgate-dev/flowgate/openapi"
	"github.com/flowgate-dev/flowgate/openapi/catalogue"
)

func further(t *testing.T, edits ...string) map[string]*corpus.Sibling {
	t.Helper()
	doc, err := openapi.Parse([]byte(strings.NewReplacer(edits...).Replace(string(siblings.Lamps))))
	require.NoError(t, err)
	out := map[string]*corpus.Sibling{}
	for _, s := range corpus.Siblings(doc, []*openapi.Document{doc}) {
		out[s.Op.ID] = &s
	}
	return out
}

func names(cases []corpus.SiblingCase) []string {
	var out []string
	for _, c := range cases {
		out = append(out, c.Name+" "+c.Path+" "+string(c.Body))
	}
	return out
}

func TestAFurtherDocumentTellsWhatToSend(t *testing.T) {
	s := further(t)
	const base = "/api/mgmt.lamps/1.0/"
	list := s["listLamps"]
	require.Equal(t, "spec/mgmt.lamps/listLamps", list.ID)
	require.True(t, list.Asked())
	require.Equal(t, corpus.SiblingRequest{Path: base + "lamps?colour=amber"}, list.Good, "what is required, and no more")
	require.False(t, list.Guessed, "an enumeration is no guess")
	require.Equal(t, []string{"colour/missing " + base + "lamps "}, names(list.Cases(catalogue.SiblingMissing)))
	require.Equal(t, []string{
		"colour/word " + base + "lamps?colour=flowgate-nothing ", "limit/word " + base + "lamps?colour=amber&limit=flowgate-nothing ",
	}, names(list.Cases(catalogue.SiblingInvalid)))

	usage := s["getUsage"]
	require.Equal(t, corpus.SiblingRequest{Path: base + "usage", Body: []byte(`{"hours":24}`)}, usage.Good, "the example")
	require.Equal(t, []string{"hours/missing " + base + "usage {}"}, names(usage.Cases(catalogue.SiblingMissing)))
	require.Equal(t, []string{
		"hours/object " + base + `usage {"hours":{"word":"flowgate-nothing"}}`, "hours/word " + base + `usage {"hours":"flowgate-nothing"}`,
	}, names(usage.Cases(catalogue.SiblingInvalid)))

	lamp := s["getLamp"]
	require.Equal(t, base+"lamps/porch", lamp.Good.Path)
	require.True(t, lamp.Guessed, "a device need not have this lamp")
	require.Empty(t, lamp.Wrong)
	require.Equal(t, "PUT", s["getLampVersion"].Method)

	for _, id := range []string{"addLamp", "removeLamp"} {
		require.False(t, s[id].Reads, id)
		require.False(t, s[id].Asked(), "%s would change something", id)
		require.Empty(t, s[id].Wrong, id)
	}
	require.Empty(t, s["addLamp"].Method, "a path is tried with one method once")
	require.Equal(t, "PUT", list.Method)
	require.Contains(t, s["addLamp"].Methodless, list.ID)
}

// A method of another document does something: it is not tried out as one that nobody knows.
func TestAMethodOfAnotherDocumentIsNotTried(t *testing.T) {
	doc, err := openapi.Parse(siblings.Lamps)
	require.NoError(t, err)
	other, err := openapi.Parse([]byte(`{"openapi": "3.1.0", "info": {"title": "Other", "version": "1"}, "paths": {"/api/mgmt.lamps/1.0/version": {
		"put": {"operationId": "install", "responses": {"204": {"description": "done"}}}}}}`))
	require.NoError(t, err)
	for _, s := range corpus.Siblings(doc, []*openapi.Document{doc, other}) {
		if s.Op.ID == "getLampVersion" {
			require.Equal(t, "PATCH", s.Method)
		}
	}
}

func TestWhatADocumentDoesNotTellIsNotAsked(t *testing.T) {
	unnamed := further(t, ", example: porch", "")["getLamp"]
	require.False(t, unnamed.Asked())
	require.Contains(t, unnamed.Unknown, "no example of {id}")
	require.True(t, strings.HasPrefix(unnamed.Good.Path, "/api/mgmt.lamps/1.0/lamps/"), "strangers are sent somewhere")
	require.NotContains(t, unnamed.Good.Path, "{")

	header := further(t, "{name: limit, in: query,", "{name: X-Limit, in: header, required: true,")["listLamps"]
	require.Contains(t, header.Unknown, "header X-Limit")

	pattern := further(t, "{hours: {type: integer, minimum: 1}", "{hours: {type: string, pattern: '^h[0-9]{9}$'}", "            example: {hours: 24}\n", "")["getUsage"]
	require.Contains(t, pattern.Unknown, "no body that fits")

	escaped := further(t, "example: porch", `example: "a/b c"`)["getLamp"]
	require.Equal(t, "/api/mgmt.lamps/1.0/lamps/a%2Fb%20c", escaped.Good.Path)

	known := further(t, "  /api/mgmt.lamps/1.0/version:\n    get:", "  /other/{x}:\n    parameters: [{name: x, in: path, required: true, schema: {type: integer, default: 7}}]\n    put: {operationId: a, responses: {'200': {description: a}}}\n    patch: {operationId: b, responses: {'200': {description: a}}}\n    post: {operationId: c, responses: {'200': {description: a}}}\n    get:")["getLampVersion"]
	require.Equal(t, "spec/other/getLampVersion", known.ID, "a path of no service")
	require.Equal(t, "/other/7", known.Good.Path, "a default is as good as an example")
	require.Empty(t, known.Method)
	require.Contains(t, known.Methodless, "every method")
}
