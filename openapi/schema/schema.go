// Package schema judges JSON against the schemas of an OpenAPI document. It is the only importer of a third-party
// OpenAPI library: kin-openapi parses the document and visits values, and this package turns what it says into
// [Detail]s that name a place, a keyword and a reason, and never the offending value.
//
// Documents may be written in the common subset of OpenAPI 3.0 and 3.1; the keywords that only 3.1 knows are
// refused on load, because the built-in validator would ignore them in silence.
package schema

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
)

// Doc is a parsed and validated OpenAPI document. It is immutable and safe for concurrent use.
type Doc struct {
	api *openapi3.T
}

// Parse reads an OpenAPI 3.0 or 3.1 document, YAML or JSON, resolves its local references and validates it,
// examples included. The error names the place in the document.
func Parse(text []byte) (*Doc, error) {
	loader := openapi3.NewLoader()
	api, err := loader.LoadFromData(text)
	if err != nil {
		return nil, fmt.Errorf("openapi: the document cannot be read: %w", err)
	}
	if !strings.HasPrefix(api.OpenAPI, "3.0.") && !strings.HasPrefix(api.OpenAPI, "3.1.") {
		return nil, fmt.Errorf("openapi: version %q is not supported (expected 3.0.x or 3.1.x)", api.OpenAPI)
	}
	// In 3.1 the library compiles a second validator for every value; the subset needs none of it.
	api.OpenAPI = "3.0.3"
	if err := api.Validate(context.Background()); err != nil {
		return nil, fmt.Errorf("openapi: the document is not valid: %w", err)
	}
	return &Doc{api: api}, nil
}

// Title is the title of the document's info.
func (d *Doc) Title() string { return d.api.Info.Title }

// Schema is one schema of a document, ready to judge values. It is immutable and safe for concurrent use.
type Schema struct {
	node *openapi3.Schema
	name string
	fast func() judge // compiled when it is first used
}

func newSchema(node *openapi3.Schema, name string) *Schema {
	return &Schema{node: node, name: name, fast: sync.OnceValue(func() judge { return compile(node, 0) })}
}

// Component returns the schema of that name below components/schemas; ok is false where there is none.
func (d *Doc) Component(name string) (s *Schema, ok bool) {
	ref := d.api.Components.Schemas[name]
	if ref == nil || ref.Value == nil {
		return nil, false
	}
	return newSchema(ref.Value, name), true
}

// Name is the schema's name below components/schemas, or "" for an inline schema.
func (s *Schema) Name() string { return s.name }

// Detail is one violation: where (a JSON pointer, "" for the whole value), which keyword of the schema, and why, in
// words that never hold the value.
type Detail struct {
	Pointer string `json:"pointer"`
	Keyword string `json:"keyword"`
	Reason  string `json:"reason"`
}

// String renders the detail for people: "/0/time_interval: must be an integer".
func (d Detail) String() string {
	if d.Pointer == "" {
		return d.Reason
	}
	return d.Pointer + ": " + d.Reason
}

// Validate judges a decoded JSON value (nil, bool, float64, string, []any, map[string]any). It returns nil where
// the value fits, and every violation that it finds otherwise, in the order of the document's walk.
func (s *Schema) Validate(value any) []Detail {
	// Only a bad value pays for the full account.
	if s.Fits(value) {
		return nil
	}
	err := s.node.VisitJSON(value, visitFull...)
	details := flatten(err)
	slices.SortStableFunc(details, func(a, b Detail) int { return strings.Compare(a.Pointer, b.Pointer) })
	return slices.Compact(details)
}

// Fits reports whether a decoded JSON value has no violation. It costs less than Validate where it has.
func (s *Schema) Fits(value any) bool {
	switch s.fast()(value) {
	case yes:
		return true
	case no:
		return false
	default:
		return s.node.VisitJSON(value, visitFast...) == nil
	}
}

// ValidateJSON decodes exactly one JSON value and judges it. Bytes that are not JSON, or more than one value, are one
// Detail with keyword "json".
func (s *Schema) ValidateJSON(raw []byte) []Detail {
	value, err := Decode(raw)
	if err != nil {
		return []Detail{{Keyword: "json", Reason: err.Error()}}
	}
	return s.Validate(value)
}

// Decode reads exactly one JSON value. Numbers become float64. The error tells the byte offset and never the text.
func Decode(raw []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	var v any
	if err := dec.Decode(&v); err != nil {
		var syn *json.SyntaxError
		if errors.As(err, &syn) {
			return nil, fmt.Errorf("not valid JSON at byte %d", syn.Offset)
		}
		if len(bytes.TrimSpace(raw)) == 0 {
			return nil, errors.New("empty where a JSON value was expected")
		}
		return nil, fmt.Errorf("not valid JSON: it ends too early, at byte %d", len(raw))
	}
	if rest := bytes.TrimSpace(raw[dec.InputOffset():]); len(rest) > 0 {
		return nil, fmt.Errorf("more text follows the JSON value, at byte %d", dec.InputOffset())
	}
	return v, nil
}

// Property tells what a schema says of one property of an object.
type Property struct {
	Name     string
	Required bool
	Types    []string // JSON types that the property's schema admits; empty: any
	Enum     []any
	Default  any
	Text     string // the description
	Schema   *Schema
}

// Properties lists the properties of an object schema, sorted by name; nil for any other schema.
func (s *Schema) Properties() []Property {
	props := make([]Property, 0, len(s.node.Properties))
	for name, ref := range s.node.Properties {
		props = append(props, newProperty(name, slices.Contains(s.node.Required, name), newSchema(ref.Value, "")))
	}
	slices.SortFunc(props, func(a, b Property) int { return strings.Compare(a.Name, b.Name) })
	return props
}

func newProperty(name string, required bool, s *Schema) Property {
	n := s.node
	return Property{Name: name, Required: required, Schema: s, Types: types(n), Enum: n.Enum, Default: n.Default, Text: n.Description}
}

// types collects the JSON types that a schema admits, looking into oneOf and anyOf.
func types(n *openapi3.Schema) []string {
	if n.Type != nil && len(n.Type.Slice()) > 0 {
		return n.Type.Slice()
	}
	var out []string
	for _, branch := range slices.Concat(n.OneOf, n.AnyOf) {
		for _, t := range types(branch.Value) {
			if !slices.Contains(out, t) {
				out = append(out, t)
			}
		}
	}
	return out
}

// ipFormat accepts what netip parses, without zones: a zone never leaves the machine that it belongs to.
func ipFormat(v6 bool) openapi3.StringFormatValidator {
	return openapi3.NewCallbackValidator(func(text string) error {
		a, err := netip.ParseAddr(text)
		if err != nil || a.Zone() != "" || a.Is6() != v6 {
			return errors.New("not an IP address of that family")
		}
		return nil
	})
}

// visitOptions are read-only tables shared by all schemas.
var (
	visitFormats = []openapi3.SchemaValidationOption{
		openapi3.EnableFormatValidation(),
		openapi3.WithStringFormatValidator("ipv4", ipFormat(false)),
		openapi3.WithStringFormatValidator("ipv6", ipFormat(true)),
		openapi3.DisableSchemaErrorDetails(),
	}
	visitFast = append(slices.Clone(visitFormats), openapi3.FailFast())
	visitFull = append(slices.Clone(visitFormats), openapi3.MultiErrors())
)
