// Package openapi holds the OpenAPI document that both halves of flowgate are driven by: the appliance takes its
// routes and its request validation from it, the judge its operations and the shapes of their answers.
//
// The document is derived from the two published documents of the appliance (flow analytics; backup and restore)
// and from what is known of the Common API. What it promises is listed in [openapi/catalogue]; where it leaves
// questions open, in [openapi/dialect].
package openapi

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"go.yaml.in/yaml/v4"

	"github.com/flowgate-dev/flowgate/openapi/schema"
)

//go:embed flowgate.yaml
var source []byte

// The versions that Text can publish. 3.1 is canonical: only there is a GET with a body expressible.
const (
	Version30 = "3.0.3"
	Version31 = "3.1.1"
)

// Text is the document as YAML in the given version (Version30 or Version31). Only the version line differs: the
// document stays in the common subset of both.
func Text(version string) []byte {
	_, rest, _ := strings.Cut(string(source), "\n")
	return []byte("openapi: " + version + "\n" + rest)
}

// Convert turns a YAML document into indented JSON with sorted keys.
func Convert(text []byte) ([]byte, error) {
	var tree any
	if err := yaml.Unmarshal(text, &tree); err != nil {
		return nil, fmt.Errorf("openapi: not valid YAML: %w", err)
	}
	out, err := json.MarshalIndent(tree, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("openapi: cannot be written as JSON: %w", err)
	}
	return append(out, '\n'), nil
}

// embedded parses the embedded document once; its text is fixed, so the result is too.
var embedded = sync.OnceValues(func() (*Document, error) { return Parse(source) })

// Load returns the embedded document, parsed once. The Document is shared and immutable.
func Load() (*Document, error) { return embedded() }

// Document is a parsed OpenAPI document. It is immutable and safe for concurrent use.
type Document struct {
	Title      string       // of the document's info
	Operations []*Operation // sorted by path, then by method
	doc        *schema.Doc
	byID       map[string]*Operation
}

// Operation is one method of one path.
type Operation struct {
	ID       string // operationId
	Method   string // upper case
	Path     string // as in the document, without the server
	Tag      string
	Summary  string
	Open     bool               // no credentials are needed
	Params   []schema.Parameter // sorted by place and name
	Request  *schema.Schema     // of a JSON body; nil where the operation takes none
	Optional bool               // that body may be left out
	Answers  []Answer           // sorted by status
	Variants []Variant          // request templates, in the document's order; nil where there is one shape only
	Examples []RequestExample   // of the request, sorted by name
}

// Answer is one documented response.
type Answer struct {
	Status   string           // "200", a range such as "2XX", or "default"
	Schema   *schema.Schema   // of the JSON body; nil where the answer has no body
	Examples []schema.Example // of the JSON body, sorted by name
}

// Variant is one of several request templates that share a method and path.
type Variant struct {
	Name   string // "A", "B", "C"
	Title  string
	Schema *schema.Schema
	types  map[string]map[string]bool
}

// RequestExample is a request body that the document gives as an example, as compact JSON.
type RequestExample struct {
	Name string
	Body json.RawMessage
}

// Operation returns the operation of that operationId, or nil.
func (d *Document) Operation(id string) *Operation { return d.byID[id] }

// Component returns the schema of that name below components/schemas, or nil.
func (d *Document) Component(name string) *schema.Schema {
	s, _ := d.doc.Component(name)
	return s
}

// Find returns the operation of a method and path; where only the path is known, it returns nil and the methods that
// the path knows, sorted. A path that is not in the document yields nil, nil.
func (d *Document) Find(method, path string) (op *Operation, methods []string) {
	for _, o := range d.Operations {
		if o.Path != path {
			continue
		}
		if o.Method == method {
			return o, nil
		}
		methods = append(methods, o.Method)
	}
	return nil, methods
}

// Success reports whether a status is one of the operation's documented successes, redirects included, and the shape of
// its body.
func (o *Operation) Success(status int) (Answer, bool) {
	if status >= 400 {
		return Answer{}, false
	}
	return o.Answer(status)
}

// Answer finds what the document says of a status: the entry of exactly that status, that of its class, or the one that
// is called default.
func (o *Operation) Answer(status int) (Answer, bool) {
	text := strconv.Itoa(status)
	for _, name := range []string{text, text[:1] + "XX", "default"} {
		if i := slices.IndexFunc(o.Answers, func(a Answer) bool { return strings.EqualFold(a.Status, name) }); i >= 0 {
			return o.Answers[i], true
		}
	}
	return Answer{}, false
}

// Service is the service that a path /api/SERVICE/VERSION/… belongs to; both are "" for any other path.
func Service(path string) (id, version string) {
	parts := strings.Split(path, "/")
	if len(parts) < 5 || parts[0] != "" || parts[1] != "api" {
		return "", ""
	}
	return parts[2], parts[3]
}

// Fills reports whether a path is a template with something in the place of each {parameter}.
func Fills(template, path string) bool {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	return slices.EqualFunc(want, got, func(w, g string) bool {
		before, rest, parameter := strings.Cut(w, "{")
		_, after, _ := strings.Cut(rest, "}")
		return w == g || parameter && len(g) > len(before)+len(after) && strings.HasPrefix(g, before) && strings.HasSuffix(g, after)
	})
}

// Alike reports whether two paths are the same but for the names of their parameters.
func Alike(a, b string) bool { return unnamed(a) == unnamed(b) }

// unnamed takes the names of parameters away.
func unnamed(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if before, rest, ok := strings.Cut(p, "{"); ok {
			_, after, _ := strings.Cut(rest, "}")
			parts[i] = before + "{}" + after
		}
	}
	return strings.Join(parts, "/")
}

// Variant picks the template that a decoded request object was meant for: the one that knows most of its properties
// with their JSON types and least fails to know the rest. It returns nil for anything but an object, and for an
// object of which no template knows any property.
func (o *Operation) Variant(value any) *Variant {
	object, ok := value.(map[string]any)
	if !ok {
		return nil
	}
	var best *Variant
	most := 0
	for i := range o.Variants {
		v := &o.Variants[i]
		score := 0
		for name, x := range object {
			switch kinds, known := v.types[name]; {
			case !known:
				score--
			case len(kinds) == 0 || kinds[jsonType(x)]:
				score += 3
			default:
				score++
			}
		}
		if score > most {
			best, most = v, score
		}
	}
	return best
}

// jsonType names a decoded value's type as JSON Schema does.
func jsonType(x any) string {
	switch n := x.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case float64:
		if n == float64(int64(n)) {
			return "integer"
		}
		return "number"
	case []any:
		return "array"
	}
	return "object"
}
