package fools

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

const infoPath = "/api/common/1.0/info"

// targetFools do wrong at the other end of a job, where only the machine there can see it.
func targetFools() []Fool {
	const b, r = "backup/target/", "restore/target/"
	always := func(status string) func(error) string { return func(error) string { return status } }
	out := []Fool{
		mutant("target/goes-nowhere", b+"reached", "says COMPLETED of backups to other machines and goes nowhere", couriers(manner{idle: func(string) bool { return true }})),
		mutant("target/logs-in-as-mazu", b+"account", "logs in on other machines as mazu", couriers(manner{login: func(_, p string) (string, string) { return "mazu", p }})),
		mutant("target/password-cut", b+"account", "sends the first eight characters of the password only", couriers(manner{login: func(u, p string) (string, string) { return u, p[:min(8, len(p))] }})),
		warned(mutant("target/completed-as-error", b+"completes", "says ERROR of backups that lie whole on the other machine", couriers(manner{status: always("ERROR")}))),
		mutant("target/writes-elsewhere", b+"path", "writes backups beside the path that was given", couriers(manner{dir: func(p string) string { return p + ".d" }})),
		mutant("target/writes-to-its-own-directory", b+"path", "writes backups to its own directory on the other machine", couriers(manner{dir: func(string) string { return "/flowgateway-backup" }})),
		mutant("target/writes-nothing", b+"path", "makes the directory of a backup and puts nothing in it", couriers(manner{files: func(*errand) []file { return nil }})),
		mutant("target/subdir-made-up", b+"subdir", "tells a directory that is not there", couriers(manner{tell: func(p, _ string) string { return p + "/20200101_0000" }})),
		mutant("target/subdir-of-another-path", b+"subdir", "tells the directory as it would be on its own disk", couriers(manner{tell: func(p, d string) string {
			return "/mnt/data/flowgateway-backup" + strings.TrimPrefix(d, p)
		}})),
		mutant("target/plain-archive", b+"protected", "packs everything into an archive that anybody can read", couriers(manner{files: func(*errand) []file { return []file{{"backup.tar.gz", packed("config.json", `{"snmp": "public"}`)}} }})),
		mutant("target/plain-text", b+"protected", "writes everything as text", couriers(manner{files: func(*errand) []file { return []file{{"config.json", []byte(`{"snmp": "public"}`)}} }})),
		mutant("target/password-in-archive", b+"secrets", "packs the password of the other machine into the backup", couriers(manner{files: func(j *errand) []file {
			return []file{{"backup.bin", sealed(j.secret)}, {"job.tar.gz", packed("job.sh", "sshpass -p "+j.password+" scp")}}
		}})),
		mutant("target/secret-beside-backup", b+"secrets", "leaves security_pwd beside the backup", couriers(manner{files: func(j *errand) []file {
			return []file{{"backup.bin", sealed(j.secret)}, {".key", []byte(j.secret)}}
		}})),
		mutant("target/secret-in-command", b+"secrets", "says security_pwd in a command on the other machine", couriers(manner{also: func(e *farEnd, j *errand) {
			_ = e.run("echo openssl enc -aes-256-cbc -k "+j.secret, nil) // what came of it does not matter
		}})),
		mutant("target/errors-as-completed", b+"failure", "says COMPLETED of backups that did not arrive", couriers(manner{status: always("COMPLETED")})),
		mutant("target/cut-as-completed", b+"failure", "says COMPLETED of backups that were cut on their way", couriers(manner{status: func(err error) string {
			if err != nil && !strings.Contains(err.Error(), "files") {
				return "ERROR"
			}
			return "COMPLETED"
		}})),
		mutant("target/sticks", b+"recovers", "fails for ever once a backup has failed", couriers(manner{sticks: true})),
		mutant("target/last-moves-on-error", "backup/status/last-successful/only-success", "tells of backups that failed on other machines in last_successful", couriers(manner{moves: true})),
		warned(mutant("target/hangs", "backup/status/running/ends", "says EXECUTING for ever of a backup to a machine that does not answer", couriers(manner{patience: time.Second, status: func(err error) string {
			switch {
			case err == nil:
				return "COMPLETED"
			case errors.Is(err, errHangs):
				return "EXECUTING"
			}
			return "ERROR"
		}}))),
		mutant("target/restores-blindly", r+"read", "says COMPLETED of restores from other machines and reads nothing", couriers(manner{blind: true})),
		mutant("target/restores-the-oldest", r+"latest", "restores the oldest backup of the other machine", couriers(manner{pick: func(_ *farEnd, _ string, d []entry) string { return d[0].name }})),
		mutant("target/restores-anything", r+"failure", "says COMPLETED of restores that found nothing, or nothing that it could read", couriers(manner{trust: always("COMPLETED")})),
		mutant("target/restored-name", r+"round-trip", "has another name after a restore from another machine", telling("restored")),
	}
	for i := range out {
		out[i].FarEnd = true
	}
	return out
}

// packed is a tar.gz of one file.
func packed(name, text string) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	t := tar.NewWriter(z)
	err := t.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(text))})
	if err == nil {
		_, err = t.Write([]byte(text))
	}
	if err = errors.Join(err, t.Close(), z.Close()); err != nil { // not in memory
		panic(err)
	}
	return out.Bytes()
}

// telling tells another device_name once a restore from another machine has been started.
func telling(name string) behaviour {
	return func(within step) step {
		inner := couriers(manner{})(within)
		restored := false
		return func(c *call) *answer {
			o := jobRequest(c)
			restored = restored || startRestore(c) && o != nil && elsewhere(o)
			a := inner(c)
			if restored && c.is(http.MethodGet, infoPath) {
				a.editObject(func(o *object) { o.set("device_name", name) })
			}
			return a
		}
	}
}

// oddTargets do right at the other end, each in its own way.
func oddTargets() []Fool {
	out := []Fool{
		odd("target-by-sftp", "brings backups to other machines by SFTP, as one sealed file", couriers(manner{})),
		odd("target-by-scp", "brings backups to other machines by the old scp protocol", couriers(manner{by: "scp"})),
		odd("target-by-commands", "brings backups to other machines by commands of their shell", couriers(manner{by: "commands"})),
		odd("target-named-by-second", "names the directory of a backup by the second of its start", couriers(manner{name: func(t time.Time) string { return fmt.Sprintf("backup-%d", t.Unix()) }})),
		odd("target-more-files", "leaves notes beside what it saves", couriers(manner{files: func(j *errand) []file {
			return []file{{"backup.bin", sealed(j.secret)}, {"README.txt", []byte("A backup.\n")}, {"empty", nil}}
		}})),
		odd("target-pins-host-keys", "goes to no machine that shows another key than before", couriers(manner{pins: true})),
		odd("target-refuses-ports", "refuses a hostname with a port", couriers(manner{refuse: func(host string) *answer {
			if portNamed(host) {
				return badRequest("hostname: a host name or an IP address is expected.")
			}
			return nil
		}})),
		odd("target-resolves-ports", "takes a hostname with a port for a name, which it does not find", couriers(manner{finds: func(host string) bool { return !portNamed(host) }})),
		odd("target-newest-by-time", "restores the directory that changed last", couriers(manner{pick: func(_ *farEnd, _ string, d []entry) string {
			return slices.MaxFunc(d, func(a, b entry) int { return a.at.Compare(b.at) }).name
		}})),
		odd("target-looks-at-all", "reads into every backup before it takes the newest", couriers(manner{pick: func(e *farEnd, p string, d []entry) string {
			for _, x := range d {
				_, _ = e.get(p + "/" + x.name + "/backup.bin") // a look, whatever it shows
			}
			return d[len(d)-1].name
		}})),
	}
	for i := range out {
		out[i].FarEnd = true
	}
	return out
}
