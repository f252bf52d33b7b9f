package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/flowgate-dev/flowgate/conformance/report"
	"github.com/flowgate-dev/flowgate/conformance/verdict"
	"github.com/flowgate-dev/flowgate/openapi/catalogue"
)

// encode writes every field of a report; it knows nothing of the renderers.
func encode(w io.Writer, r *verdict.Report) error { return json.NewEncoder(w).Encode(r) }

// compiled is the shipped schema; strict admits no property that the schema does not name.
func compiled(t *testing.T, strict bool) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(report.Schema))
	require.NoError(t, err)
	if strict {
		tighten(doc)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	require.NoError(t, c.AddResource("report.json", doc))
	s, err := c.Compile("report.json")
	require.NoError(t, err)
	return s
}

func tighten(node any) {
	switch n := node.(type) {
	case map[string]any:
		if _, named := n["properties"]; named && n["type"] == "object" {
			n["additionalProperties"] = false
		}
		for _, v := range n {
			tighten(v)
		}
	case []any:
		for _, v := range n {
			tighten(v)
		}
	}
}

func validate(t *testing.T, s *jsonschema.Schema, text []byte) error {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	return s.Validate(doc)
}

func TestJSONIsTheSchemasAndTheSameEachTime(t *testing.T) {
	text := rendered(t, report.JSON, sample())
	golden(t, "sample.json", text)
	require.NoError(t, validate(t, compiled(t, true), text))
	require.True(t, bytes.HasSuffix(text, []byte("}\n")))

	// Nothing but zero values: lists are there and empty.
	r := &verdict.Report{Verdict: verdict.BrokenRun, Run: verdict.Run{Allow: "observe", Profile: "quick"}}
	r.Checks = []verdict.Check{{ID: "a", Requirement: "a", Level: catalogue.Must, Standing: catalogue.Stated, Hazard: "observe", Source: catalogue.Citation{Document: catalogue.Common}}}
	r.Exchanges = []verdict.Exchange{{ID: "x1"}}
	text = rendered(t, report.JSON, r)
	require.NoError(t, validate(t, compiled(t, true), text))
	require.NotContains(t, string(text), "null")
}

// A run reports every requirement of the catalogue, whatever document it stands in.
func TestEveryRequirementFitsTheSchema(t *testing.T) {
	r := &verdict.Report{Verdict: verdict.BrokenRun, Run: verdict.Run{Allow: "observe", Profile: "quick"}}
	for _, q := range catalogue.Requirements() {
		r.Checks = append(r.Checks, verdict.Check{ID: q.ID, Requirement: q.ID, Level: q.Level, Standing: q.Standing, Source: q.Source, Hazard: "observe"})
	}
	require.NoError(t, validate(t, compiled(t, true), rendered(t, report.JSON, r)))
}

// Each line breaks one promise of the schema.
func TestTheSchemaRefusesWhatIsNoReport(t *testing.T) {
	s := compiled(t, false)
	good := rendered(t, report.JSON, sample())
	require.NoError(t, validate(t, s, bytes.Replace(good, []byte(`"dialect"`), []byte(`"a_later_addition": 1, "dialect"`), 1)))
	for old, broken := range map[string]string{
		`"flowgate/report/v1"`:      `"flowgate/report/v2"`,
		`"verdict": "broken"`:       `"verdict": "green"`,
		`"verdict": "failed"`:       `"verdict": "fail"`,
		`"level": "should"`:         `"level": "SHOULD"`,
		`"standing": "stated"`:      `"standing": "said"`,
		`"total": 10`:               `"total": -1`,
		`"clock_skew_ms": -1250`:    `"clock_skew_ms": 0.5`,
		`"document": "backup"`:      `"document": ""`,
		`"id": "x0001",`:            ``,
		`"2026-03-29T01:30:00.25Z"`: `"yesterday"`,
		`"state": "applied"`:        `"state": "ok"`,
		`"hazard": "mutate"`:        `"hazard": "write"`,
		`"waived": true`:            `"waived": "true"`,
		`"curl": `:                  `"kurl": `,
	} {
		require.Contains(t, string(good), old)
		require.Error(t, validate(t, s, []byte(strings.Replace(string(good), old, broken, 1))), "%s → %s", old, broken)
	}
}

func TestReadJSONReadsWhatJSONWrote(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawReport(t)
		var out bytes.Buffer
		require.NoError(t, report.JSON(&out, r))
		back, err := report.ReadJSON(&out)
		require.NoError(t, err)
		require.Equal(t, r, back)
	})
}

func drawReport(t *rapid.T) *verdict.Report {
	text := rapid.String()
	at := rapid.Map(rapid.Int64Range(0, 1<<40), func(ms int64) time.Time { return time.UnixMilli(ms).UTC() })
	finding := rapid.Custom(func(t *rapid.T) verdict.Finding {
		v := verdict.Verdict(rapid.IntRange(0, int(verdict.Broken)).Draw(t, "verdict")) //nolint:gosec // at most six
		return verdict.Finding{Verdict: v, Want: text.Draw(t, "want"), Got: text.Draw(t, "got"), Exchange: text.Draw(t, "exchange")}
	})
	check := rapid.Custom(func(t *rapid.T) verdict.Check {
		return verdict.Check{
			ID: text.Draw(t, "id"), Level: catalogue.Should, Source: catalogue.Citation{Field: text.Draw(t, "field")}, Waived: rapid.Bool().Draw(t, "waived"),
			DurationMS: rapid.Float64Range(0, 1e9).Draw(t, "duration"), Findings: rapid.SliceOfN(finding, 0, 3).Draw(t, "findings"),
		}
	})
	message := rapid.Custom(func(t *rapid.T) verdict.Message {
		header := rapid.Custom(func(t *rapid.T) [2]string { return [2]string{text.Draw(t, "name"), text.Draw(t, "value")} })
		return verdict.Message{URL: text.Draw(t, "url"), Status: rapid.IntRange(0, 599).Draw(t, "status"), Headers: rapid.SliceOfN(header, 0, 3).Draw(t, "headers"), Body: text.Draw(t, "body")}
	})
	exchange := rapid.Custom(func(t *rapid.T) verdict.Exchange {
		return verdict.Exchange{Curl: text.Draw(t, "curl"), Request: message.Draw(t, "request"), Response: message.Draw(t, "response"), Timings: verdict.Timings{Started: at.Draw(t, "sent")}}
	})
	return &verdict.Report{
		Schema: verdict.Schema, Verdict: verdict.Incomplete, Reason: text.Draw(t, "reason"),
		Target:    verdict.Target{Model: text.Draw(t, "model"), Claims: rapid.SliceOfN(text, 0, 3).Draw(t, "claims")},
		Run:       verdict.Run{Started: at.Draw(t, "started"), Finished: at.Draw(t, "finished"), Seed: rapid.Uint64().Draw(t, "seed")},
		Checks:    rapid.SliceOfN(check, 0, 3).Draw(t, "checks"),
		Exchanges: rapid.SliceOfN(exchange, 0, 2).Draw(t, "exchanges"),
		Dialect:   rapid.MapOfN(text, text, 0, 3).Draw(t, "dialect"),
	}
}

func TestReadJSONSaysWhatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		``:                                 "not JSON",
		`{`:                                "not JSON",
		`[]`:                               "no report of schema flowgate/report/v1",
		`{}`:                               `its schema is ""`,
		`{"schema": "flowgate/report/v2"}`: `its schema is "flowgate/report/v2"`,
		`{"schema": "flowgate/report/v1"}`: `its verdict is ""`,
		`{"schema": "flowgate/report/v1", "verdict": "green"}`:                                        `its verdict is "green"`,
		`{"schema": "flowgate/report/v1", "verdict": "conformant", "checks": [{"verdict": "green"}]}`: "is no verdict",
		`{"schema": "flowgate/report/v1", "verdict": "conformant"} {}`:                                "not JSON",
	} {
		_, err := report.ReadJSON(strings.NewReader(text))
		require.ErrorContains(t, err, want, text)
		require.ErrorContains(t, err, "expected", text)
		require.Equal(t, !strings.Contains(want, "not JSON"), errors.Is(err, report.ErrSchema), text)
	}
	_, err := report.ReadJSON(iotest.ErrReader(errFull))
	require.ErrorIs(t, err, errFull)

	r, err := report.ReadJSON(strings.NewReader(`{"schema": "flowgate/report/v1", "verdict": "conformant", "later": 1, "checks": [{"id": "a", "verdict": "pass"}]}`))
	require.NoError(t, err)
	require.NotNil(t, r.Exchanges)
	require.NotNil(t, r.Dialect)
	require.NotNil(t, r.Checks[0].Findings)
}
