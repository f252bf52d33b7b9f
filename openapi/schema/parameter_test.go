package schema_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/openapi/schema"
)

const parameters = `openapi: 3.1.1
info: {title: Parameters, version: "1"}
paths:
  /a/{id}:
    parameters:
      - {name: id, in: path, required: true, schema: {type: string}, example: seven}
      - {name: n, in: query, schema: {type: string}}
    get:
      operationId: a
      parameters:
        - {name: n, in: query, required: true, schema: {type: integer, minimum: 3, maximum: 9}}
        - {name: on, in: query, schema: {type: boolean}}
        - {name: word, in: query, schema: {type: string, enum: [one, two]}, examples: {z: {value: two}, a: {value: one}}}
        - {name: list, in: query, schema: {type: array, items: {type: integer}}}
        - {name: either, in: query, schema: {oneOf: [{type: integer}, {type: string, minLength: 5}]}}
      responses: {"200": {description: a}}
`

func TestParametersAreReadOffTheirPathAndOperation(t *testing.T) {
	doc, err := schema.Parse([]byte(parameters))
	require.NoError(t, err)
	list := doc.Operations()[0].Parameters
	var names []string
	byName := map[string]schema.Parameter{}
	for _, p := range list {
		names = append(names, p.In+" "+p.Name)
		byName[p.Name] = p
	}
	require.Equal(t, []string{"path id", "query either", "query list", "query n", "query on", "query word"}, names)
	require.True(t, byName["n"].Required, "the operation's own wins over the path's")
	require.Equal(t, "seven", byName["id"].Example)
	require.Equal(t, "one", byName["word"].Example, "the first by name")

	for name, c := range map[string]struct{ good, bad []string }{
		"n":      {[]string{"3", "9"}, []string{"2", "10", "4.5", "x", "", `"4"`, "[4]", "null"}},
		"on":     {[]string{"true", "false"}, []string{"yes", "1", ""}},
		"word":   {[]string{"one", "two"}, []string{"three", "ONE", "1"}},
		"list":   {[]string{"1,2", "x", ""}, nil},
		"either": {[]string{"12", "lengthy"}, []string{"word"}},
		"id":     {[]string{"anything", "7", "true", "null"}, nil},
	} {
		p := byName[name]
		for _, text := range c.good {
			require.True(t, p.Fits(text), "%s=%s", name, text)
		}
		for _, text := range c.bad {
			require.False(t, p.Fits(text), "%s=%s", name, text)
		}
		sample, ok := p.Sample(schema.Fake(1, "a"))
		require.Equal(t, name != "list", ok, name)
		if ok {
			require.True(t, p.Fits(sample), "%s=%s was made up", name, sample)
		}
	}
}
