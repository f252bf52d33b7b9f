package schema

import (
	"errors"
	"fmt"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// flatten turns kin-openapi's tree of errors into leaves. Of the branches of a oneOf it keeps the one that got
// furthest, since the others only say that another alternative was meant.
func flatten(err error) []Detail {
	if err == nil {
		return nil
	}
	var many openapi3.MultiError
	var one *openapi3.SchemaError
	switch {
	case errors.As(err, &one) && !isMulti(err):
		return flattenOne(one)
	case errors.As(err, &many):
		var out []Detail
		for _, e := range many {
			out = append(out, flatten(e)...)
		}
		return out
	}
	return []Detail{{Reason: err.Error()}}
}

func isMulti(err error) bool {
	_, ok := err.(openapi3.MultiError) //nolint:errorlint // only the outermost layer decides which walk is right
	return ok
}

func flattenOne(e *openapi3.SchemaError) []Detail {
	kids := branches(e.Origin)
	if len(kids) == 0 {
		return []Detail{leaf(e)}
	}
	if e.SchemaField == "oneOf" || e.SchemaField == "anyOf" {
		return closest(kids, pointer(e))
	}
	var out []Detail
	for _, k := range kids {
		out = append(out, flatten(k)...)
	}
	return out
}

// closest is the branch with the least violations, those at the branch's own root weighing most.
func closest(kids openapi3.MultiError, root string) []Detail {
	var best []Detail
	least := -1
	for _, k := range kids {
		details := flatten(k)
		score := 0
		for _, d := range details {
			score += weight(d, root)
		}
		if least < 0 || score < least {
			best, least = details, score
		}
	}
	return best
}

func weight(d Detail, root string) int {
	switch d.Keyword {
	case "type":
		if d.Pointer == root {
			return 1000
		}
		return 2
	case "required", "additionalProperties":
		return 10
	}
	return 1
}

// branches finds the first MultiError down the chain.
func branches(err error) openapi3.MultiError {
	for ; err != nil; err = errors.Unwrap(err) {
		if many, ok := err.(openapi3.MultiError); ok { //nolint:errorlint // walks the chain itself
			return many
		}
	}
	return nil
}

func pointer(e *openapi3.SchemaError) string {
	var b strings.Builder
	for _, part := range e.JSONPointer() {
		b.WriteByte('/')
		b.WriteString(strings.NewReplacer("~", "~0", "/", "~1").Replace(part))
	}
	return b.String()
}

// leaf names what the library says, in the words of this project.
func leaf(e *openapi3.SchemaError) Detail {
	d := Detail{Pointer: pointer(e), Keyword: e.SchemaField, Reason: e.Reason}
	switch {
	case d.Keyword == "properties" && strings.Contains(d.Reason, "unsupported"):
		d.Keyword = "additionalProperties"
		d.Reason = "this property is not known here"
		if name := quoted(e.Reason); name != "" {
			d.Pointer += "/" + name
		}
	case d.Keyword == "required":
		d.Reason = "a required property is missing"
	case d.Keyword == "type":
		d.Reason = "must be of type " + strings.Join(types(e.Schema), " or ")
	case d.Keyword == "enum":
		d.Reason = "must be one of " + strings.Join(texts(e.Schema.Enum), ", ")
	case d.Keyword == "pattern" || d.Keyword == "anyOf" || d.Keyword == "oneOf":
		d.Reason = "does not have an accepted form"
		if about := strings.TrimSuffix(e.Schema.Description, "."); about != "" {
			d.Reason += " (expected: " + about + ")"
		}
	}
	return d
}

func texts(values []any) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = fmt.Sprintf("%q", v)
	}
	return out
}

// quoted is the first text in double quotes.
func quoted(s string) string {
	_, rest, ok := strings.Cut(s, `"`)
	if !ok {
		return ""
	}
	name, _, ok := strings.Cut(rest, `"`)
	if !ok {
		return ""
	}
	return name
}
