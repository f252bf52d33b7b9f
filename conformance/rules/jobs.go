package rules

import (
	"fmt"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

// The defaults of the backup document (Start new Backup, CreateBackup.username and CreateBackup.path).
const (
	defaultUser = "mazu"
	defaultPath = "/mnt/data/flowgateway-backup"
)

// Given judges that a record repeats what was posted. It also judges the field's type, wherever a record has it.
func Given(r Record, field, key string) check.Rule {
	k := Backups
	if r.Operation == corpus.GetRestore {
		k = Restores
	}
	typed := Text(r, field, false)
	return func(e *check.Evidence) check.Judgement {
		j := typed(e)
		var t tally
		for _, tr := range traces(e, k, everyProbe(k)) {
			o, posted := r.object(e, tr.end), tr.posted[key]
			if r == LastSuccessful && posted == nil {
				posted = tr.record(tr.end)[field] // what was used in its place
			}
			got, isText := o[field].(string)
			if posted == nil || !isText || tr.ended() != "COMPLETED" && (r == LastSuccessful || r == Restoring && field == "path") {
				continue
			}
			want := fmt.Sprintf("%s is %s, as it was given", field, show(posted))
			if got == posted || r == Restoring && field == "path" && strings.HasPrefix(got, fmt.Sprint(posted)) {
				t.pass(tr.end, want, "it is")
			} else {
				t.fail(tr.end, want, field+" is "+show(got))
			}
		}
		return merge(j, t.judgement(j.Reason))
	}
}

// merge joins two judgements of one requirement.
func merge(a, b check.Judgement) check.Judgement {
	out := check.Judgement{Findings: append(append(a.Findings[:0:0], a.Findings...), b.Findings...), Dialect: a.Dialect}
	for k, v := range b.Dialect {
		if out.Dialect == nil {
			out.Dialect = map[dialect.Key]string{}
		}
		out.Dialect[k] = v
	}
	if len(out.Findings) == 0 {
		out.Reason = a.Reason
	}
	return out
}

// DefaultUser judges that mazu is used where a local job names no user.
func DefaultUser(k Kind) check.Rule {
	return neededOr(k, "with-username", eachTrace(k, k.Local, "username is "+defaultUser, func(_ *check.Evidence, t *trace) (string, string) {
		got := t.record(t.end)["username"]
		if got != defaultUser {
			return "username is " + show(got), ""
		}
		return "", "it is"
	}))
}

// neededOr fails a device that refuses a local job until it is given a field that the documents say is not needed;
// otherwise rule judges.
func neededOr(k Kind, step string, rule check.Rule) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, p := range k.Local {
			for _, x := range stepsOf(e, p, step) {
				if x.OK() {
					t.fail(&x, "a local job without this field is taken", "it is taken only "+strings.Replace(step, "-", " ", 1))
				}
			}
		}
		j := rule(e)
		return merge(j, t.judgement(j.Reason))
	}
}

// NoPassword judges that a local job needs no password.
func NoPassword(k Kind) check.Rule {
	return neededOr(k, "with-password", func(e *check.Evidence) check.Judgement {
		var t tally
		for _, tr := range traces(e, k, k.Local) {
			t.pass(tr.start, "a local job without a password is taken", brief(tr.start))
		}
		return t.judgement(notFollowed)
	})
}

// DefaultPath judges that the documented directory is used where a local job names none.
func DefaultPath(k Kind) check.Rule {
	return neededOr(k, "with-path", eachTrace(k, k.Local, "path is "+defaultPath, func(_ *check.Evidence, t *trace) (string, string) {
		got, _ := t.record(t.end)["path"].(string)
		if got == defaultPath || k.Record == Restoring && strings.HasPrefix(got, defaultPath+"/") {
			return "", "it is"
		}
		return "path is " + show(t.record(t.end)["path"]), ""
	}))
}

// Unreachable judges that a job to a host that no packet reaches ends in an error, at once or later.
func Unreachable(k Kind) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		tr := follow(e, k, k.Dead)
		want := "BAD_REQUEST at once, or status ERROR later"
		switch {
		case tr == nil || missing(e, tr.start):
		case tr.start.Response.Status == 400 && problem(tr.start).ID == "BAD_REQUEST":
			t.answer(tr.start, dialect.BadHost, "reject")
		case !tr.start.OK():
			t.fail(tr.start, want, brief(tr.start))
		case tr.end == nil || tr.ended() == "":
			return t.judgement(noEnd)
		case tr.ended() == "ERROR":
			t.answer(tr.end, dialect.BadHost, "job")
			t.pass(tr.end, want, "ERROR")
		default:
			t.fail(tr.end, want, "status "+show(tr.record(tr.end)["status"]))
		}
		return t.judgement(notFollowed)
	}
}

// FiveFields judges that a body with all the fields of the documents' example is taken; a host that cannot be reached
// may be refused at once.
func FiveFields(k Kind) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, probe := range []string{k.Dead, k.Full} {
			tr := follow(e, k, probe)
			switch {
			case tr == nil || missing(e, tr.start):
			case tr.start.OK():
				t.pass(tr.start, "the body is taken", brief(tr.start))
			case tr.start.Response.Status == 400 && probe == k.Dead:
				t.note(tr.start, brief(tr.start)+": the host of the request cannot be reached")
			default:
				t.fail(tr.start, "the body is taken", brief(tr.start))
			}
		}
		return t.judgement(notFollowed)
	}
}

// EmptyResponse judges that a started job is answered without a body.
func EmptyResponse(operation string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, x := range taken(e, operation) {
			if len(x.Response.Body) > 0 {
				t.fail(&x, "no body", show(string(x.Response.Body)))
			} else {
				t.pass(&x, "no body", "none")
			}
		}
		return t.judgement(notFollowed)
	}
}

func taken(e *check.Evidence, operation string) []exchange.Exchange {
	return e.Where(func(x *exchange.Exchange) bool {
		return x.Operation == operation && x.Auth == exchange.Account && x.OK() && positive(x.Probe)
	})
}

// StartStatus notes with which status a job is taken.
func StartStatus(operation string) check.Rule {
	q, _ := dialect.Find(dialect.StartStatus)
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, x := range taken(e, operation) {
			if status := strconv.Itoa(x.Response.Status); q.Lawful(status) {
				t.answer(&x, dialect.StartStatus, status)
			} else {
				t.note(&x, "status "+status)
			}
		}
		return t.judgement(notFollowed)
	}
}

// SecondJob notes what a job gets that is posted while another runs.
func SecondJob(k Kind, probe string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		tr := follow(e, k, probe)
		for _, x := range stepsOf(e, probe, "second") {
			switch {
			case tr == nil || !tr.start.OK() || !x.Answered():
			case x.Response.Status == 400:
				t.answer(&x, dialect.SecondJob, "reject")
			case x.Response.Status == 409:
				t.answer(&x, dialect.SecondJob, "conflict")
			case x.OK() && len(tr.polls) > 0 && statusOf(tr.record(&tr.polls[0])) == "EXECUTING":
				t.answer(&x, dialect.SecondJob, "ignore")
			default:
				t.note(&x, brief(&x))
			}
		}
		return t.judgement("no second job was posted while one was running")
	}
}

// Secrets judges that no answer to the operations gives back a password.
func Secrets(operations ...string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		posted := false
		for i := range e.Exchanges {
			x := &e.Exchanges[i]
			if !slices.Contains(operations, x.Operation) || !x.Answered() {
				continue
			}
			posted = posted || x.Request.Method == http.MethodPost
			if len(x.Leaks) > 0 {
				t.fail(x, "no password comes back", fmt.Sprintf("%s in the %s", x.Leaks[0].Secret, x.Leaks[0].Where))
			} else if posted {
				t.pass(x, "no password comes back", "none does")
			}
		}
		return t.judgement("no password was posted")
	}
}

// OnlySuccess judges that last_successful changes when a backup completes, and at no other time.
func OnlySuccess(k Kind) check.Rule {
	return func(e *check.Evidence) check.Judgement { return onlySuccess(e, k) }
}

func onlySuccess(e *check.Evidence, k Kind) check.Judgement {
	var t tally
	const want = "last_successful changes when a backup completes and at no other time"
	for _, tr := range traces(e, k, everyProbe(k)) {
		if tr.before == nil {
			continue
		}
		earlier := LastSuccessful.object(e, tr.before)
		bad := false
		for i := range tr.polls {
			x := &tr.polls[i]
			if statusOf(tr.record(x)) != "COMPLETED" && !sameSuccess(LastSuccessful.object(e, x), earlier) {
				t.fail(x, want, "it changed while the status was "+show(tr.record(x)["status"]))
				bad = true
				break
			}
		}
		last, running := LastSuccessful.object(e, tr.end), tr.record(tr.end)
		moved := last != nil && fmt.Sprint(last["timeStamp"]) == fmt.Sprint(running["timeStamp"])
		switch {
		case bad:
		case tr.ended() == "COMPLETED" && !moved && same(last, earlier):
			t.fail(tr.end, want, "it did not change when the backup completed")
		default:
			t.pass(tr.end, want, "after "+show(tr.ended()))
		}
	}
	return t.judgement(notFollowed)
}

// SameRun judges that last_successful and running tell of the same run after a success.
func SameRun(e *check.Evidence) check.Judgement {
	rule := eachTrace(Backups, Backups.Local, "last_successful tells of the run that has just completed", func(_ *check.Evidence, t *trace) (string, string) {
		if t.ended() != "COMPLETED" {
			return "", ""
		}
		last, running := LastSuccessful.object(e, t.end), t.record(t.end)
		for _, f := range []string{"host", "username", "path", "timeStamp"} {
			if fmt.Sprint(last[f]) != fmt.Sprint(running[f]) {
				return fmt.Sprintf("%s is %s in last_successful and %s in running", f, show(last[f]), show(running[f])), ""
			}
		}
		return "", "it does"
	})
	return rule(e)
}

// SubdirBelowPath judges that the directory of a backup lies below the directory of backups.
func SubdirBelowPath(e *check.Evidence) check.Judgement {
	rule := eachRecord(LastSuccessful, "subdir lies below path", func(o map[string]any) string {
		dir, okDir := o["path"].(string)
		sub, okSub := o["subdir"].(string)
		if !okDir || !okSub || below(sub, dir) {
			return ""
		}
		return fmt.Sprintf("subdir is %s, path is %s", show(sub), show(dir))
	})
	return rule(e)
}

func below(sub, dir string) bool {
	clean := strings.TrimSuffix(path.Clean(dir), "/")
	return strings.HasPrefix(path.Clean(sub), clean+"/") && len(path.Clean(sub)) > len(clean)+1
}

// IncludesBackup judges that the path of a restore names the backup's directory.
func IncludesBackup(e *check.Evidence) check.Judgement {
	rule := eachTrace(Restores, Restores.Local, "path includes the name of the backup's directory", func(_ *check.Evidence, t *trace) (string, string) {
		if t.ended() != "COMPLETED" {
			return "", ""
		}
		if got, _ := t.record(t.end)["path"].(string); !below(got, defaultPath) {
			return "path is " + show(t.record(t.end)["path"]), ""
		}
		return "", show(t.record(t.end)["path"])
	})
	return rule(e)
}

// Newest judges that the newest backup is the one that is restored.
func Newest(e *check.Evidence) check.Judgement {
	var t tally
	used := follow(e, Restores, "job/restore/local")
	newest := lastMade(e)
	if newest == "" || used == nil || used.end == nil {
		return t.judgement("no backup was made that a restore could take")
	}
	got, _ := used.record(used.end)["path"].(string)
	want := "the newest backup, " + show(path.Base(newest))
	switch {
	case got == "" || used.ended() == "" || !below(got, defaultPath):
		return t.judgement("the device does not tell which backup it took")
	case path.Base(got) == path.Base(newest):
		t.pass(used.end, want, "it was taken")
	default:
		t.fail(used.end, want, show(path.Base(got)))
	}
	return t.judgement("")
}

// lastMade is the directory of the newest backup, as the device told it before the restores; "" where there is none.
func lastMade(e *check.Evidence) string {
	made := follow(e, Backups, "job/backup/newest")
	if made == nil || made.end == nil {
		return ""
	}
	subdir, _ := LastSuccessful.object(e, made.end)["subdir"].(string)
	return subdir
}

// SecretChecked judges that a restore with another security_pwd does not succeed.
func SecretChecked(e *check.Evidence) check.Judgement {
	var t tally
	tr := follow(e, Restores, "job/restore/wrong-secret")
	const want = "a restore with another security_pwd does not succeed"
	switch {
	case tr == nil || lastMade(e) == "":
		return t.judgement("no backup was made that a restore could take")
	case !tr.start.OK():
		t.pass(tr.start, want, brief(tr.start))
	case tr.end == nil || tr.ended() == "":
		return t.judgement(noEnd)
	case tr.ended() == "COMPLETED":
		t.fail(tr.end, want, "COMPLETED")
	default:
		t.pass(tr.end, want, tr.ended())
	}
	return t.judgement("")
}
