package gl4

import (
	"encoding/json"
	"strings"
)

func (m *importer) schemas() (object, error) {
	raw, err := child("", m.root, "schemas")
	if err != nil {
		return nil, err
	}
	out := object{}
	for _, name := range keys(raw) {
		if name == "Error" {
			return nil, fail("/schemas/Error", "this name is taken by the body of errors")
		}
		if out[name], _, err = m.node("/schemas/"+name, raw[name]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// nodeKeys are what a schema may say.
func nodeKeys() []string {
	return []string{"type", "id", "description", "required", "properties", "items", "enum", "example", "notes", "additionalProperties", "$ref"}
}

// node is a schema. required is what it says of itself; in these definitions that is not to be trusted for properties,
// where the prose often says otherwise, so that it is kept there as x-required only.
func (m *importer) node(at string, raw any) (out object, required bool, err error) {
	o, ok := raw.(object)
	if !ok {
		return nil, false, fail(at, "expected a schema, which is an object")
	}
	if err := fields(at, o, nodeKeys()...); err != nil {
		return nil, false, err
	}
	if v, ok := o["required"]; ok {
		if required, ok = v.(bool); !ok {
			return nil, false, fail(at+"/required", "expected true or false")
		}
	}
	if ref, err := text(at, o, "$ref"); err != nil || ref != "" {
		return m.reference(at, ref, required, err)
	}
	kind, err := text(at, o, "type")
	if err != nil {
		return nil, false, err
	}
	if out, err = m.typed(at, kind, o); err != nil {
		return nil, false, err
	}
	if err := m.words(at, o, out); err != nil {
		return nil, false, err
	}
	return out, required, nil
}

func (m *importer) reference(at, ref string, required bool, err error) (object, bool, error) {
	if err != nil {
		return nil, false, err
	}
	name := ref[strings.LastIndex(ref, "/")+1:]
	known, err := child("", m.root, "schemas")
	if err != nil {
		return nil, false, err
	}
	if _, ok := known[name]; !ok {
		return nil, false, fail(at+"/$ref", "there is no schema %q", name)
	}
	return object{"$ref": "#/components/schemas/" + name}, required, nil
}

func (m *importer) typed(at, kind string, o object) (object, error) {
	switch kind {
	case "string", "number", "boolean":
		return object{"type": kind}, nil
	case "timestamp":
		return object{"anyOf": []any{object{"type": "number"}, object{"type": "string"}}, "x-type": "timestamp"}, nil
	case "data":
		return object{"type": "string", "format": "binary"}, nil
	case "array":
		out := object{"type": "array", "items": object{}}
		if items, ok := o["items"]; ok {
			node, _, err := m.node(at+"/items", items)
			if err != nil {
				return nil, err
			}
			out["items"] = node
		} else {
			m.note(at, "an array without items: of anything")
		}
		return out, nil
	case "object":
		return m.object(at, o)
	case "":
		m.note(at, "no type: anything")
		return object{}, nil
	}
	return nil, fail(at+"/type", "%q is not understood (known: string, number, boolean, object, array, timestamp, data)", kind)
}

func (m *importer) object(at string, o object) (object, error) {
	out := object{"type": "object"}
	raw, err := child(at, o, "properties")
	if err != nil {
		return nil, err
	}
	properties := object{}
	for _, name := range keys(raw) {
		node, required, err := m.node(at+"/properties/"+name, raw[name])
		if err != nil {
			return nil, err
		}
		if _, ref := node["$ref"]; required && !ref {
			node["x-required"] = true
		}
		properties[name] = node
	}
	if len(properties) > 0 {
		out["properties"] = properties
	}
	switch extra := o["additionalProperties"].(type) {
	case nil:
	case bool:
		out["additionalProperties"] = extra
	default:
		if out["additionalProperties"], _, err = m.node(at+"/additionalProperties", extra); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// words are what a schema says besides its type.
func (m *importer) words(at string, o, out object) error {
	about, err := text(at, o, "description")
	if err != nil {
		return err
	}
	notes, err := text(at, o, "notes")
	if err != nil {
		return err
	}
	described(out, strings.TrimSpace(about+"\n"+notes))
	if id, err := text(at, o, "id"); err != nil {
		return err
	} else if id != "" {
		out["x-id"] = id
	}
	if v, ok := o["enum"]; ok {
		list, ok := v.([]any)
		if !ok || len(list) == 0 {
			return fail(at+"/enum", "expected a list of values")
		}
		out["enum"] = plain(list)
	}
	if v, ok := o["example"]; ok {
		if kind, _ := out["type"].(string); kind != "" && kind != kindOf(v) {
			m.note(at+"/example", "it is no %s, and is dropped", kind)
			return nil
		}
		out["example"] = plain(v)
	}
	return nil
}

// kindOf is the type of a JSON value; "" for null.
func kindOf(v any) string {
	switch v.(type) {
	case string:
		return "string"
	case json.Number:
		return "number"
	case bool:
		return "boolean"
	case []any:
		return "array"
	case object:
		return "object"
	}
	return ""
}
