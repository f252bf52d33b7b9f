package mockserver

import (
	"fmt"
	"slices"
	"strings"

	"github.com/flowgate-dev/flowgate/openapi/schema"
)

// fields are the properties of a request's object by name.
type fields map[string]schema.Property

func fieldsOf(s *schema.Schema) fields {
	out := fields{}
	for _, p := range s.Properties() {
		out[p.Name] = p
	}
	return out
}

func (f fields) names() string {
	var out []string
	for name := range f {
		out = append(out, name)
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// accepted says in words what a property may be.
func accepted(p schema.Property) string {
	var parts []string
	if len(p.Types) > 0 {
		parts = append(parts, "of type "+strings.Join(p.Types, " or "))
	}
	if len(p.Enum) > 0 {
		var values []string
		for _, v := range p.Enum {
			values = append(values, fmt.Sprintf("%q", v))
		}
		parts = append(parts, "one of "+strings.Join(values, ", "))
	}
	if text := strings.TrimSuffix(p.Text, "."); text != "" {
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}

// explain makes a BAD_REQUEST of what a schema found wrong: field, reason, and what is accepted.
func (f fields) explain(prefix string, details []schema.Detail) *Problem {
	p := badRequest("")
	var lines []string
	for _, d := range details {
		lines = append(lines, f.line(prefix, d))
		d.Pointer = prefix + d.Pointer
		p.Details = append(p.Details, d)
	}
	p.Text = strings.Join(slices.Compact(lines), "; ")
	return p
}

func (f fields) line(prefix string, d schema.Detail) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(d.Pointer, "/"), "/")
	if d.Pointer == "" {
		return strings.TrimPrefix(prefix+": ", ": ") + d.Reason
	}
	place := strings.TrimPrefix(prefix+d.Pointer, "/")
	if d.Keyword == "additionalProperties" {
		return "a property is not known here (known are " + f.names() + ")"
	}
	p, known := f[name]
	if !known {
		return place + ": " + d.Reason
	}
	text := place + ": " + d.Reason
	if want := accepted(p); want != "" && !strings.Contains(d.Reason, "expected") {
		text += " (accepted: " + want + ")"
	}
	return text
}
