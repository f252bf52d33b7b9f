package openapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/flowgate-dev/flowgate/openapi/schema"
)

// Parse reads a document, checks it, and lists its operations. The error names the place.
func Parse(text []byte) (*Document, error) {
	doc, err := schema.Parse(text)
	if err != nil {
		return nil, err
	}
	d := &Document{Title: doc.Title(), doc: doc, byID: map[string]*Operation{}}
	for _, raw := range doc.Operations() {
		op, err := operation(doc, raw)
		if err != nil {
			return nil, fmt.Errorf("openapi: %s %s: %w", raw.Method, raw.Path, err)
		}
		if d.byID[op.ID] != nil {
			return nil, fmt.Errorf("openapi: %s %s: operationId %q is used twice", raw.Method, raw.Path, op.ID)
		}
		d.byID[op.ID] = op
		d.Operations = append(d.Operations, op)
	}
	slices.SortFunc(d.Operations, func(a, b *Operation) int {
		if c := strings.Compare(a.Path, b.Path); c != 0 {
			return c
		}
		return strings.Compare(a.Method, b.Method)
	})
	if len(d.Operations) == 0 {
		return nil, errors.New("openapi: the document has no operations")
	}
	return d, nil
}

func operation(doc *schema.Doc, raw schema.Operation) (*Operation, error) {
	if raw.ID == "" {
		return nil, errors.New("operationId is missing")
	}
	op := &Operation{
		ID: raw.ID, Method: raw.Method, Path: raw.Path, Summary: raw.Summary, Open: raw.Open, Request: raw.Request, Optional: raw.Optional,
		Params: raw.Parameters,
	}
	if len(raw.Tags) > 0 {
		op.Tag = raw.Tags[0]
	}
	for _, a := range raw.Answers {
		op.Answers = append(op.Answers, Answer{Status: a.Status, Schema: a.Schema, Examples: a.Examples})
	}
	for _, e := range raw.Examples {
		body, err := json.Marshal(e.Value)
		if err != nil {
			return nil, fmt.Errorf("example %s: %w", e.Name, err)
		}
		op.Examples = append(op.Examples, RequestExample{Name: e.Name, Body: body})
	}
	variants, err := variants(doc, raw.Extensions["x-variants"])
	op.Variants = variants
	return op, err
}

// variants reads the extension x-variants: [{name, title, schema}], schema being a name below components/schemas.
func variants(doc *schema.Doc, extension any) ([]Variant, error) {
	if extension == nil {
		return nil, nil
	}
	text, err := json.Marshal(extension)
	if err != nil {
		return nil, fmt.Errorf("x-variants: %w", err)
	}
	var rows []struct{ Name, Title, Schema string }
	if err := json.Unmarshal(text, &rows); err != nil {
		return nil, fmt.Errorf("x-variants: expected a list of {name, title, schema}: %w", err)
	}
	out := make([]Variant, 0, len(rows))
	for _, r := range rows {
		s, ok := doc.Component(r.Schema)
		if !ok {
			return nil, fmt.Errorf("x-variants: no schema %q below components/schemas", r.Schema)
		}
		v := Variant{Name: r.Name, Title: r.Title, Schema: s, types: map[string]map[string]bool{}}
		for _, p := range s.Properties() {
			kinds := map[string]bool{}
			for _, t := range p.Types {
				kinds[t] = true
				if t == "number" {
					kinds["integer"] = true
				}
			}
			v.types[p.Name] = kinds
		}
		out = append(out, v)
	}
	return out, nil
}
