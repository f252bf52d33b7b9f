package rules

import (
	"fmt"
	"time"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

// Completes judges that a job on the appliance's own disk succeeds. Where backups carry the minute in their name, one
// that fails in the minute of another that succeeded is no more than noted.
func Completes(k Kind) check.Rule {
	want := "the " + k.Name + " on localhost succeeds"
	return func(e *check.Evidence) check.Judgement {
		var t tally
		minutes := map[int64]bool{}
		for _, p := range k.Local {
			if tr := follow(e, k, p); tr != nil && !tr.start.OK() && !missing(e, tr.start) {
				t.fail(tr.start, want, brief(tr.start))
			}
		}
		for _, tr := range traces(e, k, k.Local) {
			o := tr.record(tr.end)
			began, known := at(o)
			minute := began.Unix() / 60
			switch {
			case tr.ended() == "":
				return t.judgement(noEnd)
			case tr.ended() == "COMPLETED":
				minutes[minute] = known
				t.pass(tr.end, want, "COMPLETED")
			case tr.ended() == "ERROR" && k.Record == Running && known && minutes[minute]:
				t.answer(tr.end, dialect.NameCollision, "error")
			default:
				t.fail(tr.end, want, "status "+show(o["status"])+", message "+show(o["message"]))
			}
		}
		return t.judgement(notFollowed)
	}
}

// EndsAs judges the status of jobs that succeeded: the same job must stand in last_successful.
func EndsAs(k Kind) check.Rule {
	return eachTrace(k, k.Local, "status COMPLETED", func(e *check.Evidence, t *trace) (string, string) {
		o := t.record(t.end)
		if t.ended() == "COMPLETED" {
			return "", "COMPLETED"
		}
		if last := LastSuccessful.object(e, t.end); k.Record == Running && last != nil && !same(last, LastSuccessful.object(e, t.before)) {
			return "status " + show(o["status"]) + ", although last_successful tells of a new success", ""
		}
		status := statusOf(o)
		if status != "ERROR" && status != "EXECUTING" || status == "ERROR" && k.Record == Restoring && lastMade(e) != "" {
			return "status " + show(o["status"]), ""
		}
		return "", ""
	})
}

// Fails judges that jobs which cannot succeed end with status ERROR.
func Fails(k Kind) check.Rule {
	return eachTrace(k, k.Failed, "status ERROR", func(_ *check.Evidence, t *trace) (string, string) {
		switch t.ended() {
		case "":
			return "", ""
		case "ERROR":
			return "", "ERROR"
		}
		return "status " + show(t.record(t.end)["status"]), ""
	})
}

// Executing judges what the status is while a job is in progress.
func Executing(k Kind) check.Rule {
	return eachTrace(k, everyProbe(k), "EXECUTING while the "+k.Name+" is in progress", func(e *check.Evidence, t *trace) (string, string) {
		if later := t.changed(e); later != "" {
			return t.ended() + ", and later " + later + ", so it was still in progress", ""
		}
		seen := false
		for i := range t.polls {
			o := t.record(&t.polls[i])
			if t.unchanged(o) && !seen {
				continue // not yet there
			}
			switch status := statusOf(o); status {
			case "EXECUTING":
				seen = true
			case "COMPLETED", "ERROR":
				if seen {
					return "", "it was, and then " + status
				}
				return "", ""
			default:
				return "status " + show(o["status"]) + " after the start", ""
			}
		}
		return "", ""
	})
}

// changed is another status with which the job ended than the one that was shown first; "" where there is none.
func (t *trace) changed(e *check.Evidence) string {
	first := t.record(t.end)
	past := false
	for i := range e.Exchanges {
		x := &e.Exchanges[i]
		switch {
		case x.ID == t.end.ID:
			past = true
		case !past:
		case x.Operation == t.kind.Start && x.OK():
			return ""
		case x.Operation == t.kind.Record.Operation && x.OK():
			o := t.record(x)
			if status := statusOf(o); t.ended() != "" && status != t.ended() && status != "" && fmt.Sprint(o["timeStamp"]) == fmt.Sprint(first["timeStamp"]) {
				return status
			}
		}
	}
	return ""
}

// Ends judges that a job ends within the run's patience.
func Ends(k Kind) check.Rule {
	return eachTrace(k, everyProbe(k), "the "+k.Name+" ends", func(_ *check.Evidence, t *trace) (string, string) {
		if t.ended() == "" {
			return fmt.Sprintf("still EXECUTING after %s", t.end.Started.Sub(t.start.Started).Round(time.Second)), ""
		}
		return "", t.ended()
	})
}

// Final judges that a job which has ended does not change its status again.
func Final(k Kind) check.Rule {
	return eachTrace(k, everyProbe(k), "the status of a job that has ended stays", func(_ *check.Evidence, t *trace) (string, string) {
		last := ""
		for i := range t.polls {
			o := t.record(&t.polls[i])
			status := statusOf(o)
			if last != "" && status != last {
				return last + ", then " + show(o["status"]), ""
			}
			if status != "EXECUTING" && status != "" && !t.unchanged(o) {
				last = status
			}
		}
		if last == "" {
			return "", ""
		}
		return "", last
	})
}

// ErrorMessage judges that a job which failed says why.
func ErrorMessage(k Kind) check.Rule {
	return eachTrace(k, everyProbe(k), "a message that says what went wrong", func(_ *check.Evidence, t *trace) (string, string) {
		o := t.record(t.end)
		if statusOf(o) != "ERROR" {
			return "", ""
		}
		if text, _ := o["message"].(string); text != "" {
			return "", show(text)
		}
		return "message is " + show(o["message"]), ""
	})
}
