package schema

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/brianvoe/gofakeit/v7"
	"github.com/getkin/kin-openapi/openapi3"
)

// Parameter is what an operation takes in its path, its query or its header.
type Parameter struct {
	Name     string
	In       string // path, query, header or cookie
	Required bool
	Schema   *Schema // nil where the document gives none
	Example  any     // of the parameter or of its schema; nil where the document gives none
}

// Fits reports whether a text, as it stands in a path, a query or a header once it is unescaped, is what the parameter
// takes. Lists and objects are written in too many ways to be judged: they fit.
func (p *Parameter) Fits(text string) bool {
	if p.Schema == nil {
		return true
	}
	kinds := types(p.Schema.node)
	if len(kinds) == 0 || slices.Contains(kinds, "array") || slices.Contains(kinds, "object") {
		return true
	}
	if slices.Contains(kinds, "string") && p.Schema.Fits(text) {
		return true
	}
	value, err := Decode([]byte(text))
	if err != nil {
		return false
	}
	if _, quoted := value.(string); quoted {
		return false
	}
	return p.Schema.Fits(value)
}

// Property is the parameter as if it were a property of an object.
func (p *Parameter) Property() Property {
	if p.Schema == nil {
		return Property{Name: p.Name, Required: p.Required}
	}
	return newProperty(p.Name, p.Required, p.Schema)
}

// Sample is a text that the parameter takes: its example, or one that is made up as Schema.Sample does. ok is false where
// none is known.
func (p *Parameter) Sample(fake *gofakeit.Faker) (text string, ok bool) {
	value := p.Example
	if value == nil {
		if p.Schema == nil {
			return "", false
		}
		if value, ok = p.Schema.Sample(fake); !ok {
			return "", false
		}
	}
	return plain(value)
}

// plain writes a value as it stands in an address; ok is false for lists, objects and null.
func plain(value any) (text string, ok bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case nil, []any, map[string]any:
		return "", false
	default:
		raw, err := json.Marshal(v)
		return string(raw), err == nil
	}
}

// parameters are those of an operation, and those of its path that it does not replace, sorted by place and name.
func parameters(ofPath, own openapi3.Parameters) []Parameter {
	var out []Parameter
	for _, ref := range slices.Concat(own, ofPath) {
		p := ref.Value
		if slices.ContainsFunc(out, func(x Parameter) bool { return x.Name == p.Name && x.In == p.In }) {
			continue
		}
		out = append(out, Parameter{Name: p.Name, In: p.In, Required: p.Required, Schema: named(p.Schema), Example: parameterExample(p)})
	}
	slices.SortFunc(out, func(a, b Parameter) int {
		return cmp.Or(strings.Compare(a.In, b.In), strings.Compare(a.Name, b.Name))
	})
	return out
}

// parameterExample is the parameter's own example, or the first of several by name, or its schema's.
func parameterExample(p *openapi3.Parameter) any {
	if p.Example != nil {
		return p.Example
	}
	for _, name := range slices.Sorted(maps.Keys(p.Examples)) {
		if e := p.Examples[name].Value; e != nil && e.Value != nil {
			return e.Value
		}
	}
	if p.Schema != nil && p.Schema.Value != nil {
		return p.Schema.Value.Example
	}
	return nil
}
