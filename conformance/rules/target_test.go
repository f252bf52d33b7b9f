package rules_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
	"github.com/flowgate-dev/flowgate/conformance/rules"
	"github.com/flowgate-dev/flowgate/conformance/verdict"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

var postedAt = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// farJob is one watched backup: what the device answered, said and did.
type farJob struct {
	probe   string
	posted  int // status of the answer to the POST
	status  string
	subdir  string
	host    string
	sight   corpus.Sighting
	restore bool
	path    string // as the status of a restore tells it
}

func sight(kind, path, detail string) corpus.Sight {
	return corpus.Sight{At: postedAt, Conn: 1, Kind: kind, User: "fg", Path: path, Detail: detail}
}

// lawful is a backup that went well.
func lawful() farJob {
	return farJob{
		probe: corpus.TargetFirst, posted: 200, status: "COMPLETED", subdir: "/b/20261122_1200", host: "127.0.0.1:2222",
		sight: corpus.Sighting{
			Events: []corpus.Sight{
				{At: postedAt, Conn: 1, Kind: "connect"},
				sight("login", "", "password"), sight("command", "", "sftp"),
				sight("open", "/b/20261122_1200/x", "write"), sight("write", "/b/20261122_1200/x", ""), sight("close", "/b/20261122_1200/x", ""),
			},
			Files: []corpus.Found{{Path: "/b/20261122_1200/x", Size: 9}, {Path: "/b/20261122_1200/manifest.json", Size: 2, Text: true}},
		},
	}
}

// evidence is the job as its probe records it.
func (j farJob) evidence() *check.Evidence {
	operation, status := corpus.StartBackup, corpus.GetBackup
	if j.restore {
		operation, status = corpus.StartRestore, corpus.GetRestore
	}
	j.sight.Host, j.sight.User, j.sight.Path = j.host, "fg", "/b"
	ask := func(id, step, op, method, body string, code int, answer string) exchange.Exchange {
		return exchange.Exchange{
			ID: id, Probe: j.probe, Step: step, Operation: op, Started: postedAt,
			Request:  exchange.Message{Method: method, URL: "http://d/api/mgmt.gateway_backup/1.0/x", Body: []byte(body), Header: http.Header{}},
			Response: exchange.Message{Status: code, Body: []byte(answer), Header: http.Header{}},
		}
	}
	record := fmt.Sprintf(`{"host": %q, "username": "fg", "path": %q, "message": "", "timeStamp": %d, "status": %q}`, j.host, j.path, postedAt.Unix(), j.status)
	told := record
	if !j.restore {
		told = fmt.Sprintf(`[{"running": %s, "last_successful": {"host": %q, "path": "/b", "subdir": %q, "timeStamp": %d}}]`, record, j.host, j.subdir, postedAt.Unix())
	}
	note := ask("x3", corpus.StepSeen, "", exchange.MethodSeen, string(j.sight.JSON()), 0, "")
	list := []exchange.Exchange{ask("x1", "start", operation, "POST", `{"hostname": "h"}`, j.posted, "")}
	if j.posted == 200 {
		list = append(list, ask("x2", "end", status, "GET", "", 200, told))
	}
	return rules.Prepare(append(list, note))
}

func TestABackupIsBelievedByWhatBothEndsTell(t *testing.T) {
	failure := func(name string) check.Rule {
		for _, f := range corpus.BackupFailures() {
			if f.Name == name {
				return rules.FarFailure(rules.FarBackups, f)
			}
		}
		return nil
	}
	in := func(probe string, edit func(*farJob)) func(*farJob) {
		return func(j *farJob) { j.probe = probe; edit(j) }
	}
	fails := func(j *farJob) {
		j.status = "ERROR"
		j.sight.Files = nil
		j.sight.Events = append(j.sight.Events[:3:3], sight("fault", "", "drop"))
	}
	for name, c := range map[string]struct {
		rule check.Rule
		edit func(*farJob)
		want verdict.Verdict
	}{
		"reached":   {rules.FarReached, func(*farJob) {}, verdict.Pass},
		"no log-in": {rules.FarReached, func(j *farJob) { j.sight.Events, j.sight.Files = nil, nil }, verdict.Failed},
		"account":   {rules.FarAccount, func(*farJob) {}, verdict.Pass},
		"a key is tried first": {rules.FarAccount, func(j *farJob) {
			j.sight.Events = append([]corpus.Sight{sight("refused", "", "publickey")}, j.sight.Events...)
		}, verdict.Pass},
		"a password is tried anew": {rules.FarAccount, func(j *farJob) {
			j.sight.Events = append([]corpus.Sight{sight("refused", "", "password")}, j.sight.Events...)
		}, verdict.Pass},
		"another user":                 {rules.FarAccount, func(j *farJob) { j.sight.Events[1].User, j.sight.Events[1].Kind = "mazu", "refused" }, verdict.Failed},
		"another password":             {rules.FarAccount, func(j *farJob) { j.sight.Events[1].Kind = "refused" }, verdict.Failed},
		"completes":                    {rules.FarCompletes, func(*farJob) {}, verdict.Pass},
		"ERROR though all was well":    {rules.FarCompletes, func(j *farJob) { j.status = "ERROR" }, verdict.Failed},
		"ERROR after a denial":         {rules.FarCompletes, func(j *farJob) { j.status = "ERROR"; j.sight.Events = append(j.sight.Events, sight("denied", "/", "")) }, verdict.Noted},
		"ERROR since rsync is missing": {rules.FarCompletes, func(j *farJob) { j.status = "ERROR"; j.sight.Events = append(j.sight.Events, sight("exit", "", "127")) }, verdict.Noted},
		"no algorithm in common":       {rules.FarCompletes, func(j *farJob) { j.status = "ERROR"; j.sight.Events = j.sight.Events[:1]; j.sight.Files = nil }, verdict.Noted},
		"never came":                   {rules.FarCompletes, func(j *farJob) { j.status = "ERROR"; j.sight.Events, j.sight.Files = nil, nil }, verdict.NotRun},
		"HOST:PORT refused":            {rules.FarCompletes, func(j *farJob) { j.posted = 400; j.sight.Events, j.sight.Files = nil, nil }, verdict.NotRun},
		"HOST refused":                 {rules.FarCompletes, func(j *farJob) { j.posted, j.host = 400, "127.0.0.1"; j.sight.Events, j.sight.Files = nil, nil }, verdict.Failed},
		"path":                         {rules.FarPath, func(*farJob) {}, verdict.Pass},
		"no files":                     {rules.FarPath, func(j *farJob) { j.sight.Files = nil }, verdict.Failed},
		"files elsewhere":              {rules.FarPath, func(j *farJob) { j.sight.Events[4].Path, j.sight.Events[5].Path = "/c/x", "/c/x" }, verdict.Failed},
		"a file moved below path": {rules.FarPath, func(j *farJob) {
			j.sight.Events[4].Path, j.sight.Events[5].Path = "/tmp/x", "/tmp/x"
			j.sight.Events = append(j.sight.Events, corpus.Sight{Kind: "rename", Path: "/tmp/x", To: "/b/20261122_1200/x"})
		}, verdict.Pass},
		"a file moved, and not below path": {rules.FarPath, func(j *farJob) {
			j.sight.Events[4].Path, j.sight.Events[5].Path = "/tmp/x/y", "/tmp/x/y"
			j.sight.Events = append(j.sight.Events, corpus.Sight{Kind: "rename", Path: "/tmp/x", To: "/b2"})
		}, verdict.Failed},
		"subdir":                        {rules.FarSubdir, func(*farJob) {}, verdict.Pass},
		"subdir is not there":           {rules.FarSubdir, func(j *farJob) { j.subdir = "/b/20200101_0000" }, verdict.Failed},
		"subdir is path":                {rules.FarSubdir, func(j *farJob) { j.subdir = "/b" }, verdict.Failed},
		"protected":                     {rules.FarProtected, func(*farJob) {}, verdict.Pass},
		"all of it text":                {rules.FarProtected, func(j *farJob) { j.sight.Files[0].Text = true }, verdict.Failed},
		"no secret":                     {rules.FarSecrets, func(*farJob) {}, verdict.Pass},
		"a secret in a file":            {rules.FarSecrets, func(j *farJob) { j.sight.Files[1].Holds = []string{"password"} }, verdict.Failed},
		"a secret in a command":         {rules.FarSecrets, func(j *farJob) { j.sight.Holds = []string{"security_pwd"} }, verdict.Failed},
		"cut, and ERROR":                {failure("dropped"), in("target/backup/dropped", fails), verdict.Pass},
		"cut, and COMPLETED":            {failure("dropped"), in("target/backup/dropped", func(j *farJob) { fails(j); j.status = "COMPLETED" }), verdict.Failed},
		"cut, and NONE":                 {failure("dropped"), in("target/backup/dropped", func(j *farJob) { fails(j); j.status = "NONE" }), verdict.Failed},
		"cut, and still at it":          {failure("dropped"), in("target/backup/dropped", func(j *farJob) { fails(j); j.status = "EXECUTING" }), verdict.NotRun},
		"the fault met nothing":         {failure("dropped"), in("target/backup/dropped", func(j *farJob) { fails(j); j.sight.Events = nil }), verdict.NotRun},
		"nothing was cut, and it is in": {failure("dropped"), in("target/backup/dropped", func(*farJob) {}), verdict.NotRun},
		"wrong password, COMPLETED":     {failure("wrong-password"), in("target/backup/wrong-password", func(*farJob) {}), verdict.Failed},
		"refused at once":               {failure("refused"), in("target/backup/refused", func(j *farJob) { j.posted = 400 }), verdict.Pass},
		"a server error":                {failure("refused"), in("target/backup/refused", func(j *farJob) { j.posted = 500 }), verdict.Failed},
		"recovers":                      {rules.FarRecovers, in(corpus.TargetAfter, func(*farJob) {}), verdict.Pass},
		"does not recover":              {rules.FarRecovers, in(corpus.TargetAfter, func(j *farJob) { j.status = "ERROR" }), verdict.Failed},
	} {
		j := lawful()
		c.edit(&j)
		got := c.rule(j.evidence())
		require.Equal(t, c.want, gravest(got), "%s: %v %s", name, got.Findings, got.Reason)
		if c.want == verdict.Failed || c.want == verdict.Pass {
			f := got.Findings[0]
			require.Equal(t, "x3", f.Witness, "%s: the second observer is named", name)
			require.Contains(t, f.Got, "the device says", name)
			require.Contains(t, f.Got, "the SSH server saw", name)
		} else if c.want == verdict.NotRun {
			require.NotEmpty(t, got.Reason, name)
		}
	}
}

// A value that is cut to fit a line is cut between letters.
func TestALongValueIsCutToAWholeLetter(t *testing.T) {
	for _, odd := range []string{"", "x"} {
		j := lawful()
		j.subdir = "/" + odd + strings.Repeat("ü", 100)
		got := rules.FarSubdir(j.evidence()).Findings[0].Got
		require.Contains(t, got, "ü…")
		require.True(t, utf8.ValidString(got), "%q", got)
	}
}

func TestASecondBackupInOneMinuteMayFail(t *testing.T) {
	both := func(edit func(*farJob)) *check.Evidence {
		after := lawful()
		after.probe, after.status = corpus.TargetAfter, "ERROR"
		edit(&after)
		all := lawful().evidence().Exchanges
		for _, x := range after.evidence().Exchanges {
			x.ID = "y" + x.ID
			all = append(all, x)
		}
		return rules.Prepare(all)
	}
	for _, rule := range []check.Rule{rules.FarCompletes, rules.FarRecovers} {
		j := rule(both(func(*farJob) {}))
		require.LessOrEqual(t, gravest(j), verdict.Noted, "%v", j.Findings)
		require.Equal(t, "error", j.Dialect[dialect.NameCollision])
	}
	idle := both(func(j *farJob) { j.sight.Events = nil })
	require.Equal(t, verdict.Failed, gravest(rules.FarRecovers(idle)), "it did not even try")
}

func TestAServerThatNobodyCameToLeavesAGap(t *testing.T) {
	for host, gap := range map[string]bool{"10.0.0.2": true, "::1": true, "10.0.0.2:2222": false, "[::1]:2222": false} {
		j := lawful()
		j.status, j.host, j.sight.Events, j.sight.Files = "ERROR", host, nil, nil
		got := rules.FarReached(j.evidence())
		require.Empty(t, got.Findings, host)
		require.Equal(t, gap, got.Gap, host)
		require.Contains(t, got.Reason, "--ssh-advertise", host)
	}
}

func TestWhatIsNotSaidIsOnlyTold(t *testing.T) {
	for name, c := range map[string]struct {
		rule check.Rule
		edit func(*farJob)
		key  dialect.Key
		want string
	}{
		"a port":    {rules.FarPort, func(*farJob) {}, dialect.HostPort, "accept"},
		"refused":   {rules.FarPort, func(j *farJob) { j.posted = 400 }, dialect.HostPort, "reject"},
		"not found": {rules.FarPort, func(j *farJob) { j.status = "ERROR"; j.sight.Events = nil }, dialect.HostPort, "error"},
		"sftp":      {rules.FarTransfer, func(*farJob) {}, dialect.Transfer, "sftp"},
		"scp":       {rules.FarTransfer, func(j *farJob) { j.sight.Events[2].Detail = "/usr/bin/scp -t /b" }, dialect.Transfer, "scp"},
		"cat":       {rules.FarTransfer, func(j *farJob) { j.sight.Events[2].Detail = "cat > x" }, dialect.Transfer, "commands"},
		"mkdir, rsync": {rules.FarTransfer, func(j *farJob) {
			j.sight.Events[2].Detail = "mkdir x"
			j.sight.Events = append(j.sight.Events, sight("command", "", "rsync --server"))
		}, dialect.Transfer, "rsync"},
		"minute":       {rules.FarName, func(*farJob) {}, dialect.NameForm, "minute"},
		"other name":   {rules.FarName, func(j *farJob) { j.subdir = "/b/backup-7" }, dialect.NameForm, "other"},
		"key verified": {rules.FarHostKey, func(j *farJob) { j.probe, j.status = "target/backup/host-key", "ERROR" }, dialect.HostKeys, "verify"},
		"key ignored":  {rules.FarHostKey, func(j *farJob) { j.probe = "target/backup/host-key" }, dialect.HostKeys, "ignore"},
	} {
		j := lawful()
		c.edit(&j)
		got := c.rule(j.evidence())
		require.Equal(t, c.want, got.Dialect[c.key], "%s: %v", name, got)
		require.LessOrEqual(t, gravest(got), verdict.Noted, name)
		q, ok := dialect.Find(c.key)
		require.True(t, ok)
		require.True(t, q.Lawful(c.want), name)
	}
}

// restores joins a backup that a restore may take and restores.
func restores(jobs ...farJob) *check.Evidence {
	made := lawful()
	made.probe = corpus.TargetNewest
	all := made.evidence().Exchanges
	for i := range jobs {
		jobs[i].restore = true
		all = append(all, jobs[i].evidence().Exchanges...)
	}
	return rules.Prepare(all)
}

func TestTheNewestDirectoryIsRead(t *testing.T) {
	reads := func(dirs ...string) farJob {
		j := farJob{probe: corpus.TargetLatest, posted: 200, status: "COMPLETED", host: "127.0.0.1", path: "/b"}
		j.sight.Events = []corpus.Sight{{Conn: 1, Kind: "connect"}, sight("login", "", "password")}
		for _, d := range dirs {
			j.sight.Events = append(j.sight.Events, sight("open", "/b/"+d+"/x", "read"))
		}
		return j
	}
	telling := func(path string, j farJob) farJob { j.path = path; return j }
	for name, c := range map[string]struct {
		job          farJob
		latest, read verdict.Verdict
	}{
		"newest":                    {reads("20261122_1200"), verdict.Pass, verdict.Pass},
		"oldest":                    {reads("20010203_0405"), verdict.Failed, verdict.Pass},
		"looks at both":             {reads("20010203_0405", "20261122_1200"), verdict.Pass, verdict.Pass},
		"looks at both, takes that": {telling("/b/20010203_0405", reads("20010203_0405", "20261122_1200")), verdict.Failed, verdict.Pass},
		"reads nothing":             {reads(), verdict.NotRun, verdict.Failed},
	} {
		e := restores(c.job)
		require.Equal(t, c.latest, gravest(rules.FarLatest(e)), name)
		require.Equal(t, c.read, gravest(rules.FarRead(e)), name)
	}
	by := reads("20010203_0405")
	by.probe = corpus.TargetByTime
	require.Equal(t, "time", rules.FarNewestBy(restores(by)).Dialect[dialect.NewestFor])
	by = telling("/b/20261122_1200", reads("20010203_0405", "20261122_1200"))
	by.probe = corpus.TargetByTime
	require.Equal(t, "name", rules.FarNewestBy(restores(by)).Dialect[dialect.NewestFor])
}

// Recordings are written by hand too: whatever stands in a sighting, rules judge or say why not.
func TestOddSightingsBreakNoRule(t *testing.T) {
	for _, body := range []string{"", "{}", "null", `{"host": ""}`, `{"host": "h", "events": null}`, `{"host": "h", "files": [{}], "events": [{}]}`, `{"host": 5}`} {
		e := lawful().evidence()
		e.Exchanges[len(e.Exchanges)-1].Request.Body = []byte(body)
		for _, rule := range []check.Rule{
			rules.FarReached, rules.FarAccount, rules.FarCompletes, rules.FarPath, rules.FarSubdir, rules.FarProtected, rules.FarSecrets, rules.FarRecovers,
			rules.FarPort, rules.FarTransfer, rules.FarName, rules.FarHostKey, rules.FarRead, rules.FarLatest, rules.FarNewestBy, rules.FarRoundTrip,
		} {
			j := rule(e)
			require.True(t, len(j.Findings) > 0 || j.Reason != "", body)
		}
	}
	_, ok := corpus.ReadSighting([]byte(strings.Repeat("{", 10)))
	require.False(t, ok)
	text, err := json.Marshal(corpus.Sighting{Host: "h"})
	require.NoError(t, err)
	_, ok = corpus.ReadSighting(text)
	require.True(t, ok)
}
