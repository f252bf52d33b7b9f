package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
)

// document is the OpenAPI document as JSON, for the edits that a peer needs.
type document map[string]any

func parse(text []byte) (document, error) {
	var d document
	err := json.Unmarshal(text, &d)
	return d, err
}

// basicOnly writes the document with nothing but Basic authentication and with 204 in the place of 2XX: Specmatic 2.55
// loads neither a key in a cookie nor a range of statuses, and asks for Basic and a token at once where either will do.
func (d document) basicOnly(file string) error {
	copied, err := json.Marshal(d)
	if err != nil {
		return err
	}
	fit, err := parse(copied)
	if err != nil {
		return err
	}
	schemes := at(fit, "components", "securitySchemes")
	delete(schemes, "session")
	delete(schemes, "bearer")
	simplify(map[string]any(fit))
	return write(file, fit)
}

func simplify(node any) {
	switch n := node.(type) {
	case map[string]any:
		if answers, is := n["responses"].(map[string]any); is && answers["2XX"] != nil {
			answers["204"] = answers["2XX"]
			delete(answers, "2XX")
		}
		if ways, is := n["security"].([]any); is {
			n["security"] = slices.DeleteFunc(ways, func(way any) bool {
				one, _ := way.(map[string]any)
				return one["session"] != nil || one["bearer"] != nil
			})
		}
		for _, child := range n {
			simplify(child)
		}
	case []any:
		for _, child := range n {
			simplify(child)
		}
	}
}

// stubs writes what WireMock answers, which has no reader for OpenAPI: the examples and the request schema of the
// document, the errors that it states, and a scenario in which a POST changes the status, as its users would write it.
func (d document) stubs(folder string) error {
	const started = "started"
	schema := map[string]any{"$ref": "#/components/schemas/ImportStatsRequest", "components": d["components"]}
	status := d.example(backupAt, "completed")
	after, err := afterLocal(status)
	if err != nil {
		return err
	}
	basic := map[string]any{"username": "admin", "password": "admin"}
	reads := []any{map[string]any{"matchesJsonSchema": schema, "schemaVersion": "V202012"}}
	list := []map[string]any{
		stub(1, map[string]any{"method": "GET", "urlPath": statsAt, "basicAuthCredentials": basic, "bodyPatterns": reads}, 200, d.example(statsAt, "rows")),
		stub(2, map[string]any{"method": "GET", "urlPath": statsAt, "basicAuthCredentials": basic}, 400, problem("BAD_REQUEST")),
		stub(2, map[string]any{"method": "GET", "urlPath": backupAt, "basicAuthCredentials": basic}, 200, status),
		in(stub(1, map[string]any{"method": "GET", "urlPath": backupAt, "basicAuthCredentials": basic}, 200, after), started, ""),
		in(stub(1, map[string]any{"method": "POST", "urlPath": backupAt, "basicAuthCredentials": basic}, 204, nil), "", started),
	}
	for _, path := range []string{statsAt, backupAt} {
		list = append(list,
			stub(3, map[string]any{"method": "ANY", "urlPath": path, "basicAuthCredentials": basic}, 405, problem("HTTP_INVALID_METHOD")),
			stub(4, map[string]any{"method": "ANY", "urlPath": path, "headers": map[string]any{"Authorization": map[string]any{"absent": true}}}, 401, problem("AUTH_REQUIRED")),
			stub(5, map[string]any{"method": "ANY", "urlPath": path}, 401, problem("AUTH_INVALID_CREDENTIALS")))
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	return write(filepath.Join(folder, "appliance.json"), map[string]any{"mappings": list})
}

func stub(priority int, request map[string]any, status int, body any) map[string]any {
	response := map[string]any{"status": status, "headers": map[string]any{"Content-Type": "application/json"}}
	if body != nil {
		response["jsonBody"] = body
	}
	return map[string]any{"priority": priority, "request": request, "response": response}
}

// in makes a stub a part of the scenario of backups: it answers in one state and leads to another, if they are given.
func in(stub map[string]any, state, next string) map[string]any {
	stub["scenarioName"] = "backup"
	if state != "" {
		stub["requiredScenarioState"] = state
	}
	if next != "" {
		stub["newScenarioState"] = next
	}
	return stub
}

func problem(id string) map[string]any {
	return map[string]any{"error_id": id, "error_text": "refused"}
}

// example is the value of a named example of a GET's answer.
func (d document) example(path, name string) any {
	return at(d, "paths", path, "get", "responses", "200", "content", "application/json", "examples", name)["value"]
}

// afterLocal is the example status as it reads after a backup to localhost.
func afterLocal(status any) (any, error) {
	text, err := json.Marshal(status)
	if err != nil {
		return nil, err
	}
	var list []map[string]map[string]any
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, err
	}
	for _, record := range list[0] {
		record["host"] = "localhost"
	}
	return list, nil
}

// at walks down maps by their keys; an empty map where the way ends.
func at(node map[string]any, way ...string) map[string]any {
	for _, key := range way {
		node, _ = node[key].(map[string]any)
	}
	return node
}

func write(file string, content any) error {
	text, err := json.Marshal(content)
	if err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o600)
}
