package rules

import (
	"path"
	"strings"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

// FarPort notes whether hostname may name a port.
func FarPort(e *check.Evidence) check.Judgement {
	var t tally
	switch w := sighted(e, FarBackups, corpus.TargetFirst); {
	case w == nil || !w.portNamed():
		return t.judgement("no job was posted whose hostname names a port")
	case w.refusesPort():
		t.answer(w.start, dialect.HostPort, "reject")
		t.note(w.start, unwatched(e))
	case !w.never():
		t.answer(w.start, dialect.HostPort, "accept")
	case w.ended() == "ERROR":
		t.answer(w.end, dialect.HostPort, "error")
		t.note(w.end, unwatched(e))
	}
	return t.judgement(unwatched(e))
}

// FarTransfer notes how the files of a backup travelled.
func FarTransfer(e *check.Evidence) check.Judgement {
	return eachFar(func(t *tally, w *watched) {
		how := ""
		for _, c := range w.sight.Of("command") {
			word, _, _ := strings.Cut(c.Detail, " ")
			if base := path.Base(word); base == "sftp" || base == "scp" || base == "rsync" {
				how = base
			} else if how == "" {
				how = "commands"
			}
		}
		if how != "" {
			t.answer(w.start, dialect.Transfer, how)
		}
	})(e)
}

// FarName notes how the directory of a backup is named.
func FarName(e *check.Evidence) check.Judgement {
	return eachFar(func(t *tally, w *watched) {
		subdir, _ := LastSuccessful.object(e, w.end)["subdir"].(string)
		if subdir == "" {
			return
		}
		answer := "other"
		if corpus.NamedByMinute(path.Base(subdir)) {
			answer = "minute"
		}
		t.answer(w.end, dialect.NameForm, answer)
	})(e)
}
