package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	_ "embed" // the schema

	"github.com/flowgate-dev/flowgate/conformance/verdict"
)

// Schema is the JSON Schema (2020-12) of what JSON writes. It admits properties that it does not name: a later
// flowgate may add some and the format is still flowgate/report/v1.
//
//go:embed report-v1.schema.json
var Schema string

// JSON writes the report as one indented JSON object of schema flowgate/report/v1, with a line feed at the end. Equal
// reports give equal bytes. Lists are never null. Bytes of a body that are no UTF-8 come out as U+FFFD.
func JSON(w io.Writer, r *verdict.Report) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(filled(*r)); err != nil {
		return fmt.Errorf("report: JSON: %w", err)
	}
	return nil
}

// filled is a copy of the report without nil lists; what the copy changes it does not share with the original.
func filled(r verdict.Report) verdict.Report {
	if r.Schema == "" {
		r.Schema = verdict.Schema
	}
	r.Target.Claims = list(r.Target.Claims)
	r.Checks = list(slices.Clone(r.Checks))
	for i := range r.Checks {
		r.Checks[i].Findings = list(r.Checks[i].Findings)
	}
	r.Exchanges = list(slices.Clone(r.Exchanges))
	for i := range r.Exchanges {
		x := &r.Exchanges[i]
		x.Request.Headers, x.Response.Headers = list(x.Request.Headers), list(x.Response.Headers)
	}
	if r.Dialect == nil {
		r.Dialect = map[string]string{}
	}
	return r
}

func list[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// ErrSchema marks what is JSON and no report of this schema.
var ErrSchema = errors.New("no report of schema " + verdict.Schema)

// ReadJSON reads a report that JSON wrote. Properties that this version does not know are passed over. The error wraps
// ErrSchema where the text is JSON and no such report, and says what was expected.
func ReadJSON(from io.Reader) (*verdict.Report, error) {
	const hint = "expected the file that flowgate check --json wrote"
	text, err := io.ReadAll(from)
	if err != nil {
		return nil, fmt.Errorf("report: reading: %w", err)
	}
	var head struct {
		Schema  string          `json:"schema"`
		Verdict verdict.Overall `json:"verdict"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		var mistyped *json.UnmarshalTypeError
		if errors.As(err, &mistyped) {
			return nil, fmt.Errorf("report: %w: %w (%s)", ErrSchema, err, hint)
		}
		return nil, fmt.Errorf("report: not JSON: %w (%s)", err, hint)
	}
	if head.Schema != verdict.Schema {
		return nil, fmt.Errorf("report: %w: its schema is %q (%s)", ErrSchema, head.Schema, hint)
	}
	if !slices.Contains([]verdict.Overall{verdict.Conformant, verdict.NotConformant, verdict.Incomplete, verdict.BrokenRun}, head.Verdict) {
		return nil, fmt.Errorf("report: %w: its verdict is %q (expected conformant, not-conformant, incomplete or broken)", ErrSchema, head.Verdict)
	}
	var r verdict.Report
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("report: %w: %w (%s)", ErrSchema, err, hint)
	}
	filled := filled(r)
	return &filled, nil
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
