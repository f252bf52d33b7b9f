package schema

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestTheCompiledSchemaAgreesWithTheLibrary judges made-up values, near to what the document's schemas accept, both
// ways: where the compiled schema is sure, the library must say the same.
func TestTheCompiledSchemaAgreesWithTheLibrary(t *testing.T) {
	text, err := os.ReadFile("../flowgate.yaml")
	require.NoError(t, err)
	doc, err := Parse(text)
	require.NoError(t, err)
	sure := map[opinion]int{}
	for name := range doc.api.Components.Schemas {
		s, ok := doc.Component(name)
		require.True(t, ok)
		rapid.Check(t, func(t *rapid.T) {
			value := near(t, s, 4)
			got := s.fast()(value)
			sure[got]++
			if err := s.node.VisitJSON(value, visitFast...); got == yes && err != nil || got == no && err == nil {
				t.Fatalf("%s: compiled %v, library %v: %#v", name, got, err, value)
			}
		})
	}
	least := 200
	if testing.Short() { // rapid then draws a fifth of the values
		least = 20
	}
	require.Greater(t, sure[yes], least)
	require.Greater(t, sure[no], least)
}

// near draws a value that has a chance to fit: properties that the schema knows, values that the document uses.
func near(t *rapid.T, s *Schema, depth int) any {
	leaf := rapid.SampledFrom([]any{
		"", "flows_per_minute", "hours", "192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "fe80::1%eth0", "23/08/2023 11:36:41",
		"32/08/2023 11:36:41", "12", "COMPLETED", "true", "2024-01-08 22:11:00+00:00", "ä",
		0.0, 1.0, 60.0, -1.0, 1.5, 1e30, 9007199254740993.0, true, nil,
		[]any{},
		map[string]any{},
	})
	if depth == 0 {
		return leaf.Draw(t, "leaf")
	}
	switch rapid.IntRange(0, 5).Draw(t, "shape") {
	case 0:
		return leaf.Draw(t, "leaf")
	case 1:
		n := rapid.IntRange(0, 2).Draw(t, "items")
		list := make([]any, 0, n)
		for range n {
			list = append(list, near(t, s, depth-1))
		}
		return list
	}
	object := map[string]any{}
	for _, p := range candidates(s) {
		if rapid.IntRange(0, 9).Draw(t, "there") > 0 {
			object[p.Name] = near(t, p.Schema, 1)
			if rapid.IntRange(0, 9).Draw(t, "fitting") > 0 {
				object[p.Name] = fitting(p)
			}
		}
	}
	if rapid.IntRange(0, 9).Draw(t, "extra") == 0 {
		object["zz"] = leaf.Draw(t, "leaf")
	}
	return object
}

// candidates are the properties of a schema or of its first branch that has any.
func candidates(s *Schema) []Property {
	if props := s.Properties(); len(props) > 0 {
		return props
	}
	for _, ref := range append(s.node.OneOf, s.node.AnyOf...) {
		if props := candidates(newSchema(ref.Value, "")); len(props) > 0 {
			return props
		}
	}
	if s.node.Items != nil {
		return candidates(newSchema(s.node.Items.Value, ""))
	}
	return nil
}

// fitting is the first value of a few that the library accepts for a property.
func fitting(p Property) any {
	for _, v := range append([]any{1.0, "12", "192.0.2.1", "23/08/2023 11:36:41", "2024-01-08 22:11:00+00:00", true, map[string]any{}, []any{}}, p.Enum...) {
		if p.Schema.node.VisitJSON(v, visitFast...) == nil {
			return v
		}
	}
	return nil
}

func TestASchemaWithAnUnusualKeywordIsLeftToTheLibrary(t *testing.T) {
	for _, unusual := range []string{"{type: object, minProperties: 2}", "{type: number, multipleOf: 2}", "{type: array, uniqueItems: true, items: {}}", "{type: string, format: date-time}"} {
		doc, err := Parse([]byte("openapi: 3.0.3\ninfo: {title: t, version: '1'}\npaths: {}\ncomponents: {schemas: {X: " + unusual + "}}\n"))
		require.NoError(t, err)
		s, _ := doc.Component("X")
		for _, v := range []any{map[string]any{}, 3.0, []any{1.0, 1.0}, "x"} {
			require.Equal(t, ask, s.fast()(v), unusual)
		}
	}
}
