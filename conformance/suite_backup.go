package conformance

import (
	"slices"
	"strings"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/probes"
	"github.com/flowgate-dev/flowgate/conformance/rules"
	"github.com/flowgate-dev/flowgate/openapi/catalogue"
)

// Probes that follow jobs, by what they show.
var (
	backupJobs  = []string{"job/backup/local", "job/backup/dead-host", "job/backup/local-again", "job/backup/full"}
	restoreJobs = []string{"job/restore/dead-host", "job/restore/wrong-secret", "job/restore/local", "job/restore/full"}
)

// statusChecks judge the two status resources as they are, whatever has run.
func statusChecks() []row {
	backup, restore := []string{"status/backup"}, []string{"status/restore"}
	rows := []row{
		{"backup/status/resource", "", backup, rules.Resource(corpus.GetBackup)},
		{"backup/status/media-type", "", backup, rules.MediaType(corpus.GetBackup, "")},
		{"backup/status/list", "", backup, rules.BackupList},
		{"backup/status/item", "", backup, rules.BackupItem},
		{"backup/status/extra-keys", "", backup, rules.ExtraStatusKeys(rules.Running, rules.LastSuccessful)},
		{"backup/status/before-run", "", backup, rules.BeforeRun(rules.Running, "status/backup")},
		{"backup/status/last-successful", "", backup, rules.Present(rules.LastSuccessful)},
		{"backup/status/running", "", backup, rules.Present(rules.Running)},
		{"backup/status/last-successful/subdir", "", backup, rules.Text(rules.LastSuccessful, "subdir", false)},
		{"backup/status/last-successful/subdir-below-path", "", backup, rules.SubdirBelowPath},
		{"restore/status/resource", "", restore, rules.Resource(corpus.GetRestore)},
		{"restore/status/media-type", "", restore, rules.MediaType(corpus.GetRestore, "")},
		{"restore/status/object", "", restore, rules.RestoreObject},
		{"restore/status/extra-keys", "", restore, rules.ExtraStatusKeys(rules.Restoring)},
		{"restore/status/before-run", "", restore, rules.BeforeRun(rules.Restoring, "status/restore")},
		{"restore/status/subdir", "", restore, rules.RestoreSubdir},
	}
	for _, r := range []struct {
		prefix string
		probe  []string
		record rules.Record
	}{
		{"backup/status/running", backup, rules.Running},
		{"backup/status/last-successful", backup, rules.LastSuccessful},
		{"restore/status", restore, rules.Restoring},
	} {
		rows = append(rows,
			row{r.prefix + "/host", "", r.probe, rules.Given(r.record, "host", "hostname")},
			row{r.prefix + "/username", "", r.probe, rules.Given(r.record, "username", "username")},
			row{r.prefix + "/path", "", r.probe, rules.Given(r.record, "path", "path")},
			row{r.prefix + "/message", "", r.probe, rules.Text(r.record, "message", true)},
			row{r.prefix + "/timestamp", "", r.probe, rules.Timestamp(r.record)})
		if r.record != rules.LastSuccessful {
			rows = append(rows, row{r.prefix + "/status", "", r.probe, rules.Status(r.record)})
		}
	}
	return rows
}

// jobChecks judge the jobs that a run starts.
func jobChecks() []row {
	rows := []row{
		{"backup/status/last-successful/only-success", "", backupJobs, rules.OnlySuccess(rules.Backups)},
		{"backup/status/last-successful/same-run", "", backupJobs, rules.SameRun},
		{"backup/start/security-pwd/protects", "", restoreJobs, rules.SecretChecked},
		{"backup/start/second-job", "", []string{"job/backup/second"}, rules.SecondJob(rules.Backups, "job/backup/second")},
		{"backup/start/secrets", "", append(slices.Clone(backupJobs), "negative/backup/start/hostname/number"), rules.Secrets(corpus.StartBackup, corpus.GetBackup)},
		{"restore/start/secrets", "", append(slices.Clone(restoreJobs), "negative/restore/start/hostname/number"), rules.Secrets(corpus.StartRestore, corpus.GetRestore)},
		{"restore/start/second-job", "", []string{"job/restore/second"}, rules.SecondJob(rules.Restores, "job/restore/second")},
		{"restore/start/path/latest", "", restoreJobs, rules.Newest},
		{"restore/start/security-pwd/checked", "", restoreJobs, rules.SecretChecked},
		{"restore/status/latest", "untouched", []string{"job/restore/untouched"}, rules.Untouched},
		{"restore/status/path/includes-backup", "", restoreJobs, rules.IncludesBackup},
	}
	rows = append(rows, kindChecks(rules.Backups, "backup/start", "backup/status/running", backupJobs)...)
	return append(rows, kindChecks(rules.Restores, "restore/start", "restore/status", restoreJobs)...)
}

// kindChecks are those that backups and restores share.
func kindChecks(k rules.Kind, start, status string, jobs []string) []row {
	rows := []row{
		{start + "/resource", "", jobs, rules.Starts(k)},
		{start + "/empty-response", "", jobs, rules.EmptyResponse(k.Start)},
		{start + "/status", "", jobs, rules.StartStatus(k.Start)},
		{start + "/example", "", jobs, rules.FiveFields(k)},
		{start + "/hostname/localhost", "", jobs, rules.Completes(k)},
		{start + "/hostname/unreachable", "", jobs, rules.Unreachable(k)},
		{start + "/username/default", "", jobs, rules.DefaultUser(k)},
		{start + "/password/localhost", "", jobs, rules.NoPassword(k)},
		{start + "/path/default", "", jobs, rules.DefaultPath(k)},
		{status + "/latest", "", jobs, rules.Latest(k)},
		{status + "/started", "", jobs, rules.Started(k)},
		{status + "/executing", "", jobs, rules.Executing(k)},
		{status + "/completed", "", jobs, rules.EndsAs(k)},
		{status + "/error", "", jobs, rules.Fails(k)},
		{status + "/ends", "", jobs, rules.Ends(k)},
		{status + "/final", "", jobs, rules.Final(k)},
		{status + "/error-message", "", jobs, rules.ErrorMessage(k)},
	}
	for _, c := range corpus.Jobs(start) {
		probe := probes.NegativeOf(&c)
		rows = append(rows, row{c.Requirement, strings.TrimPrefix(c.ID, c.Requirement+"/"), []string{probe, k.Dead}, rules.NegativeJob(&c, probe, k.Dead)})
	}
	return rows
}

// errorChecks judge the two sections Error Codes, and access.
func errorChecks() []row {
	var rows []row
	for _, d := range []struct {
		doc    catalogue.Document
		prefix string
		probes []string // that make errors without changing anything
		path   string
	}{
		{catalogue.Analytics, "analytics/errors", []string{"access/import-stats/type-c/none", "access/import-stats/type-c/wrong-user"}, "path/analytics"},
		{catalogue.Backup, "backup/errors", []string{"access/backup-status/none", "access/backup-status/wrong-user"}, "path/backup"},
	} {
		rows = append(rows,
			row{d.prefix + "/body", "", d.probes, rules.ErrorBody(d.doc)},
			row{d.prefix + "/media-type", "", d.probes, rules.ErrorMediaType(d.doc)},
			row{d.prefix + "/error-id", "", d.probes, rules.ErrorField(d.doc, "error_id")},
			row{d.prefix + "/error-text", "", d.probes, rules.ErrorField(d.doc, "error_text")},
			row{d.prefix + "/error-info", "", d.probes, rules.ErrorInfo(d.doc)},
			row{d.prefix + "/extra-keys", "", d.probes, rules.ErrorKeys(d.doc)},
			row{d.prefix + "/status", "", d.probes, rules.ErrorStatus(d.doc)},
			row{d.prefix + "/no-server-fault", "", d.probes, rules.ServerFault(d.doc)},
			row{d.prefix + "/internal-error", "", d.probes, rules.InternalError(d.doc)},
			row{d.prefix + "/unknown-path", "", []string{d.path}, rules.UnknownPath(d.path)})
	}
	rows = append(rows,
		row{"analytics/errors/bad-request", "", []string{"negative/analytics/request/type-c/stats-type/unknown-word"}, rules.BadRequest(catalogue.Analytics)},
		row{"backup/errors/bad-request", "", []string{"negative/backup/start/hostname/number"}, rules.BadRequest(catalogue.Backup)})
	for _, m := range probes.MethodCases() {
		name := "method/" + m.Name
		if m.Operation == corpus.ImportStats {
			rows = append(rows, row{"analytics/errors/http-invalid-method", strings.TrimPrefix(m.Name, "import-stats/"), []string{name}, rules.WrongMethod(name)})
		} else {
			rows = append(rows, row{"backup/errors/wrong-method", strings.ReplaceAll(m.Name, "/", "-"), []string{name}, rules.WrongMethodOpen(name)})
		}
	}
	return append(rows, accessChecks()...)
}

// accessRequirement is the requirement of the section Authorization that a target belongs to.
var accessRequirement = map[string]string{
	"import-stats/type-a": "analytics/request/type-a/authorization",
	"import-stats/type-b": "analytics/request/type-b/authorization",
	"import-stats/type-c": "analytics/request/type-c/authorization",
	"backup-status":       "backup/status/authorization",
	"restore-status":      "restore/status/authorization",
	"backup-start":        "backup/start/authorization",
	"restore-start":       "restore/start/authorization",
}

// accessChecks judge requests without good credentials: each target and case, and each error_id over all of them.
func accessChecks() []row {
	var rows []row
	bare, wrong := map[bool][]string{}, map[bool][]string{}
	for _, t := range probes.AccessTargets() {
		analytics := t.Operation == corpus.ImportStats
		for _, name := range t.Cases {
			probe := probes.AccessProbe(t, name)
			row := row{accessRequirement[t.Name], name, []string{probe}, rules.Denied([]string{probe})}
			switch {
			case madeUp(name):
				row.rule = rules.KeptOut("401 to what nobody has handed out", []string{"denied"}, probe)
				rows = append(rows, row)
				continue
			case name == "none":
				row.rule = rules.Denied(row.probes, "AUTH_REQUIRED")
				bare[analytics] = appendObserve(bare[analytics], probe, t.Hazard)
			case strings.HasSuffix(name, "-case"):
				row.rule = rules.Denied(row.probes, "AUTH_INVALID_CREDENTIALS")
				if name == "password-case" {
					wrong[analytics] = appendObserve(wrong[analytics], probe, t.Hazard)
				}
				row.requirement, row.name = map[bool]string{true: "analytics", false: "backup"}[analytics]+"/errors/auth-invalid-credentials/"+name, ""
			case name == "password-empty": // may count as no password, so either error_id is right
			case strings.HasPrefix(name, "wrong-") || strings.HasPrefix(name, "password-"):
				row.rule = rules.Denied(row.probes, "AUTH_INVALID_CREDENTIALS")
				wrong[analytics] = appendObserve(wrong[analytics], probe, t.Hazard)
			}
			if analytics && (strings.HasPrefix(name, "wrong-") || strings.HasPrefix(name, "password-") || name == "empty-both") {
				row.requirement, row.name = "analytics/authentication/wrong-credentials", strings.ReplaceAll(t.Name, "/", "-")+"/"+name
			} else if analytics && name != "none" && !strings.HasSuffix(name, "-case") {
				row.requirement, row.name = "analytics/authentication/malformed-header", strings.ReplaceAll(t.Name, "/", "-")+"/"+name
			}
			rows = append(rows, row)
		}
	}
	// Log-in is one for both documents, and an account is asked with a wrong password as rarely as can be: what the status
	// of backups shows counts for analytics too.
	letters := []string{"access/backup-status/password-case"}
	return append(rows,
		row{"analytics/errors/auth-invalid-credentials/password-case", "", letters, rules.Denied(letters, "AUTH_INVALID_CREDENTIALS")},
		row{"analytics/authentication/required", "", bare[true], rules.Denied(bare[true], "AUTH_REQUIRED")},
		row{"analytics/errors/auth-required", "", bare[true], rules.Denied(bare[true], "AUTH_REQUIRED")},
		row{"analytics/errors/auth-invalid-credentials", "", wrong[true], rules.Denied(wrong[true], "AUTH_INVALID_CREDENTIALS")},
		row{"backup/errors/auth-required", "", bare[false], rules.Denied(bare[false], "AUTH_REQUIRED")},
		row{"backup/errors/auth-invalid-credentials", "", wrong[false], rules.Denied(wrong[false], "AUTH_INVALID_CREDENTIALS")})
}

// appendObserve keeps a joint check to the probes that any run may send.
func appendObserve(list []string, probe string, h check.Hazard) []string {
	if h > check.Observe || slices.Contains(list, probe) {
		return list
	}
	return append(list, probe)
}
