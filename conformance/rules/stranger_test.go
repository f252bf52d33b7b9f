package rules_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
	"github.com/flowgate-dev/flowgate/conformance/rules"
	"github.com/flowgate-dev/flowgate/conformance/verdict"
	"github.com/flowgate-dev/flowgate/openapi/catalogue"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

// sent makes exchanges into a recording: they get an id, a probe, a step and a time each.
func sent(list ...exchange.Exchange) *check.Evidence {
	for i := range list {
		list[i].ID, list[i].Auth = fmt.Sprintf("x%04d", i+1), exchange.Account
		list[i].Started = began.Add(time.Duration(i) * 100 * time.Millisecond)
	}
	return rules.Prepare(list)
}

func at(probe, step string, x exchange.Exchange) exchange.Exchange {
	x.Probe, x.Step = probe, step
	return x
}

func backupStatus(stamp int, status, host string) exchange.Exchange {
	return made(corpus.GetBackup, "", "", 200, fmt.Sprintf(`[{"last_successful": {}, "running": {"host": %q, "username": "mazu",
		"message": "", "path": "/mnt/data/flowgateway-backup", "timeStamp": %d, "status": %q}}]`, host, stamp, status))
}

func posted(host string, status int) exchange.Exchange {
	x := made(corpus.StartBackup, "", fmt.Sprintf(`{"hostname": %q, "security_pwd": "s"}`, host), status, "")
	if status >= 400 {
		x.Response.Body = []byte(`{"error_id": "AUTH_REQUIRED", "error_text": "No."}`)
	}
	return x
}

func TestAStartThatMovesWhenTheJobEndsIsFound(t *testing.T) {
	now := int(began.Unix())
	for moved, want := range map[int]verdict.Verdict{0: verdict.Pass, 1: verdict.Failed} {
		const probe = "job/backup/local"
		e := sent(at(probe, "before", backupStatus(0, "NONE", "")), at(probe, "start", posted("localhost", 204)),
			at(probe, "poll", backupStatus(now, "EXECUTING", "localhost")), at(probe, "end", backupStatus(now+moved, "COMPLETED", "localhost")))
		require.Equal(t, want, gravest(rules.Started(rules.Backups)(e)), "moved by %d", moved)
	}
}

func TestARefusalThatStartsAJobIsFound(t *testing.T) {
	const probe = "access/backup-start/none"
	now := int(began.Unix())
	for host, want := range map[string]verdict.Verdict{corpus.DeadHost: verdict.Failed, "localhost": verdict.Pass} {
		refused := at(probe, "denied", posted(corpus.DeadHost, 401))
		e := sent(at(probe, "before", backupStatus(now-600, "COMPLETED", "localhost")), refused, at(probe, "other", backupStatus(now, "EXECUTING", host)))
		require.Equal(t, want, gravest(rules.Denied([]string{probe}, "AUTH_REQUIRED")(e)), "%s", host)
	}
}

func TestAStatusThatIsAnErrorWhileABackupRunsIsFound(t *testing.T) {
	broken := made(corpus.GetBackup, "", "", 500, `{"error_id": "INTERNAL_ERROR", "error_text": "Busy."}`)
	e := sent(at("job/backup/local", "poll", broken), at("job/backup/local", "end", backupStatus(1, "COMPLETED", "localhost")))
	require.Equal(t, verdict.Failed, gravest(rules.Resource(corpus.GetBackup)(e)))
	require.NotEqual(t, verdict.Failed, gravest(rules.ServerFault(catalogue.Backup)(e)), "a look at the status is no mistake of the client")
}

func TestWrongMethodsOfBackupsMayBeAnyError(t *testing.T) {
	for _, status := range []int{http.StatusInternalServerError, http.StatusNotImplemented} {
		x := at("method/backup/put", "", made(corpus.StartBackup, "", "{}", status, `{"error_id": "NOT_OFFERED", "error_text": "No."}`))
		for name, rule := range map[string]check.Rule{"fault": rules.ServerFault(catalogue.Backup), "internal": rules.InternalError(catalogue.Backup)} {
			require.NotEqual(t, verdict.Failed, gravest(rule(sent(x))), "%s of %d", name, status)
		}
	}
}

func rowOf(minute string, flows int, peak string) string {
	return fmt.Sprintf(`{"time": "2024-01-08 %s:00+00:00", "source_ip": "10.0.0.1", "n_flows": %d, "n_bytes": 4800, "n_bad_bytes": 0,
		"n_packets": 4, "n_bad_packets": 0, "peak_n_flows": %q, "peak_n_bytes": "480", "peak_n_packets": "1"}`, minute, flows, peak)
}

// Two hours of which the first minutes may be gone.
func hoursAnd(minutes ...string) *check.Evidence {
	const probe, window = "agree/minutes-with-hours", `"start_time": 1704747600, "end_time": 1704754800, "source_ip": "10.0.0.1"}`
	list := ""
	for i, m := range minutes {
		if i > 0 {
			list += ", "
		}
		list += m
	}
	return sent(
		at(probe, "fine", made(corpus.ImportStats, "C", `{"stats_type": "flows_per_minute", `+window, 200, "["+list+"]")),
		at(probe, "coarse", made(corpus.ImportStats, "C", `{"stats_type": "flows_per_hour", `+window, 200,
			"["+rowOf("21:00", 100, "60")+", "+rowOf("22:00", 10, "6")+"]")))
}

func TestHoursWhoseMinutesAreNotKeptAreNotAddedUp(t *testing.T) {
	const probe = "agree/minutes-with-hours"
	e := hoursAnd(rowOf("21:40", 30, "30"), rowOf("22:10", 10, "6"))
	j := rules.AddUp(probe)(e)
	for _, f := range j.Findings {
		require.NotContains(t, f.Got, "n_flows", "the first hour lacks its minutes")
	}
	j = rules.AddUp(probe)(hoursAnd(rowOf("21:00", 30, "30"), rowOf("22:10", 10, "6")))
	require.Equal(t, verdict.Failed, gravest(j))
}

func TestAPeakBelowThatOfAPartIsFound(t *testing.T) {
	const probe = "agree/minutes-with-hours"
	require.Equal(t, verdict.Pass, gravest(rules.Peaks(probe)(hoursAnd(rowOf("21:00", 90, "60"), rowOf("22:10", 10, "6")))))
	require.Equal(t, verdict.Failed, gravest(rules.Peaks(probe)(hoursAnd(rowOf("21:00", 90, "61"), rowOf("22:10", 10, "6")))))
}

func TestTheUnspecifiedAddressMayNameTheSumOfAllSources(t *testing.T) {
	row := `[{"time": "2024-01-08 22:11:00+00:00", "source_ip": "0.0.0.0", "n_flows": 1, "n_bytes": 100, "n_bad_bytes": 0, "n_packets": 1,
		"n_bad_packets": 0, "peak_n_flows": "1", "peak_n_bytes": "100", "peak_n_packets": "1"}]`
	request := `{"stats_type": "flows_per_minute", "start_time": 1704751200, "end_time": 1704753000, "source_ip": ""}`
	j := rules.AllSources("C")(sent(made(corpus.ImportStats, "C", request, 200, row)))
	require.Equal(t, "sum", j.Dialect[dialect.AllSources], "%+v", j)
}
