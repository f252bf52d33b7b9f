package rules

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

// Kind tells what a rule of jobs needs to know of backups and of restores.
type Kind struct {
	Name   string // for people
	Start  string // operation
	Record Record // that tells of the latest job
	Local  []string
	Full   string // the probe whose local job has every field
	Dead   string // the probe whose job goes to a dead host
	Failed []string
}

// The two kinds of jobs, with the probes that follow one: Local ones should complete, Failed ones must not.
var (
	Backups = Kind{
		Name: "backup", Start: corpus.StartBackup, Record: Running, Dead: "job/backup/dead-host", Full: "job/backup/full",
		Local: []string{"job/backup/local", "job/backup/local-again", "job/backup/newest"}, Failed: []string{"job/backup/dead-host"},
	}
	Restores = Kind{
		Name: "restore", Start: corpus.StartRestore, Record: Restoring, Dead: "job/restore/dead-host", Full: "job/restore/full",
		Local: []string{"job/restore/local"}, Failed: []string{"job/restore/dead-host", "job/restore/wrong-secret"},
	}
)

// trace is one followed job.
type trace struct {
	kind   Kind
	before *exchange.Exchange
	start  *exchange.Exchange
	polls  []exchange.Exchange // the looks at the status after the start, in order, end and again included
	end    *exchange.Exchange  // nil where the job was not taken
	again  *exchange.Exchange
	posted map[string]any
}

// follow reads a job's trace off its probe; nil where nothing was posted.
func follow(e *check.Evidence, k Kind, probe string) *trace {
	t := &trace{kind: k}
	list := e.Of(probe)
	for i := range list {
		x := &list[i]
		switch x.Step {
		case "before":
			t.before = x
		case "start":
			t.start = x
		case "poll", "end", "again":
			if !x.OK() {
				continue // a device may be away for a moment; Resource tells
			}
			t.polls = append(t.polls, *x)
			if x.Step == "end" {
				t.end = x
			} else if x.Step == "again" {
				t.again = x
			}
		}
	}
	if t.start == nil || !t.start.Answered() {
		return nil
	}
	if v, err := decode(t.start.Request.Body); err == nil {
		t.posted, _ = v.(map[string]any)
	}
	return t
}

// traces are those of a kind's probes whose job was taken.
func traces(e *check.Evidence, k Kind, probes []string) []*trace {
	var out []*trace
	for _, p := range probes {
		if t := follow(e, k, p); t != nil && t.start.OK() && t.end != nil {
			out = append(out, t)
		}
	}
	return out
}

func everyProbe(k Kind) []string { return append(append([]string{}, k.Local...), k.Failed...) }

// record is what an exchange tells of the latest job.
func (t *trace) record(x *exchange.Exchange) map[string]any {
	if x == nil {
		return nil
	}
	return t.kind.Record.object(x)
}

func statusOf(o map[string]any) string {
	s, _ := o["status"].(string)
	return s
}

// ended is the status with which the job ended; "" where it did not end in time.
func (t *trace) ended() string {
	if s := statusOf(t.record(t.end)); s != "EXECUTING" {
		return s
	}
	return ""
}

// same reports that two records are equal.
func same(a, b map[string]any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

const notFollowed = "no job was followed: the device took none, or the run is not allowed to start any"

// eachTrace judges the followed jobs of some probes; judge says what was wrong, what was right, or nothing at all.
func eachTrace(k Kind, probes []string, want string, judge func(e *check.Evidence, t *trace) (bad, good string)) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, tr := range traces(e, k, probes) {
			bad, good := judge(e, tr)
			if bad != "" {
				t.fail(tr.end, want, bad)
			} else if good != "" {
				t.pass(tr.end, want, good)
			}
		}
		return t.judgement(notFollowed)
	}
}

// Starts judges that a job on the appliance's own disk is taken, with nothing but hostname and security_pwd.
func Starts(k Kind) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, p := range k.Local {
			tr := follow(e, k, p)
			switch want := "the " + k.Name + " is started"; {
			case tr == nil || missing(e, tr.start):
			case tr.start.OK() && tr.forgotten(e):
				t.fail(tr.start, want, brief(tr.start)+", but the status tells of no new job")
			case tr.start.OK():
				t.pass(tr.start, want, brief(tr.start))
			default:
				t.fail(tr.start, want, brief(tr.start))
			}
		}
		return t.judgement(notFollowed)
	}
}

// forgotten reports a job that was taken and of which the status never told: it shows none at all, or still the one
// before, which had begun earlier.
func (t *trace) forgotten(e *check.Evidence) bool {
	if t.end == nil {
		return false
	}
	o := t.record(t.end)
	if o == nil || unused(o) {
		return true
	}
	_, stale := t.stale(e)
	return stale
}

// unchanged reports that a record is still that of the job before.
func (t *trace) unchanged(o map[string]any) bool {
	return t.before != nil && same(o, t.record(t.before))
}

// clockSlack is how far a device's timeStamp may be from what the clocks say.
const clockSlack = 3 * time.Second

// stale reports that the end still tells of the job before, which had begun, at that time, before this one was posted.
func (t *trace) stale(e *check.Evidence) (began time.Time, is bool) {
	o := t.record(t.end)
	began, ok := at(o)
	return began, ok && e.SkewKnown && t.unchanged(o) && began.Before(t.start.Started.Add(e.Skew-clockSlack))
}

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
		if last := LastSuccessful.object(t.end); k.Record == Running && last != nil && !same(last, LastSuccessful.object(t.before)) {
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

// Latest judges that the status tells of the job that was started last.
func Latest(k Kind) check.Rule {
	return eachTrace(k, everyProbe(k), "the "+k.Name+" that was started last", func(e *check.Evidence, t *trace) (string, string) {
		o := t.record(t.end)
		if o == nil || unused(o) {
			return "no job", ""
		}
		if host, ok := o["host"].(string); ok && host != t.posted["hostname"] {
			return "one to host " + show(host), ""
		}
		if began, stale := t.stale(e); stale {
			return "the one before, of " + began.Format(time.DateTime), ""
		}
		return "", "it does"
	})
}

// shownFirst is the first record of the job while it ran; nil where it was not seen running.
func (t *trace) shownFirst() map[string]any {
	for i := range t.polls {
		if o := t.record(&t.polls[i]); statusOf(o) == "EXECUTING" && !t.unchanged(o) {
			return o
		}
	}
	return nil
}

// Untouched judges that the status of restores does not tell of a backup as if it were one.
func Untouched(e *check.Evidence) check.Judgement {
	var t tally
	began := map[string]bool{}
	for i := range e.Exchanges {
		x := &e.Exchanges[i]
		switch {
		case x.Operation == corpus.StartRestore && x.OK():
			return t.judgement("")
		case x.Operation == corpus.GetBackup && x.OK():
			if o := Running.object(x); !unused(o) {
				began[fmt.Sprint(o["timeStamp"])] = true
			}
		case x.Probe == "job/restore/untouched" && x.OK():
			const want = "no restore, since none was started"
			if o := Restoring.object(x); !unused(o) && began[fmt.Sprint(o["timeStamp"])] {
				t.fail(x, want, "the backup with timeStamp "+show(o["timeStamp"]))
			} else {
				t.pass(x, want, "no backup is told as one")
			}
		}
	}
	return t.judgement(notFollowed)
}

// Started judges that timeStamp is the time at which the job was started, within what the clocks allow, and that it
// stays the same for as long as no other job is started.
func Started(k Kind) check.Rule {
	inTime := eachTrace(k, everyProbe(k), "the time of the start", func(e *check.Evidence, t *trace) (string, string) {
		o := t.record(t.end)
		began, ok := at(o)
		if seconds := epoch(o["timeStamp"]); seconds != nil && !ok && !unused(o) {
			return "timeStamp is " + show(o["timeStamp"]) + ", no time in seconds near it", ""
		}
		if !ok || !e.SkewKnown || t.unchanged(o) {
			return "", ""
		}
		if first := t.shownFirst(); first != nil && fmt.Sprint(first["timeStamp"]) != fmt.Sprint(o["timeStamp"]) {
			return fmt.Sprintf("%s while the job ran, and %s when it had ended", show(first["timeStamp"]), show(o["timeStamp"])), ""
		}
		from, to := t.start.Started.Add(e.Skew-clockSlack), t.end.Started.Add(e.Skew+clockSlack)
		if began.Before(from.Truncate(time.Second)) || began.After(to) {
			return fmt.Sprintf("%s, the job was posted at %s by the device's clock",
				began.Format(time.DateTime), t.start.Started.Add(e.Skew).UTC().Format(time.DateTime)), ""
		}
		return "", began.Format(time.DateTime)
	})
	return func(e *check.Evidence) check.Judgement {
		j := inTime(e)
		var t tally
		var last *exchange.Exchange
		for i := range e.Exchanges {
			x := &e.Exchanges[i]
			switch {
			case x.Operation == k.Start && x.OK():
				last = nil
			case x.Operation != k.Record.Operation || x.Auth != exchange.Account || !x.OK() || statusOf(k.Record.object(x)) == "EXECUTING":
			case last == nil:
				last = x
			default:
				was, now := k.Record.object(last)["timeStamp"], k.Record.object(x)["timeStamp"]
				if statusOf(k.Record.object(last)) == statusOf(k.Record.object(x)) && fmt.Sprint(was) != fmt.Sprint(now) {
					t.fail(x, "the same time for as long as no other job is started", fmt.Sprintf("%s, then %s", show(was), show(now)))
				}
				last = x
			}
		}
		return merge(j, t.judgement(j.Reason))
	}
}
