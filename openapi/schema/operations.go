package schema

import (
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Operation is one method of one path, as the document has it.
type Operation struct {
	ID, Method, Path, Summary string
	Tags                      []string
	Open                      bool    // the operation overrides the document's security with none
	Request                   *Schema // of the JSON body, or nil
	Optional                  bool    // the body may be left out
	Parameters                []Parameter
	Answers                   []Answer
	Examples                  []Example // of the JSON request body, sorted by name; the one without a name first
	Extensions                map[string]any
}

// Answer is one documented response; Schema is nil where it has no JSON body.
type Answer struct {
	Status   string
	Schema   *Schema
	Examples []Example // of the JSON body, sorted by name
}

// Example is a named example value.
type Example struct {
	Name  string
	Value any
}

// Operations lists every operation of the document, in no particular order.
func (d *Doc) Operations() []Operation {
	var out []Operation
	for path, item := range d.api.Paths.Map() {
		for method, op := range item.Operations() {
			o := d.operation(method, path, op)
			o.Parameters = parameters(item.Parameters, op.Parameters)
			out = append(out, o)
		}
	}
	return out
}

func (d *Doc) operation(method, path string, op *openapi3.Operation) Operation {
	o := Operation{
		ID: op.OperationID, Method: method, Path: path, Summary: op.Summary, Tags: op.Tags,
		Open: op.Security != nil && len(*op.Security) == 0 || op.Security == nil && len(d.api.Security) == 0, Extensions: op.Extensions,
	}
	if op.RequestBody != nil {
		if media := op.RequestBody.Value.Content.Get("application/json"); media != nil {
			o.Request, o.Optional = named(media.Schema), !op.RequestBody.Value.Required
			o.Examples = examples(media)
		}
	}
	for status, r := range op.Responses.Map() {
		a := Answer{Status: status}
		if media := r.Value.Content.Get("application/json"); media != nil {
			a.Schema, a.Examples = named(media.Schema), examples(media)
		}
		o.Answers = append(o.Answers, a)
	}
	slices.SortFunc(o.Answers, func(a, b Answer) int { return strings.Compare(a.Status, b.Status) })
	return o
}

// examples are a body's, the one without a name first.
func examples(media *openapi3.MediaType) []Example {
	var out []Example
	if media.Example != nil {
		out = append(out, Example{Value: media.Example})
	}
	for name, e := range media.Examples {
		if e.Value.Value != nil {
			out = append(out, Example{Name: name, Value: e.Value.Value})
		}
	}
	slices.SortFunc(out, func(a, b Example) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func named(ref *openapi3.SchemaRef) *Schema {
	if ref == nil || ref.Value == nil {
		return nil
	}
	return newSchema(ref.Value, strings.TrimPrefix(ref.Ref, "#/components/schemas/"))
}
