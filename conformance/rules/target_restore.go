package rules

import (
	"encoding/json"
	"path"
	"slices"
	"strings"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

// opened lists the directories right below the posted path in which files were read, in the order of the first read.
func (w *watched) opened() []string {
	var out []string
	for _, ev := range w.sight.Of("open", "command") {
		p := ev.Path
		if ev.Kind == "open" && strings.HasPrefix(ev.Detail, "read") && below(p, w.sight.Path) {
			rest := strings.TrimPrefix(path.Clean(p), path.Clean(w.sight.Path)+"/")
			name, _, _ := strings.Cut(rest, "/")
			if !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

// newestDir is the directory of the last backup before the restores, as the device told it; "" where it told none.
func newestDir(e *check.Evidence) string {
	made := sighted(e, FarBackups, corpus.TargetNewest)
	if made == nil || made.ended() != "COMPLETED" {
		return ""
	}
	subdir, _ := LastSuccessful.object(e, made.end)["subdir"].(string)
	if !below(subdir, made.sight.Path) {
		return ""
	}
	return path.Base(subdir)
}

const noFarBackup = "no backup was made on the SSH server that a restore could take"

// farRestore is the restore of a probe, nil where it was not followed to its end.
func farRestore(e *check.Evidence, probe string) *watched {
	w := sighted(e, FarRestores, probe)
	if w == nil || !w.start.OK() || w.end == nil || w.ended() == "" {
		return nil
	}
	return w
}

// FarRead judges that a restore which is COMPLETED logged in and read a backup.
func FarRead(e *check.Evidence) check.Judgement {
	var t tally
	for _, p := range []string{corpus.TargetLatest, corpus.TargetByTime} {
		if w := farRestore(e, p); w != nil && w.ended() == "COMPLETED" {
			read := len(w.sight.Logins()) > 0 && len(w.opened()) > 0
			t.both(w, read, "a log-in, and files that are read below path", "")
		}
	}
	return t.judgement(noFarBackup)
}

// FarLatest judges that the newest of several backups is taken, where name and time agree which that is.
func FarLatest(e *check.Evidence) check.Judgement {
	var t tally
	newest := newestDir(e)
	w := farRestore(e, corpus.TargetLatest)
	if newest == "" || w == nil || len(w.opened()) == 0 {
		return t.judgement(noFarBackup)
	}
	want := "the newest directory, " + show(newest)
	taken := w.taken()
	t.both(w, slices.Contains(w.opened(), newest) && (taken == "" || taken == newest), want, "it read "+strings.Join(w.opened(), ", "))
	return t.judgement("")
}

// taken is the directory that the device says it restored from; "" where it does not tell.
func (w *watched) taken() string {
	got, _ := w.record(w.end)["path"].(string)
	if !below(got, w.sight.Path) {
		return ""
	}
	return path.Base(got)
}

// FarNewestBy notes what decides where name and time disagree.
func FarNewestBy(e *check.Evidence) check.Judgement {
	var t tally
	newest := newestDir(e)
	w := farRestore(e, corpus.TargetByTime)
	if newest == "" || w == nil || w.ended() != "COMPLETED" {
		return t.judgement(noFarBackup)
	}
	used := w.taken()
	if used == "" && len(w.opened()) > 0 {
		used = w.opened()[len(w.opened())-1]
	}
	switch used {
	case "":
	case newest:
		t.answer(w.end, dialect.NewestFor, "name")
	default:
		t.answer(w.end, dialect.NewestFor, "time")
	}
	return t.judgement(noFarBackup)
}

// FarRoundTrip judges that an appliance tells the same of itself before and after it restored what it had just saved.
func FarRoundTrip(e *check.Evidence) check.Judgement {
	var t tally
	w := farRestore(e, corpus.TargetLatest)
	if w == nil || w.ended() != "COMPLETED" {
		return t.judgement(noFarBackup)
	}
	told := map[string]map[string]any{}
	for _, x := range e.Of(corpus.TargetLatest) {
		var info map[string]any
		if x.OK() && json.Unmarshal(x.Response.Body, &info) == nil {
			told[x.Step] = info
		}
	}
	before, after := told["info-before"], told["info-after"]
	if before == nil || after == nil {
		return t.judgement("the device does not tell of itself")
	}
	changed := ""
	for _, k := range []string{"device_name", "model", "serial", "sw_version"} {
		if before[k] != nil && show(before[k]) != show(after[k]) {
			changed = k + " was " + show(before[k]) + " and is " + show(after[k])
		}
	}
	t.both(w, changed == "", "the same model, serial number, name and version as before", changed)
	return t.judgement("")
}
