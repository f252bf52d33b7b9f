package schema

import (
	"math"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// opinion is what a compiled schema thinks of a value.
type opinion uint8

const (
	ask opinion = iota // not sure: the library decides
	yes
	no
)

func holds(ok bool) opinion {
	if ok {
		return yes
	}
	return no
}

// and is yes where both are, no where one is.
func (o opinion) and(p opinion) opinion {
	switch {
	case o == no || p == no:
		return no
	case o == yes && p == yes:
		return yes
	}
	return ask
}

// judge is a schema compiled for the usual keywords; it is sure of itself only where it does what the library does. It
// is there because a request that fits is the usual case, and the library needs microseconds to say so.
type judge func(value any) opinion

// maxDepth bounds how deep compile follows a schema; one that refers to itself is left to the library.
const maxDepth = 16

func unsure(any) opinion { return ask }

// compile makes a judge of a schema, or unsure where the schema has a keyword that is not among the usual ones.
func compile(n *openapi3.Schema, depth int) judge {
	if depth > maxDepth || !usual(n) {
		return unsure
	}
	var all []judge
	if n.Type != nil {
		all = append(all, typeJudge(n.Type.Slice()))
	}
	if len(n.Enum) > 0 {
		all = append(all, enumJudge(n.Enum))
	}
	all = append(all, textJudge(n), numberJudge(n), arrayJudge(n, depth), objectJudge(n, depth))
	if len(n.OneOf) > 0 {
		all = append(all, countJudge(n.OneOf, depth, func(fit int) bool { return fit == 1 }))
	}
	if len(n.AnyOf) > 0 {
		all = append(all, countJudge(n.AnyOf, depth, func(fit int) bool { return fit >= 1 }))
	}
	all = slices.DeleteFunc(all, func(j judge) bool { return j == nil })
	return func(value any) opinion {
		if value == nil {
			return ask
		}
		out := yes
		for _, j := range all {
			if out = out.and(j(value)); out == no {
				return no
			}
		}
		return out
	}
}

// usual reports whether a schema has no keyword but those that compile knows and those that say nothing of values.
func usual(n *openapi3.Schema) bool {
	rest := *n
	rest.Extensions, rest.Origin, rest.Title, rest.Description = nil, nil, "", ""
	rest.Default, rest.Example, rest.ExternalDocs, rest.Deprecated = nil, nil, nil, false
	rest.Type, rest.Enum, rest.OneOf, rest.AnyOf = nil, nil, nil, nil
	rest.MinLength, rest.MaxLength = 0, nil
	rest.Min, rest.Max, rest.Items, rest.MinItems, rest.MaxItems = nil, nil, nil, 0, nil
	rest.Properties, rest.Required = nil, nil
	if n.AdditionalProperties.Schema == nil {
		rest.AdditionalProperties = openapi3.AdditionalProperties{}
	}
	if !strings.Contains(n.Pattern, `\u`) { // the library rewrites that escape
		rest.Pattern = ""
	}
	if slices.Contains([]string{"ipv4", "ipv6", "password", "int64"}, n.Format) {
		rest.Format = ""
	}
	return reflect.DeepEqual(rest, openapi3.Schema{})
}

func typeJudge(types []string) judge {
	return func(value any) opinion {
		var kind string
		switch v := value.(type) {
		case bool:
			kind = "boolean"
		case string:
			kind = "string"
		case float64:
			if slices.Contains(types, "number") {
				return yes
			}
			if math.Abs(v) > 1<<53 {
				return ask
			}
			return holds(v == math.Trunc(v) && slices.Contains(types, "integer"))
		case []any:
			kind = "array"
		case map[string]any:
			kind = "object"
		default:
			return ask
		}
		return holds(slices.Contains(types, kind))
	}
}

// enumJudge knows texts; other values are the library's.
func enumJudge(values []any) judge {
	texts := make([]string, 0, len(values))
	for _, v := range values {
		s, ok := v.(string)
		if !ok {
			return unsure
		}
		texts = append(texts, s)
	}
	return func(value any) opinion {
		s, ok := value.(string)
		if !ok {
			return ask
		}
		return holds(slices.Contains(texts, s))
	}
}

// textJudge judges strings, and finds nothing wrong with anything else.
func textJudge(n *openapi3.Schema) judge {
	var pattern *regexp.Regexp
	if n.Pattern != "" {
		var err error
		if pattern, err = regexp.Compile(n.Pattern); err != nil {
			return unsure
		}
	}
	ip := n.Format == "ipv4" || n.Format == "ipv6"
	if pattern == nil && !ip && n.MinLength == 0 && n.MaxLength == nil {
		return nil
	}
	return func(value any) opinion {
		s, ok := value.(string)
		if !ok {
			return yes
		}
		if n.MinLength > 0 && s == "" {
			return no
		}
		if (n.MinLength > 1 || n.MaxLength != nil) && !lengthFits(s, n) {
			return ask
		}
		if ip && !isIP(s, n.Format == "ipv6") {
			return no
		}
		return holds(pattern == nil || pattern.MatchString(s))
	}
}

// lengthFits is sure of plain ASCII only, in which a byte is a character however one counts them.
func lengthFits(s string, n *openapi3.Schema) bool {
	if strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 }) {
		return false
	}
	size := uint64(len(s))
	return size >= n.MinLength && (n.MaxLength == nil || size <= *n.MaxLength)
}

func isIP(s string, v6 bool) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && a.Zone() == "" && a.Is6() == v6
}

func numberJudge(n *openapi3.Schema) judge {
	if n.Min == nil && n.Max == nil {
		return nil
	}
	return func(value any) opinion {
		v, ok := value.(float64)
		return holds(!ok || (n.Min == nil || v >= *n.Min) && (n.Max == nil || v <= *n.Max))
	}
}

func arrayJudge(n *openapi3.Schema, depth int) judge {
	var each judge
	if n.Items != nil {
		each = compile(n.Items.Value, depth+1)
	}
	if each == nil && n.MinItems == 0 && n.MaxItems == nil {
		return nil
	}
	return func(value any) opinion {
		list, ok := value.([]any)
		if !ok {
			return yes
		}
		size := uint64(len(list))
		out := holds(size >= n.MinItems && (n.MaxItems == nil || size <= *n.MaxItems))
		for i := 0; i < len(list) && out != no && each != nil; i++ {
			out = out.and(each(list[i]))
		}
		return out
	}
}

func objectJudge(n *openapi3.Schema, depth int) judge {
	closed := n.AdditionalProperties.Has != nil && !*n.AdditionalProperties.Has
	if len(n.Properties) == 0 && len(n.Required) == 0 && !closed {
		return nil
	}
	parts := make([]property, 0, len(n.Properties))
	for name, ref := range n.Properties {
		parts = append(parts, property{name, compile(ref.Value, depth+1)})
	}
	return func(value any) opinion {
		object, ok := value.(map[string]any)
		if !ok {
			return yes
		}
		for _, name := range n.Required {
			if _, there := object[name]; !there {
				return no
			}
		}
		out, known := yes, 0
		for _, p := range parts {
			if x, there := object[p.name]; there {
				known++
				if out = out.and(p.judge(x)); out == no {
					return no
				}
			}
		}
		if closed && known < len(object) {
			return no
		}
		return out
	}
}

type property struct {
	name  string
	judge judge
}

// countJudge counts the branches that fit.
func countJudge(branches openapi3.SchemaRefs, depth int, enough func(fit int) bool) judge {
	var all []judge
	for _, b := range branches {
		all = append(all, compile(b.Value, depth+1))
	}
	return func(value any) opinion {
		fit := 0
		for _, j := range all {
			switch j(value) {
			case ask:
				return ask
			case yes:
				fit++
			case no:
			}
		}
		return holds(enough(fit))
	}
}
