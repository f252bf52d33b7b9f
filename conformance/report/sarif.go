package report

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/flowgate-dev/flowgate/conformance/verdict"
	"github.com/flowgate-dev/flowgate/openapi/catalogue"
)

// The objects of SARIF 2.1.0, as far as they are written here.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool         `json:"tool"`
		Automation  sarifAutomation   `json:"automationDetails"`
		Invocations []sarifInvocation `json:"invocations"`
		Results     []sarifResult     `json:"results"`
		ColumnKind  string            `json:"columnKind"`
		Properties  map[string]any    `json:"properties"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string         `json:"name"`
		Version        string         `json:"version,omitempty"`
		InformationURI string         `json:"informationUri"`
		Rules          []sarifRule    `json:"rules"`
		Properties     map[string]any `json:"properties"`
	}
	sarifAutomation struct {
		ID string `json:"id"`
	}
	sarifInvocation struct {
		Successful    bool                `json:"executionSuccessful"`
		Start         string              `json:"startTimeUtc"`
		End           string              `json:"endTimeUtc"`
		Notifications []sarifNotification `json:"toolExecutionNotifications,omitempty"`
	}
	sarifNotification struct {
		Level   string    `json:"level"`
		Message sarifText `json:"message"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifRule struct {
		ID               string         `json:"id"`
		ShortDescription sarifText      `json:"shortDescription"`
		Help             sarifText      `json:"help"`
		Default          sarifLevel     `json:"defaultConfiguration"`
		Properties       map[string]any `json:"properties"`
	}
	sarifLevel struct {
		Level string `json:"level"`
	}
	sarifResult struct {
		RuleID       string             `json:"ruleId"`
		RuleIndex    int                `json:"ruleIndex"`
		Level        string             `json:"level"`
		Message      sarifText          `json:"message"`
		Locations    []sarifLocation    `json:"locations"`
		Fingerprints map[string]string  `json:"partialFingerprints"`
		Suppressions []sarifSuppression `json:"suppressions"`
		Request      *sarifRequest      `json:"webRequest,omitempty"`
		Response     *sarifResponse     `json:"webResponse,omitempty"`
		Properties   map[string]any     `json:"properties"`
	}
	sarifLocation struct {
		Logical []sarifLogical `json:"logicalLocations"`
	}
	sarifLogical struct {
		Name string `json:"name"`
		Full string `json:"fullyQualifiedName"`
		Kind string `json:"kind,omitempty"`
	}
	sarifSuppression struct {
		Kind          string `json:"kind"`
		Status        string `json:"status"`
		Justification string `json:"justification"`
	}
	sarifRequest struct {
		Target  string            `json:"target"`
		Method  string            `json:"method"`
		Headers map[string]string `json:"headers"`
		Body    *sarifText        `json:"body,omitempty"`
	}
	sarifResponse struct {
		Status   int               `json:"statusCode,omitempty"`
		Headers  map[string]string `json:"headers"`
		Body     *sarifText        `json:"body,omitempty"`
		NoAnswer bool              `json:"noResponseReceived"`
	}
)

// SARIF writes the report as SARIF 2.1.0: each requirement of the report is a rule, each finding that failed or warned
// a result whose logical location is the place in the source document, with the exchange as web request and response. A
// waived finding is a suppressed result. A run that could not judge the device, or not all of it, says so in a
// notification; broken checks are notifications too, for they accuse no device.
func SARIF(w io.Writer, r *verdict.Report) error {
	s := study(r)
	rules, index := s.sarifRules()
	run := sarifRun{
		Tool: sarifTool{sarifDriver{
			Name: "flowgate", Version: line(r.Harness.Version, 0), InformationURI: "https://github.com/flowgate-dev/flowgate", Rules: rules,
			Properties: map[string]any{"commit": line(r.Harness.Commit, 0), "catalogue": line(r.Harness.Catalogue, 0)},
		}},
		Automation:  sarifAutomation{"flowgate/" + line(r.Target.URL, 0) + "/" + line(r.Run.ID, 0)},
		Invocations: []sarifInvocation{s.sarifInvocation()}, Results: []sarifResult{}, ColumnKind: "unicodeCodePoints",
		Properties: map[string]any{
			"verdict": r.Verdict, "model": line(r.Target.Model, 0), "serial": line(r.Target.Serial, 0), "softwareVersion": line(r.Target.Version, 0),
			"fingerprint": line(r.Target.Fingerprint, 0), "summary": r.Summary,
		},
	}
	for i := range r.Checks {
		run.Results = append(run.Results, s.sarifResults(&r.Checks[i], index)...)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run}}); err != nil {
		return fmt.Errorf("report: SARIF: %w", err)
	}
	return nil
}

// sarifRules lists the requirements in the order of the report, and where each stands.
func (s subject) sarifRules() (rules []sarifRule, index map[string]int) {
	rules, index = []sarifRule{}, map[string]int{}
	for i := range s.Checks {
		c := &s.Checks[i]
		if _, ok := index[c.Requirement]; ok {
			continue
		}
		index[c.Requirement] = len(rules)
		rules = append(rules, sarifRule{
			ID: line(c.Requirement, 0), ShortDescription: sarifText{line(s.text(c), 0)}, Help: sarifText{line(cite(c.Source), 0)},
			Default:    sarifLevel{weight(c.Level)},
			Properties: map[string]any{"level": c.Level, "standing": c.Standing, "document": c.Source.Document},
		})
	}
	return rules, index
}

// weight is the level of a requirement in SARIF's words.
func weight(l catalogue.Level) string {
	switch l {
	case catalogue.Must:
		return "error"
	case catalogue.Should:
		return "warning"
	}
	return "note"
}

func (s subject) sarifInvocation() sarifInvocation {
	out := sarifInvocation{
		Successful: s.Verdict != verdict.BrokenRun,
		Start:      s.Run.Started.UTC().Format(time.RFC3339Nano), End: s.Run.Finished.UTC().Format(time.RFC3339Nano),
	}
	if s.Reason != "" {
		level := "warning"
		if s.Verdict == verdict.BrokenRun {
			level = "error"
		}
		out.Notifications = append(out.Notifications, sarifNotification{level, sarifText{s.cause()}})
	}
	for _, c := range s.with("broken") {
		out.Notifications = append(out.Notifications, sarifNotification{"error", sarifText{line(c.ID+": "+c.Reason, 0)}})
	}
	return out
}

// sarifResults are the findings of a check that failed or warned.
func (s subject) sarifResults(c *verdict.Check, index map[string]int) []sarifResult {
	var out []sarifResult
	seen := map[string]int{} // findings that differ in what was got alone
	for _, f := range c.Findings {
		level := map[verdict.Verdict]string{verdict.Failed: "error", verdict.Warned: "warning"}[f.Verdict]
		if level == "" {
			continue
		}
		result := sarifResult{
			RuleID: line(c.Requirement, 0), RuleIndex: index[c.Requirement], Level: level,
			Message:      sarifText{line(c.ID+": expected "+f.Want+"; got "+f.Got, 0)},
			Locations:    []sarifLocation{{place(c.Source)}},
			Fingerprints: map[string]string{"flowgate/v1": fingerprint(c.ID, f.Verdict.String(), f.Want, strconv.Itoa(seen[f.Want]))},
			Suppressions: []sarifSuppression{},
			Properties:   map[string]any{"check": line(c.ID, 0), "hazard": line(c.Hazard, 0)},
		}
		seen[f.Want]++
		if c.Waived {
			result.Suppressions = append(result.Suppressions, sarifSuppression{"external", "accepted", line(s.waiver(c), 0)})
		}
		if x := s.exchanges[f.Exchange]; x != nil {
			result.Properties["exchange"], result.Properties["curl"] = line(x.ID, 0), block(x.Curl)
			result.Request = &sarifRequest{Target: line(x.Request.URL, 0), Method: line(x.Request.Method, 0), Headers: sarifHeaders(x.Request.Headers), Body: sarifBody(x.Request.Body)}
			result.Response = &sarifResponse{
				Status: x.Response.Status, Headers: sarifHeaders(x.Response.Headers), Body: sarifBody(x.Response.Body), NoAnswer: x.Response.Status == 0,
			}
		}
		out = append(out, result)
	}
	return out
}

// fingerprint tells whether two runs found the same: what a device got wrong may differ in its numbers.
func fingerprint(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		_, _ = fmt.Fprintf(h, "%d:%s", len(p), p) // a hash takes everything
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// place is where a promise stands, from the document inwards.
func place(c catalogue.Citation) []sarifLogical {
	full := line(string(c.Document)+"/"+c.Section, 0)
	if c.Field == "" {
		return []sarifLogical{{Name: line(c.Section, 0), Full: full}}
	}
	field := line(c.Field, 0)
	return []sarifLogical{{Name: field, Full: full + "/" + field, Kind: "property"}}
}

func sarifBody(s string) *sarifText {
	if s == "" {
		return nil
	}
	return &sarifText{block(s)}
}

// sarifHeaders joins the values of a name as HTTP does.
func sarifHeaders(headers [][2]string) map[string]string {
	out := map[string]string{}
	for _, h := range headers {
		name, value := line(h[0], 0), line(h[1], 0)
		if first, ok := out[name]; ok {
			value = first + ", " + value
		}
		out[name] = value
	}
	return out
}
