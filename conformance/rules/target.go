package rules

import (
	"maps"
	"slices"
	"strings"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

// The jobs that go to the SSH server of a run, as the rules of jobs take them: none of them is on the appliance's disk.
var (
	FarBackups = Kind{
		Name: "backup", Start: corpus.StartBackup, Record: Running,
		Local: []string{corpus.TargetFirst, corpus.TargetAfter, corpus.TargetNewest}, Failed: FarFailures(false),
	}
	FarRestores = Kind{
		Name: "restore", Start: corpus.StartRestore, Record: Restoring, Local: []string{corpus.TargetLatest}, Failed: FarFailures(true),
	}
)

// FarFailures lists the probes whose jobs cannot succeed.
func FarFailures(restore bool) []string {
	failures := corpus.BackupFailures()
	if restore {
		failures = corpus.RestoreFailures()
	}
	var out []string
	for i := range failures {
		if failures[i].Name != corpus.HostKeyChanged {
			out = append(out, failures[i].Probe(restore))
		}
	}
	return out
}

// eachFar judges the watched backups that are COMPLETED.
func eachFar(judge func(t *tally, w *watched)) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, p := range append(slices.Clone(FarBackups.Local), corpus.BackupFailures()[0].Probe(false)) {
			if w := sighted(e, FarBackups, p); w != nil && w.start.OK() && w.ended() == "COMPLETED" {
				judge(&t, w)
			}
		}
		return t.judgement(unwatched(e))
	}
}

// FarReached judges that a backup which is COMPLETED logged in. A run that was to watch backups, and to whose server no
// connection came although nothing about the host is open, is incomplete: nothing was proven.
func FarReached(e *check.Evidence) check.Judgement {
	j := eachFar(func(t *tally, w *watched) {
		t.both(w, len(w.sight.Logins()) > 0, "a log-in on the machine that hostname names", "")
	})(e)
	if w := sighted(e, FarBackups, corpus.TargetFirst); len(j.Findings) == 0 && w != nil {
		j.Gap = w.start.OK() && w.never() && !w.portNamed()
	}
	return j
}

// FarAccount judges that log-ins are tried with what was posted, and with nothing else. Keys may be tried first.
func FarAccount(e *check.Evidence) check.Judgement {
	var t tally
	const want = "a log-in with the username and password that were given"
	for _, p := range FarBackups.Local {
		w := sighted(e, FarBackups, p)
		if w == nil || !w.start.OK() || w.end == nil {
			continue
		}
		if wrong := w.strange(); wrong != "" {
			t.both(w, false, want, wrong)
		} else if len(w.sight.Logins()) > 0 {
			t.both(w, true, want, "")
		}
	}
	return t.judgement(unwatched(e))
}

// strange is a log-in that was tried with other credentials than the posted ones; "" where there is none.
func (w *watched) strange() string {
	for _, r := range w.sight.Of("refused", "login") {
		switch {
		case r.User != "" && r.User != w.sight.User:
			return "it tried to log in as " + show(r.User)
		case r.Kind == "refused" && (r.Detail == "password" || r.Detail == "keyboard-interactive") && len(w.sight.Logins()) == 0:
			return "it tried to log in with another password"
		}
	}
	return ""
}

// FarCompletes judges that a backup succeeds where the server refuses it nothing. What the server cannot do, or did not
// allow, is not held against a device.
func FarCompletes(e *check.Evidence) check.Judgement {
	var t tally
	for _, p := range FarBackups.Local {
		w := sighted(e, FarBackups, p)
		switch {
		case w == nil || w.refusesPort() || w.start.OK() && w.never() && w.ended() != "COMPLETED":
		case !w.start.OK():
			t.both(w, false, "the backup succeeds", "")
		case w.end == nil || w.ended() == "":
			return t.judgement(noEnd)
		case w.ended() == "COMPLETED":
			t.both(w, true, "the backup succeeds", "")
		case w.collides(e):
			t.answer(w.end, dialect.NameCollision, "error")
		case len(w.sight.Logins()) == 0 && w.strange() == "":
			t.noteBoth(w, "it did not log in, maybe since the two have no algorithm in common")
		case w.obstacle() != "":
			t.noteBoth(w, w.obstacle())
		default:
			t.both(w, false, "the backup succeeds", "nothing was refused")
		}
	}
	return t.judgement(unwatched(e))
}

// obstacle is what the server refused a job that had logged in; "" where it did all that it was asked.
func (w *watched) obstacle() string {
	for _, ev := range w.sight.Of("denied", "escape", "fault", "panic", "cut") {
		return "the server reports " + ev.Kind + " " + ev.Path + ev.Detail
	}
	for _, ev := range w.sight.Of("exit") {
		if ev.Detail != "0" {
			return "a command ended with status " + ev.Detail
		}
	}
	return ""
}

// FarPath judges that a backup which is COMPLETED lies below path, and that nothing was written elsewhere.
func FarPath(e *check.Evidence) check.Judgement {
	return eachFar(func(t *tally, w *watched) {
		const want = "the files of the backup lie below path"
		switch elsewhere := w.elsewhere(); {
		case len(w.sight.Logins()) == 0: // told by another requirement
		case elsewhere != "":
			t.both(w, false, want, "it wrote to "+elsewhere)
		default:
			t.both(w, len(w.sight.Files) > 0, want, "")
		}
	})(e)
}

// elsewhere is a file beyond path that was written and closed there; "" where there is none. A file for a moment, which
// is moved below path or removed, does not count; one that is moved to another place beyond path does.
func (w *watched) elsewhere() string {
	left := map[string]bool{}
	for _, ev := range w.sight.Events {
		switch ev.Kind {
		case "close":
			if !below(ev.Path, w.sight.Path) && w.written(ev.Path) {
				left[ev.Path] = true
			}
		case "rename", "remove":
			for _, p := range slices.Sorted(maps.Keys(left)) {
				if p != ev.Path && !below(p, ev.Path) {
					continue
				}
				delete(left, p)
				if to := ev.To + strings.TrimPrefix(p, ev.Path); ev.Kind == "rename" && !below(to, w.sight.Path) {
					left[to] = true
				}
			}
		}
	}
	if len(left) == 0 {
		return ""
	}
	return slices.Min(slices.Collect(maps.Keys(left)))
}

func (w *watched) written(p string) bool {
	return slices.ContainsFunc(w.sight.Of("write"), func(ev corpus.Sight) bool { return ev.Path == p })
}

// FarSubdir judges that subdir names the directory of the backup.
func FarSubdir(e *check.Evidence) check.Judgement {
	return eachFar(func(t *tally, w *watched) {
		subdir, _ := LastSuccessful.object(e, w.end)["subdir"].(string)
		if len(w.sight.Files) == 0 || subdir == "" {
			return // told by other requirements
		}
		inside := slices.ContainsFunc(w.sight.Files, func(f corpus.Found) bool { return below(f.Path, subdir) })
		t.both(w, inside && below(subdir, w.sight.Path), "subdir is a directory below path with the files of the backup", "subdir is "+show(subdir))
	})(e)
}

// FarProtected judges that a backup is not readable as a whole.
func FarProtected(e *check.Evidence) check.Judgement {
	return eachFar(func(t *tally, w *watched) {
		if len(w.sight.Files) == 0 {
			return
		}
		open := !slices.ContainsFunc(w.sight.Files, func(f corpus.Found) bool { return !f.Text })
		why := ""
		if open {
			why = "every file, unpacked where it is an archive, is plain text"
		}
		t.both(w, !open, "some of the backup cannot be read without security_pwd", why)
	})(e)
}

// FarSecrets judges that no password stands in the backup, or in what was done to bring it there.
func FarSecrets(e *check.Evidence) check.Judgement {
	var t tally
	const want = "no password in a file, a name or a command"
	for _, p := range append(slices.Clone(FarBackups.Local), FarBackups.Failed...) {
		w := sighted(e, FarBackups, p)
		if w == nil || len(w.sight.Logins()) == 0 {
			continue
		}
		leaked := false
		for _, f := range w.sight.Files {
			if len(f.Holds) > 0 {
				t.both(w, false, want, strings.Join(f.Holds, " and ")+" in "+show(f.Path))
				leaked = true
				break
			}
		}
		if len(w.sight.Holds) > 0 {
			t.both(w, false, want, strings.Join(w.sight.Holds, " and ")+" in a command or a name")
		} else if !leaked {
			t.both(w, true, want, "")
		}
	}
	return t.judgement(unwatched(e))
}

// FarFailure judges a job that cannot succeed: it ends with status ERROR, or is refused at once.
func FarFailure(k Kind, f corpus.TargetFailure) check.Rule {
	want := "status ERROR: " + f.About
	return func(e *check.Evidence) check.Judgement {
		var t tally
		w := sighted(e, k, f.Probe(k.Start == corpus.StartRestore))
		switch {
		case w == nil:
			return t.judgement(unwatched(e))
		case f.Fault != "" && w.start.OK() && len(w.sight.Of("fault")) == 0 && w.ended() != "COMPLETED":
			return t.judgement("the device did nothing at which the server could have failed in this way")
		case !w.start.OK():
			t.both(w, w.start.Response.Status/100 == 4, want, "")
		case w.end == nil || w.ended() == "":
			return t.judgement(noEnd)
		case w.ended() == "COMPLETED" && w.unharmed(f):
			return t.judgement("the device did nothing at which the server could have failed in this way")
		case w.ended() == "COMPLETED":
			t.both(w, false, want, "")
		case w.ended() == "ERROR":
			t.both(w, true, want, "")
		default:
			t.both(w, false, want, "")
		}
		return t.judgement(unwatched(e))
	}
}

// unharmed reports that a server's fault never met the job, or that the device got its files there all the same, as by
// trying again.
func (w *watched) unharmed(f corpus.TargetFailure) bool {
	return f.Fault != "" && len(w.sight.Logins()) > 0 && len(w.sight.Of("fault")) == 0 && len(w.sight.Files) > 0
}

// FarHostKey notes what a backup does when the host shows another key than before.
func FarHostKey(e *check.Evidence) check.Judgement {
	var t tally
	for _, f := range corpus.BackupFailures() {
		if f.Name != corpus.HostKeyChanged {
			continue
		}
		if w := sighted(e, FarBackups, f.Probe(false)); w != nil && w.end != nil && !w.never() {
			switch w.ended() {
			case "ERROR":
				t.answer(w.end, dialect.HostKeys, "verify")
			case "COMPLETED":
				t.answer(w.end, dialect.HostKeys, "ignore")
			}
		}
	}
	return t.judgement(unwatched(e))
}

// FarRecovers judges that a backup succeeds once nothing is wrong any more.
func FarRecovers(e *check.Evidence) check.Judgement {
	var t tally
	w := sighted(e, FarBackups, corpus.TargetAfter)
	switch {
	case w == nil:
		return t.judgement(unwatched(e))
	case w.start.OK() && (w.end == nil || w.ended() == ""):
		return t.judgement(noEnd)
	case w.collides(e):
		t.answer(w.end, dialect.NameCollision, "error")
	default:
		t.both(w, w.start.OK() && w.ended() == "COMPLETED", "a backup that succeeds, after others that failed", "")
	}
	return t.judgement("")
}

// collides reports a backup that failed on the machine, having started in the minute of the one before it in the same
// directory, by which it may be named.
func (w *watched) collides(e *check.Evidence) bool {
	first := sighted(e, FarBackups, corpus.TargetFirst)
	if first == nil || first.note.ID == w.note.ID || first.sight.Path != w.sight.Path || w.ended() != "ERROR" || len(w.sight.Logins()) == 0 {
		return false
	}
	a, okA := at(first.record(first.end))
	b, okB := at(w.record(w.end))
	return okA && okB && a.Unix()/60 == b.Unix()/60
}
