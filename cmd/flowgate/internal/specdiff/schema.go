package specdiff

import (
	"fmt"
	"iter"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// values are the keywords of a schema that have one plain value.
var values = []string{
	"$ref", "additionalProperties", "format", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength",
	"minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "default", "const", "nullable", "readOnly", "writeOnly", "deprecated",
}

// schema adds what a schema promises about the value at path, which is such as "[].running.host".
func schema(f *fact, path string, node *yaml.Node) {
	own := f
	if path != "" {
		own = f.at(path)
	}
	scalar(own, node, values...)
	for _, word := range [...]string{"type", "enum", "required"} {
		list(own, node, word)
	}
	for name, s := range pairs(get(node, "properties")) {
		schema(f, strings.TrimPrefix(path+"."+name, "."), s)
	}
	if items := get(node, "items"); items != nil {
		schema(f, path+"[]", items)
	}
	if more := get(node, "additionalProperties"); more != nil && more.Kind != yaml.ScalarNode {
		schema(f, strings.TrimPrefix(path+".*", "."), more)
	}
	for _, word := range [...]string{"oneOf", "anyOf", "allOf"} {
		for i, branch := range members(get(node, word)) {
			name := strconv.Itoa(i + 1)
			if ref := text(branch, "$ref"); ref != "" {
				name = ref[strings.LastIndex(ref, "/")+1:]
			}
			schema(own.at(word+" "+name), "", branch)
		}
	}
}

// scalar adds keywords that have one plain value.
func scalar(f *fact, node *yaml.Node, keys ...string) {
	for _, k := range keys {
		if v := get(node, k); v != nil && v.Kind == yaml.ScalarNode {
			f.at(k).value = v.Value
		}
	}
}

// list adds the members of a list one by one, so that one more value is one change.
func list(f *fact, node *yaml.Node, key string) {
	scalar(f, node, key)
	for _, m := range members(get(node, key)) {
		f.at(fmt.Sprintf("%s %q", key, m.Value))
	}
}

// members are the nodes of a list; anything else has none.
func members(node *yaml.Node) []*yaml.Node {
	if node == nil || node.Kind != yaml.SequenceNode {
		return nil
	}
	return node.Content
}

func get(node *yaml.Node, key string) *yaml.Node {
	for k, v := range pairs(node) {
		if k == key {
			return v
		}
	}
	return nil
}

func text(node *yaml.Node, key string) string {
	if v := get(node, key); v != nil && v.Kind == yaml.ScalarNode {
		return v.Value
	}
	return ""
}

// pairs walks a mapping in the order in which it is written; anything else has none.
func pairs(node *yaml.Node) iter.Seq2[string, *yaml.Node] {
	return func(yield func(string, *yaml.Node) bool) {
		if node != nil && node.Kind == yaml.AliasNode {
			node = node.Alias
		}
		if node == nil || node.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(node.Content); i += 2 {
			if !yield(node.Content[i].Value, node.Content[i+1]) {
				return
			}
		}
	}
}
