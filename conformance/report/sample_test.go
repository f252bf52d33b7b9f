package report_test

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/conformance/verdict"
	"github.com/flowgate-dev/flowgate/openapi/catalogue"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares what a renderer wrote with a file of testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, got, 0o600))
	}
	want, err := os.ReadFile(path) //nolint:gosec // a file of this package
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "%s differs: go test ./conformance/report -update, and read the difference", path)
}

// rendered is what a renderer writes; a renderer leaves the report as it is and passes on the error of its writer.
func rendered(t *testing.T, render func(io.Writer, *verdict.Report) error, r *verdict.Report) []byte {
	t.Helper()
	var before, out, again bytes.Buffer
	require.NoError(t, encode(&before, r))
	require.NoError(t, render(&out, r))
	require.NoError(t, render(&again, r))
	require.Equal(t, out.String(), again.String(), "equal reports give equal bytes")
	var after bytes.Buffer
	require.NoError(t, encode(&after, r))
	require.Equal(t, before.String(), after.String(), "the renderer changed the report")
	for _, room := range []int{0, out.Len() - 1} {
		require.ErrorIs(t, render(&full{room: room}, r), errFull, "with room for %d of %d bytes", room, out.Len())
	}
	return out.Bytes()
}

// full is a disk with room for so many bytes.
type full struct{ room int }

var errFull = os.ErrClosed

func (f *full) Write(p []byte) (int, error) {
	if len(p) > f.room {
		return 0, errFull
	}
	f.room -= len(p)
	return len(p), nil
}

// hostile is what a device may say to harm who reads a report.
const hostile = "<script>alert('x')</script> | `tick` \x1b[31mred\x1b[0m \x00\x07 \xff\xfe \u202eevil\u202c ]]> --> [a](javascript:x) @team www.evil.example *b* _i_ \u009b31m"

// curlBody is a curl of two lines: what is pasted must be what was sent.
const curlBody = `curl -sS -X GET --user "$FLOWGATE_USER:$FLOWGATE_PASSWORD" -H 'Content-Type: application/json' --data-raw '{"stats_type":
"flows_per_minute"}' https://192.0.2.7/api/mgmt.flowgateway_analytics/1.0/import_stats`

// sample is a report with every verdict, settled, from a device that means harm.
func sample() *verdict.Report {
	started := time.Date(2026, 3, 29, 1, 30, 0, 250_000_000, time.UTC)
	r := &verdict.Report{
		Schema:  verdict.Schema,
		Harness: verdict.Harness{Version: "0.4.0", Commit: "0123456789abcdef", Catalogue: "2026-11-22"},
		Target: verdict.Target{
			URL: "https://192.0.2.7", Model: "FG-900 " + hostile, Serial: "SN|0042", Version: "6.1 (build `7`)",
			Fingerprint: "sha256:6d0c2f0f9a7d", Claims: []string{"mgmt.gateway_backup/1.0", "<b>odd</b>/1.0"},
		},
		Run: verdict.Run{
			ID: "run-7f3a", Started: started, Finished: started.Add(12340 * time.Millisecond), Seed: 18446744073709551615,
			Allow: "observe", Profile: "standard", ClockSkewMS: -1250,
		},
		Checks:    sampleChecks(),
		Exchanges: sampleExchanges(started),
		Dialect: map[string]string{
			"timestamp-type": "number", "request-form": "both", "template-b-zone": "+05:30", "not-in-the-table": hostile,
		},
		Waivers: []verdict.WaiverNote{
			{Check: "backup/**", Reason: "old firmware", State: verdict.OtherUnit},
			{Check: "backup/status/running/host", Reason: "known as BUG-7 <until> 6.2", State: verdict.Applied},
		},
	}
	verdict.Settle(r)
	r.Reason, r.Hint = "the harness itself broke in at least one check", "report the broken check with its exchange"
	return r
}

// calm is the sample without broken checks: a device that is not conformant.
func calm() *verdict.Report {
	r := sample()
	r.Verdict, r.Reason, r.Hint = "", "", ""
	r.Checks = r.Checks[:len(r.Checks)-1]
	verdict.Settle(r)
	return r
}

func checkOf(id string, v verdict.Verdict, findings ...verdict.Finding) verdict.Check {
	c := verdict.Check{ID: id, Requirement: id, Level: catalogue.Must, Standing: catalogue.Stated, Hazard: "observe", Verdict: v, DurationMS: 0.25, Findings: findings}
	if q, ok := catalogue.Find(id); ok {
		c.Level, c.Standing, c.Source = q.Level, q.Standing, q.Source
	}
	switch {
	case v == verdict.Pass || v == verdict.Noted:
		c.Reason = findings[0].Got
	case len(findings) > 0:
		c.Reason = "expected " + findings[0].Want + "; got " + findings[0].Got
	default:
		c.Findings = []verdict.Finding{}
	}
	return c
}

func sampleChecks() []verdict.Check {
	mutate := checkOf("backup/start/hostname/unreachable", verdict.NotRun)
	mutate.Hazard, mutate.Reason = "mutate", "not allowed: it needs --allow mutate"
	second := checkOf("restore/start/no-cert/effect", verdict.NotRun)
	second.Hazard, second.Reason = "destroy", "not allowed: it needs --allow mutate"
	unclaimed := checkOf("restore/status/error", verdict.Unclaimed)
	unclaimed.Reason = "the device does not list this service, and does not have it"
	covered := checkOf("backup/status/running/host", verdict.Failed, verdict.Finding{Verdict: verdict.Failed, Want: "a string", Got: "no such key", Exchange: "x0003"})
	covered.Requirement, covered.Waived = "backup/status/running/completed", true
	stranger := checkOf("analytics/a-requirement/of-another-version", verdict.Warned, verdict.Finding{Verdict: verdict.Warned, Want: "application/json", Got: "text/plain", Exchange: "x9999"})
	stranger.Level, stranger.Source = catalogue.Should, catalogue.Citation{Document: catalogue.Analytics, Section: "Errors | <i>all</i>"}
	return []verdict.Check{
		checkOf("analytics/errors/bad-request", verdict.Pass, verdict.Finding{Verdict: verdict.Pass, Want: "400 BAD_REQUEST", Got: "400 BAD_REQUEST", Exchange: "x0002"}),
		checkOf("analytics/response/type-a/peak-n-flows", verdict.Failed,
			verdict.Finding{Verdict: verdict.Failed, Want: "a string of decimal digits such as \"1024\"", Got: "a number, in 3 of 3 rows: " + hostile, Exchange: "x0001"},
			verdict.Finding{Verdict: verdict.Pass, Want: "a list", Got: "a list", Exchange: "x0001"},
			verdict.Finding{Verdict: verdict.Failed, Want: "a string", Got: "null", Exchange: "x0002"},
			verdict.Finding{Verdict: verdict.Failed, Want: "one spelling for all rows", Got: "two spellings"}),
		checkOf("analytics/response/type-b/time/form", verdict.Warned, verdict.Finding{Verdict: verdict.Warned, Want: "2024-01-08 22:11:00+00:00", Got: "2024-01-08T22:11:00Z", Exchange: "x0002"}),
		stranger,
		checkOf("analytics/request/type-c/body-form", verdict.Noted, verdict.Finding{Verdict: verdict.Noted, Want: "array or object", Got: "both are answered", Exchange: "x0001"}),
		covered,
		mutate,
		unclaimed,
		second,
		checkOf("backup/status/last-successful", verdict.Broken, verdict.Finding{Verdict: verdict.Broken, Want: "a judgement", Got: "the rule broke: index out of range"}),
	}
}

func sampleExchanges(started time.Time) []verdict.Exchange {
	const stats = "https://192.0.2.7/api/mgmt.flowgateway_analytics/1.0/import_stats"
	return []verdict.Exchange{
		{
			ID: "x0001", Probe: "analytics/type-a",
			Request: verdict.Message{
				Method: "GET", URL: stats, Body: "{\"stats_type\":\n\"flows_per_minute\"}",
				Headers: [][2]string{{"Authorization", "Basic REDACTED_CREDENTIALS"}, {"Content-Type", "application/json"}},
			},
			Response: verdict.Message{
				Status: 200, Body: "[{\"peak_n_flows\": 12}]\n```\n" + hostile + "\n</code></pre></details><img src=x onerror=alert(1)>", Cut: 70000,
				Headers: [][2]string{{"Content-Type", "application/json"}, {"Server", hostile}},
			},
			Curl: curlBody, Timings: verdict.Timings{Started: started, FirstByte: 8.5, Total: 12.25},
		},
		{
			ID: "x0002", Probe: "analytics/errors",
			Request:  verdict.Message{Method: "GET", URL: stats + "?q=<script>|`", Headers: [][2]string{}},
			Response: verdict.Message{Status: 400, Body: `{"error_id":"BAD_REQUEST"}`, Headers: [][2]string{}},
			Curl:     "curl -sS -X GET '" + stats + "?q=<script>|`'", Timings: verdict.Timings{Started: started.Add(time.Second), FirstByte: 0.4, Total: 0.5},
		},
		{
			ID: "x0003", Probe: "backup/status",
			Request: verdict.Message{Method: "GET", URL: "https://192.0.2.7/api/mgmt.gateway_backup/1.0/backup", Headers: [][2]string{}},
			Error:   "timeout: no whole answer within 30s \x1b[2J", Curl: "curl -sS -X GET https://192.0.2.7/api/mgmt.gateway_backup/1.0/backup",
			Response: verdict.Message{Headers: [][2]string{}}, Timings: verdict.Timings{Started: started.Add(2 * time.Second), Total: 30000},
		},
	}
}

// many is a report with so many failed checks, each with an exchange of its own and a long body.
func many(n int) *verdict.Report {
	r := calm()
	r.Checks, r.Exchanges = nil, nil
	exchanges := sampleExchanges(r.Run.Started)
	for i := range n {
		c := checkOf("analytics/response/type-a/peak-n-flows", verdict.Failed)
		c.ID += fmt.Sprintf("/%d", i)
		x := exchanges[0]
		x.ID = fmt.Sprintf("x%04d", i)
		x.Response.Body = strings.Repeat(hostile, 40)
		c.Findings = []verdict.Finding{{Verdict: verdict.Failed, Want: strings.Repeat("w|", 3000), Got: strings.Repeat(hostile, 30), Exchange: x.ID}}
		r.Checks, r.Exchanges = append(r.Checks, c), append(r.Exchanges, x)
	}
	verdict.Settle(r)
	return r
}
