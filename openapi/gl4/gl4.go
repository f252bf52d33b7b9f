// Package gl4 reads GL4 service definitions (restSchemaVersion 1.0), the format that the family's older services are
// described in, and says the same in OpenAPI 3.1. The form is known from examples only, so that nothing is passed over in
// silence: what is not understood is an error, what is understood and cannot be said in OpenAPI is a note.
package gl4

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/flowgate-dev/flowgate/openapi/schema"
)

// Result is a definition in OpenAPI 3.1, in the common subset of 3.0 and 3.1.
type Result struct {
	YAML       []byte
	Operations int
	Notes      []string // what has no counterpart in OpenAPI or was doubtful, with the place; sorted
}

// Error is a definition that cannot be read, with the place as a JSON pointer.
type Error struct {
	Pointer string
	Err     error
}

func (e *Error) Error() string { return fmt.Sprintf("gl4: %s: %v", e.Pointer, e.Err) }

func (e *Error) Unwrap() error { return e.Err }

// object is a JSON object.
type object = map[string]any

// importer is one definition on its way.
type importer struct {
	root  object
	base  string // path before each method's
	name  string
	notes []string
	ids   map[string]string // pointer of each operationId
}

// Import reads a definition. The error is an *Error, except where the text is no JSON.
func Import(text []byte) (*Result, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var root object
	if err := dec.Decode(&root); err != nil {
		return nil, fmt.Errorf("gl4: the definition is no JSON object: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("gl4: something follows the definition")
	}
	m := &importer{root: root, ids: map[string]string{}}
	doc, err := m.document()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := errors.Join(enc.Encode(doc), enc.Close()); err != nil {
		return nil, fmt.Errorf("gl4: the document cannot be written: %w", err)
	}
	if _, err := schema.Parse(out.Bytes()); err != nil {
		return nil, fmt.Errorf("gl4: what came out is no OpenAPI document: %w", err)
	}
	slices.Sort(m.notes)
	return &Result{YAML: out.Bytes(), Operations: len(m.ids), Notes: m.notes}, nil
}

// openAPI is the document, its parts in the order in which people read them.
type openAPI struct {
	OpenAPI string            `yaml:"openapi"`
	Info    object            `yaml:"info"`
	Servers []object          `yaml:"servers"`
	Tags    []object          `yaml:"tags,omitempty"`
	Sec     []object          `yaml:"security"`
	Paths   map[string]object `yaml:"paths"`
	Parts   object            `yaml:"components"`
}

func (m *importer) note(pointer, format string, args ...any) {
	m.notes = append(m.notes, pointer+": "+fmt.Sprintf(format, args...))
}

func fail(pointer, format string, args ...any) error {
	return &Error{Pointer: pointer, Err: fmt.Errorf(format, args...)}
}

// fields checks that an object has no keys but these.
func fields(pointer string, o object, known ...string) error {
	for _, key := range keys(o) {
		if !slices.Contains(known, key) {
			return fail(pointer+"/"+key, "this key is not understood (known here: %s)", strings.Join(known, ", "))
		}
	}
	return nil
}

func keys(o object) []string {
	out := make([]string, 0, len(o))
	for k := range o {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// text is a string, "" where it is missing.
func text(pointer string, o object, key string) (string, error) {
	v, ok := o[key]
	if !ok || v == nil {
		return "", nil
	}
	s, ok := v.(string)
	if !ok {
		return "", fail(pointer+"/"+key, "expected a string")
	}
	return s, nil
}

// child is an object, nil where it is missing.
func child(pointer string, o object, key string) (object, error) {
	v, ok := o[key]
	if !ok || v == nil {
		return nil, nil
	}
	c, ok := v.(object)
	if !ok {
		return nil, fail(pointer+"/"+key, "expected an object")
	}
	return c, nil
}
