package gl4

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

func (m *importer) document() (*openAPI, error) {
	if err := fields("", m.root, "restSchemaVersion", "name", "version", "title", "description", "defaultAuthorization", "servicePath",
		"schemas", "resources", "errors"); err != nil {
		return nil, err
	}
	words := map[string]string{}
	for _, key := range []string{"restSchemaVersion", "name", "version", "title", "description", "defaultAuthorization", "servicePath"} {
		var err error
		if words[key], err = text("", m.root, key); err != nil {
			return nil, err
		}
	}
	if words["restSchemaVersion"] != "1.0" {
		return nil, fail("/restSchemaVersion", "it is %q (expected 1.0: this is the only form that is known)", words["restSchemaVersion"])
	}
	if words["name"] == "" || words["version"] == "" {
		return nil, fail("", "name and version are needed: they make the path of the service")
	}
	m.name, m.base = words["name"], words["servicePath"]
	if m.base == "" {
		m.base = "/api/" + words["name"] + "/" + words["version"]
	}
	m.base = "/" + strings.Trim(m.base, "/")
	responses, err := m.errorResponses()
	if err != nil {
		return nil, err
	}
	schemas, err := m.schemas()
	if err != nil {
		return nil, err
	}
	schemas["Error"] = object{
		"type": "object", "required": []any{"error_id", "error_text"},
		"properties": object{"error_id": object{"type": "string"}, "error_text": object{"type": "string"}},
	}
	paths, tags, err := m.paths(words["defaultAuthorization"], responses)
	if err != nil {
		return nil, err
	}
	title := words["title"]
	if title == "" {
		title = words["name"]
	}
	return &openAPI{
		OpenAPI: "3.1.1", Info: described(object{"title": title, "version": words["version"]}, words["description"]),
		Servers: []object{{"url": "https://{device}", "variables": object{"device": object{"default": "appliance.example"}}}},
		Tags:    tags, Sec: []object{{"basic": []any{}}, {"session": []any{}}, {"bearer": []any{}}}, Paths: paths,
		Parts: object{"schemas": schemas, "responses": responses, "securitySchemes": object{
			"basic":   object{"type": "http", "scheme": "basic"},
			"session": object{"type": "apiKey", "in": "cookie", "name": "SESSID"},
			"bearer":  object{"type": "http", "scheme": "bearer"},
		}},
	}, nil
}

func described(o object, description string) object {
	if description != "" {
		o["description"] = description
	}
	return o
}

// errorResponses gathers the errors by status: each status is one response, whose error_id is one of its errors'.
func (m *importer) errorResponses() (object, error) {
	out := object{}
	raw, _ := m.root["errors"].([]any)
	if m.root["errors"] != nil && raw == nil {
		return nil, fail("/errors", "expected a list of {error_id, description, http_status}")
	}
	ids, about := map[string][]any{}, map[string][]string{}
	for i, e := range raw {
		at := fmt.Sprintf("/errors/%d", i)
		o, ok := e.(object)
		if !ok {
			return nil, fail(at, "expected an object")
		}
		if err := fields(at, o, "error_id", "description", "http_status"); err != nil {
			return nil, err
		}
		id, err := text(at, o, "error_id")
		if err != nil {
			return nil, err
		}
		about1, err := text(at, o, "description")
		if err != nil {
			return nil, err
		}
		status := fmt.Sprint(o["http_status"])
		if !regexp.MustCompile(`^[45]\d\d$`).MatchString(status) || id == "" {
			return nil, fail(at, "error_id is %q and http_status %s (expected a word, and a status from 400 to 599)", id, status)
		}
		ids[status] = append(ids[status], id)
		about[status] = append(about[status], strings.TrimSpace(id+": "+about1))
	}
	for status, list := range ids {
		out["Error"+status] = object{
			"description": strings.Join(about[status], "\n"),
			"content": object{"application/json": object{"schema": object{
				"allOf": []any{object{"$ref": "#/components/schemas/Error"}, object{"type": "object", "properties": object{"error_id": object{"type": "string", "enum": list}}}},
			}}},
		}
	}
	return out, nil
}

func (m *importer) paths(authorization string, responses object) (map[string]object, []object, error) {
	resources, err := child("", m.root, "resources")
	if err != nil {
		return nil, nil, err
	}
	paths, tags := map[string]object{}, []object{}
	for _, name := range keys(resources) {
		at := "/resources/" + name
		r, err := child("/resources", resources, name)
		if err != nil {
			return nil, nil, err
		}
		if err := fields(at, r, "methods", "description", "title", "name"); err != nil {
			return nil, nil, err
		}
		about, err := text(at, r, "description")
		if err != nil {
			return nil, nil, err
		}
		if about == "" {
			about = "The resource " + name + "."
		}
		tags = append(tags, object{"name": name, "description": about})
		methods, err := child(at, r, "methods")
		if err != nil {
			return nil, nil, err
		}
		for _, title := range keys(methods) {
			here := at + "/methods/" + title
			raw, err := child(at+"/methods", methods, title)
			if err != nil {
				return nil, nil, err
			}
			o := &method{importer: m, at: here, raw: raw, resource: name, title: title, authorization: authorization}
			if err := o.read(paths, responses); err != nil {
				return nil, nil, err
			}
		}
	}
	if len(m.ids) == 0 {
		return nil, nil, fail("/resources", "there is no method in it")
	}
	return paths, tags, nil
}

// method is one method of a resource.
type method struct {
	*importer
	at, resource, title, authorization string
	raw                                object
}

var placeholder = regexp.MustCompile(`\{([^{}]+)\}`)

func (o *method) read(paths map[string]object, responses object) error {
	if err := fields(o.at, o.raw, "httpmethod", "path", "description", "parameters", "headers", "request", "response", "authorization"); err != nil {
		return err
	}
	words := map[string]string{}
	for _, key := range []string{"httpmethod", "path", "description", "authorization"} {
		var err error
		if words[key], err = text(o.at, o.raw, key); err != nil {
			return err
		}
	}
	verb := strings.ToLower(words["httpmethod"])
	if !strings.Contains(" get put post delete patch head options ", " "+verb+" ") || verb == "" {
		return fail(o.at+"/httpmethod", "%q is no method of HTTP", words["httpmethod"])
	}
	path, query, _ := strings.Cut(words["path"], "?")
	if query != "" {
		o.note(o.at+"/path", "the query %q is dropped; parameters say the same", query)
	}
	if !strings.HasPrefix(path, o.base) {
		path = o.base + "/" + strings.TrimLeft(path, "/")
	}
	path = strings.TrimRight(path, "/")
	op := described(object{"operationId": o.id(), "tags": []any{o.resource}, "summary": o.title}, words["description"])
	if err := o.parameters(path, op); err != nil {
		return err
	}
	if err := o.bodies(op, responses); err != nil {
		return err
	}
	if words["authorization"] == "" {
		words["authorization"] = o.authorization
	}
	switch words["authorization"] {
	case "", "required":
	case "none", "optional":
		op["security"] = []any{}
	default:
		return fail(o.at+"/authorization", "%q is not understood (known: required, optional, none)", words["authorization"])
	}
	if paths[path] == nil {
		paths[path] = object{}
	}
	if paths[path][verb] != nil {
		return fail(o.at, "%s %s is there twice", words["httpmethod"], path)
	}
	paths[path][verb] = op
	return nil
}

// id is an operationId: the title and the resource in camel case, with a number where two would be alike.
func (o *method) id() string {
	words := strings.FieldsFunc(o.title+" "+o.resource, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if len(words) == 0 {
		words = []string{"operation"}
	}
	for i, w := range words {
		first, size := utf8.DecodeRuneInString(w)
		if i > 0 {
			words[i] = string(unicode.ToUpper(first)) + w[size:]
		} else {
			words[i] = string(unicode.ToLower(first)) + w[size:]
		}
	}
	id := strings.Join(words, "")
	for n := 2; o.ids[id] != ""; n++ {
		id = fmt.Sprintf("%s%d", strings.Join(words, ""), n)
	}
	o.ids[id] = o.at
	return id
}

// parameters are those of the path, which it names in braces, of the query, and of the header.
func (o *method) parameters(path string, op object) error {
	inPath := map[string]bool{}
	for _, m := range placeholder.FindAllStringSubmatch(path, -1) {
		inPath[m[1]] = true
	}
	list := []any{}
	for _, group := range []struct{ key, in string }{{"parameters", "query"}, {"headers", "header"}} {
		raw, err := child(o.at, o.raw, group.key)
		if err != nil {
			return err
		}
		for _, name := range keys(raw) {
			at := o.at + "/" + group.key + "/" + name
			node, required, err := o.node(at, raw[name])
			if err != nil {
				return err
			}
			p := object{"name": name, "in": group.in, "schema": node}
			if group.in == "query" && inPath[name] {
				p["in"], required = "path", true
				delete(inPath, name)
			}
			if required {
				p["required"] = true
			}
			if about, ok := node["description"]; ok {
				p["description"] = about
				delete(node, "description")
			}
			list = append(list, p)
		}
	}
	for _, m := range placeholder.FindAllStringSubmatch(path, -1) {
		if inPath[m[1]] {
			o.note(o.at+"/path", "{%s} is no parameter of the method: taken for any text", m[1])
			list = append(list, object{"name": m[1], "in": "path", "required": true, "schema": object{"type": "string"}})
		}
	}
	if len(list) > 0 {
		op["parameters"] = list
	}
	return nil
}

// bodies are the request's and the answer's. The definition tells no status of success, so that any of them will do.
func (o *method) bodies(op, responses object) error {
	if raw, ok := o.raw["request"]; ok && raw != nil {
		node, _, err := o.node(o.at+"/request", raw)
		if err != nil {
			return err
		}
		op["requestBody"] = object{"required": true, "content": object{media(node): object{"schema": node}}}
	}
	success := object{"description": "Success; the definition does not say with which status, and shows no body."}
	if raw, ok := o.raw["response"]; ok && raw != nil {
		node, _, err := o.node(o.at+"/response", raw)
		if err != nil {
			return err
		}
		success = object{"description": "Success; the definition does not say with which status.", "content": object{media(node): object{"schema": node}}}
	}
	answers := object{"2XX": success}
	for _, name := range keys(responses) {
		answers[strings.TrimPrefix(name, "Error")] = object{"$ref": "#/components/responses/" + name}
	}
	op["responses"] = answers
	return nil
}

func media(node object) string {
	if node["format"] == "binary" {
		return "application/octet-stream"
	}
	return "application/json"
}

// plain turns numbers of JSON into those of YAML.
func plain(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, _ := v.Float64() // a number of JSON is one
		return f
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = plain(v[i])
		}
		return out
	case object:
		out := object{}
		for k := range v {
			out[k] = plain(v[k])
		}
		return out
	}
	return v
}
