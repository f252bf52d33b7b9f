package rules_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
	"github.com/flowgate-dev/flowgate/conformance/rules"
	"github.com/flowgate-dev/flowgate/conformance/verdict"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

// began is when the exchanges of these tests happen, by both clocks.
var began = time.Date(2024, 1, 8, 23, 30, 0, 0, time.UTC)

// made is an exchange that a device answered.
func made(operation, variant, request string, status int, response string) exchange.Exchange {
	path := map[string]string{
		corpus.ImportStats: "/api/mgmt.flowgateway_analytics/1.0/import_stats",
		corpus.GetBackup:   "/api/mgmt.gateway_backup/1.0/backup", corpus.StartBackup: "/api/mgmt.gateway_backup/1.0/backup",
		corpus.GetRestore: "/api/mgmt.gateway_backup/1.0/restore", corpus.StartRestore: "/api/mgmt.gateway_backup/1.0/restore",
	}[operation]
	method := map[bool]string{true: "POST", false: "GET"}[operation == corpus.StartBackup || operation == corpus.StartRestore]
	return exchange.Exchange{
		ID: "x0001", Operation: operation, Variant: variant, Started: began, Total: time.Millisecond,
		Request: exchange.Message{Method: method, URL: "https://10.0.0.1" + path, Body: []byte(request)},
		Response: exchange.Message{
			Status: status, Body: []byte(response),
			Header: http.Header{"Content-Type": {"application/json"}, "Date": {began.Format(http.TimeFormat)}},
		},
	}
}

// gravest joins the verdicts of a judgement.
func gravest(j check.Judgement) verdict.Verdict {
	v := verdict.NotRun
	for _, f := range j.Findings {
		v = verdict.Join(v, f.Verdict)
	}
	return v
}

// The rows that the analytics document prints for each template; their addresses are masked there.
const exampleRows = `[
 {"time": "2024-01-08 22:11:00+00:00", "source_ip": "10.x.x.x", "n_flows": 154, "n_bytes": 8448, "n_bad_bytes": 0, "n_packets": 20,
  "n_bad_packets": 0, "peak_n_flows": "60", "peak_n_bytes": "3088", "peak_n_packets": "4"},
 {"time": "2024-01-08 22:11:00+00:00", "source_ip": "10.x.x.x", "n_flows": 23677, "n_bytes": 1179508, "n_bad_bytes": 0, "n_packets": 827,
  "n_bad_packets": 0, "peak_n_flows": "1508", "peak_n_bytes": "75088", "peak_n_packets": "52"}]`

// rowRules are all rules that judge rows of one answer.
func rowRules(v string) map[string]check.Rule {
	all := map[string]check.Rule{
		"list": rules.List(v), "item": rules.Item(v), "time": rules.Time(v), "time/form": rules.TimeForm(v), "source-ip": rules.SourceIP(v),
		"unique": rules.Unique(v), "alignment": rules.Alignment(v), "media-type": rules.MediaType(corpus.ImportStats, v),
		"extra-keys": rules.ExtraRowKeys(v), "window": rules.Window(v), "repeatable": rules.Repeatable(v), "coverage": rules.Coverage(v),
		"bad-bytes-within": rules.WithinTotal(v, "n_bad_bytes", "n_bytes"), "bad-packets-within": rules.WithinTotal(v, "n_bad_packets", "n_packets"),
	}
	for _, f := range []string{"n_flows", "n_bytes", "n_bad_bytes", "n_packets", "n_bad_packets"} {
		all[f] = rules.Count(v, f)
	}
	for _, f := range []string{"n_flows", "n_bytes", "n_packets"} {
		all["peak_"+f], all["peak-within/"+f] = rules.Peak(v, "peak_"+f), rules.WithinTotal(v, "peak_"+f, f)
	}
	return all
}

func TestTheDocumentsOwnRowsAreAccepted(t *testing.T) {
	for variant, request := range map[string]string{
		"A": `{"stats_type": "flows_per_minute", "interval_type": "minutes", "time_interval": 90, "source_ip": "10.x.x.x"}`,
		"B": `{"stats_type": "flows_per_minute", "start_time": "08/01/2024 22:00:00", "end_time": "08/01/2024 22:30:00", "source_ip": ""}`,
		"C": `[{"stats_type": "flows_per_minute", "start_time": 1704751200, "end_time": 1704753000, "source_ip": ""}]`,
	} {
		e := rules.Prepare([]exchange.Exchange{made(corpus.ImportStats, variant, request, 200, exampleRows)})
		for name, rule := range rowRules(variant) {
			j := rule(e)
			require.LessOrEqual(t, gravest(j), verdict.Noted, "%s of template %s: %+v", name, variant, j.Findings)
		}
	}
}

const exampleBackup = `[{"last_successful": {"host": "dummyHost", "message": "", "path": "path/to/store/backup/directory",
  "subdir": "path/to/store/backup/directory/backup_name", "timeStamp": 1659006593, "username": "mazu"},
 "running": {"host": "dummyHost", "message": "", "path": "path/to/store/backup/directory", "status": "COMPLETED", "timeStamp": 1659006593, "username": "mazu"}}]`

const exampleRestore = `{"host": "dummyHost", "message": "", "path": "path/to/backup/directory/backup_name", "status": "COMPLETED",
 "timeStamp": 1659006593, "username": "mazu"}`

func TestTheDocumentsOwnStatusesAreAcceptedAndTheirContradictionsNoted(t *testing.T) {
	e := rules.Prepare([]exchange.Exchange{
		made(corpus.GetBackup, "", "", 200, exampleBackup), made(corpus.GetRestore, "", "", 200, exampleRestore),
	})
	passed := map[string]check.Rule{
		"list": rules.BackupList, "item": rules.BackupItem, "object": rules.RestoreObject, "subdir-below-path": rules.SubdirBelowPath,
		"last": rules.Present(rules.LastSuccessful), "running": rules.Present(rules.Running), "subdir": rules.Text(rules.LastSuccessful, "subdir", false),
		"status": rules.Status(rules.Running), "restore status": rules.Status(rules.Restoring),
	}
	for _, r := range []rules.Record{rules.Running, rules.LastSuccessful, rules.Restoring} {
		for _, f := range []string{"host", "username", "path"} {
			passed[r.Operation+r.Name+f] = rules.Given(r, f, f)
		}
		passed[r.Operation+r.Name+"message"] = rules.Text(r, "message", true)
	}
	for name, rule := range passed {
		j := rule(e)
		require.Equal(t, verdict.Pass, gravest(j), "%s: %+v", name, j)
	}
	for _, r := range []rules.Record{rules.Running, rules.LastSuccessful, rules.Restoring} {
		j := rules.Timestamp(r)(e)
		require.Equal(t, verdict.Noted, gravest(j))
		require.Equal(t, "number", j.Dialect[dialect.TimestampType])
	}
	j := rules.RestoreSubdir(e)
	require.Equal(t, "absent", j.Dialect[dialect.RestoreSubdir])
}

// A rule must tell the good row from one that differs in a single field.
func TestEachRowRuleFailsForItsOwnFieldOnly(t *testing.T) {
	request := `{"stats_type": "flows_per_minute", "start_time": 1704751200, "end_time": 1704753000, "source_ip": ""}`
	for name, c := range map[string]struct {
		field string
		value any
		fails []string
	}{
		"count as text":         {"n_flows", "154", []string{"n_flows"}},
		"negative count":        {"n_bad_bytes", -1, []string{"n_bad_bytes"}},
		"fraction":              {"n_packets", 20.5, []string{"n_packets"}},
		"count missing":         {"n_bytes", nil, []string{"n_bytes"}},
		"peak as number":        {"peak_n_flows", 60, []string{"peak_n_flows"}},
		"peak with unit":        {"peak_n_bytes", "3088 B", []string{"peak_n_bytes"}},
		"peak above total":      {"peak_n_packets", "21", []string{"peak-within/n_packets"}},
		"peak of zero":          {"peak_n_flows", "0", []string{"peak-within/n_flows"}},
		"bad above total":       {"n_bad_packets", 21, []string{"bad-packets-within"}},
		"time as epoch":         {"time", 1704751860, []string{"time"}},
		"time of another zone":  {"time", "2024-01-08 23:11:00+01:00", []string{"time", "time/form"}},
		"time outside":          {"time", "2024-01-08 21:11:00+00:00", []string{"window"}},
		"time off the grid":     {"time", "2024-01-08 22:11:30+00:00", []string{"alignment"}},
		"time in another form":  {"time", "2024-01-08T22:11:00Z", []string{"time/form"}},
		"source is a word":      {"source_ip", "router", []string{"source-ip"}},
		"same source and time":  {"source_ip", "192.0.2.2", []string{"unique"}},
		"another key":           {"n_drops", 0, nil},
		"whole, with a decimal": {"n_flows", json.Number("154.0"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			row := func(source string) map[string]any {
				return map[string]any{
					"time": "2024-01-08 22:11:00+00:00", "source_ip": source, "n_flows": 154, "n_bytes": 8448, "n_bad_bytes": 0, "n_packets": 20,
					"n_bad_packets": 0, "peak_n_flows": "60", "peak_n_bytes": "3088", "peak_n_packets": "4",
				}
			}
			odd := row("192.0.2.1")
			odd[c.field] = c.value
			body, err := json.Marshal([]any{odd, row("192.0.2.2")})
			require.NoError(t, err)
			e := rules.Prepare([]exchange.Exchange{made(corpus.ImportStats, "C", request, 200, string(body))})
			var failed []string
			for rule, judge := range rowRules("C") {
				if gravest(judge(e)) == verdict.Failed {
					failed = append(failed, rule)
				}
			}
			require.ElementsMatch(t, c.fails, failed)
		})
	}
}
