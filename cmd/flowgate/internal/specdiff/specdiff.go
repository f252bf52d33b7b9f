// Package specdiff compares two OpenAPI documents by what they promise: operations, parameters, bodies, fields, types,
// enumerations and limits. Prose, examples and the order of things do not count. A component is compared once, under
// its own name, however often it is referred to.
package specdiff

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Kind is what became of a promise from the first document to the second.
type Kind string

// The kinds of a Change.
const (
	Added   Kind = "added"
	Removed Kind = "removed"
	Changed Kind = "changed"
)

// Change is one difference. A whole operation or field that was added or removed is one change.
type Change struct {
	Kind Kind
	Path string // such as "schema BackupRecord: status: enum \"NONE\""
	From string // the value in the first document, "" where it had none
	To   string // the value in the second
}

// String is the change in one line.
func (c Change) String() string {
	switch c.Kind {
	case Added:
		return "+ " + c.Path + value(c.To)
	case Removed:
		return "- " + c.Path + value(c.From)
	default:
		return fmt.Sprintf("~ %s: %s -> %s", c.Path, quoted(c.From), quoted(c.To))
	}
}

func value(v string) string {
	if v == "" {
		return ""
	}
	return " = " + v
}

func quoted(v string) string {
	if v == "" {
		return "nothing"
	}
	return v
}

// Compare lists the differences of two documents, as YAML or JSON, sorted by path. The error says which document
// cannot be read, as "first" or "second".
func Compare(first, second []byte) ([]Change, error) {
	a, err := read(first)
	if err != nil {
		return nil, fmt.Errorf("first document: %w", err)
	}
	b, err := read(second)
	if err != nil {
		return nil, fmt.Errorf("second document: %w", err)
	}
	var out []Change
	compare(nil, a, b, &out)
	return out, nil
}

// fact is a promise: a value, or a name with facts below it.
type fact struct {
	value string
	below map[string]*fact
}

func (f *fact) at(name string) *fact {
	if f.below == nil {
		f.below = map[string]*fact{}
	}
	if f.below[name] == nil {
		f.below[name] = &fact{}
	}
	return f.below[name]
}

func compare(path []string, a, b *fact, out *[]Change) {
	where := strings.Join(path, ": ")
	switch {
	case a == nil:
		*out = append(*out, Change{Added, where, "", b.value})
		return
	case b == nil:
		*out = append(*out, Change{Removed, where, a.value, ""})
		return
	case a.value != b.value:
		*out = append(*out, Change{Changed, where, a.value, b.value})
	}
	names := map[string]bool{}
	for n := range a.below {
		names[n] = true
	}
	for n := range b.below {
		names[n] = true
	}
	sorted := make([]string, 0, len(names))
	for n := range names {
		sorted = append(sorted, n)
	}
	slices.Sort(sorted)
	for _, n := range sorted {
		compare(append(slices.Clone(path), n), a.below[n], b.below[n], out)
	}
}

func read(text []byte) (*fact, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("is no YAML or JSON: %w", err)
	}
	if len(doc.Content) == 0 || get(doc.Content[0], "openapi") == nil {
		return nil, errors.New("is no OpenAPI document: the key openapi is missing")
	}
	root, facts := doc.Content[0], &fact{}
	for path, item := range pairs(get(root, "paths")) {
		for method, op := range pairs(item) {
			if slices.Contains(methods, method) {
				operation(facts.at(strings.ToUpper(method)+" "+path), item, op, root)
			}
		}
	}
	for kind, members := range pairs(get(root, "components")) {
		for name, node := range pairs(members) {
			switch kind {
			case "schemas":
				schema(facts.at("schema "+name), "", node)
			case "responses":
				body(facts.at("response "+name), node)
			case "requestBodies":
				body(facts.at("request body "+name), node)
			case "parameters":
				parameter(facts.at("parameter "+name), node)
			case "securitySchemes":
				scalar(facts.at("security scheme "+name), node, "type", "scheme", "in", "name")
			}
		}
	}
	return facts, nil
}

var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace", "query"}

func operation(f *fact, item, op, root *yaml.Node) {
	scalar(f, op, "operationId", "deprecated")
	security := get(op, "security")
	if security == nil {
		security = get(root, "security")
	}
	if security != nil {
		f.at("security").value = alternatives(security)
	}
	for _, holder := range [...]*yaml.Node{item, op} {
		for _, p := range members(get(holder, "parameters")) {
			name := fmt.Sprintf("%s parameter %s", text(p, "in"), text(p, "name"))
			if ref := text(p, "$ref"); ref != "" {
				name = "parameter " + ref
			}
			parameter(f.at(name), p)
		}
	}
	if b := get(op, "requestBody"); b != nil {
		body(f.at("request"), b)
	}
	for status, answer := range pairs(get(op, "responses")) {
		body(f.at("answer "+status), answer)
	}
}

// alternatives are the schemes of a list of security requirements; an empty requirement means no credentials.
func alternatives(security *yaml.Node) string {
	var names []string
	for _, requirement := range security.Content {
		var all []string
		for name := range pairs(requirement) {
			all = append(all, name)
		}
		slices.Sort(all)
		names = append(names, strings.Join(all, " and "))
	}
	slices.Sort(names)
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, " or ")
}

func parameter(f *fact, node *yaml.Node) {
	scalar(f, node, "$ref", "required", "deprecated")
	if s := get(node, "schema"); s != nil {
		schema(f, "", s)
	}
}

func body(f *fact, node *yaml.Node) {
	scalar(f, node, "$ref", "required")
	for media, m := range pairs(get(node, "content")) {
		schema(f.at(media), "", get(m, "schema"))
	}
}
