package rules

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
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
	e      *check.Evidence
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
	t := &trace{e: e, kind: k}
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
	return t.kind.Record.object(t.e, x)
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
	return began, ok && e.SkewKnown && t.unchanged(o) && began.Before(t.start.Started.Add(min(e.Skew, 0)-clockSlack))
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
			if o := Running.object(e, x); !unused(o) {
				began[fmt.Sprint(o["timeStamp"])] = true
			}
		case x.Probe == "job/restore/untouched" && x.OK():
			const want = "no restore, since none was started"
			if o := Restoring.object(e, x); !unused(o) && began[fmt.Sprint(o["timeStamp"])] {
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
		// Date may be that of a proxy, so a start by our own clock is as good.
		byDate := !began.Before(from.Truncate(time.Second)) && !began.After(to)
		byOurs := !began.Before(from.Add(-e.Skew).Truncate(time.Second)) && !began.After(to.Add(-e.Skew))
		if !byDate && !byOurs {
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
			case x.Operation != k.Record.Operation || x.Auth != exchange.Account || !x.OK() || statusOf(k.Record.object(e, x)) == "EXECUTING":
			case last == nil:
				last = x
			default:
				was, now := k.Record.object(e, last)["timeStamp"], k.Record.object(e, x)["timeStamp"]
				if statusOf(k.Record.object(e, last)) == statusOf(k.Record.object(e, x)) && fmt.Sprint(was) != fmt.Sprint(now) {
					t.fail(x, "the same time for as long as no other job is started", fmt.Sprintf("%s, then %s", show(was), show(now)))
				}
				last = x
			}
		}
		return merge(j, t.judgement(j.Reason))
	}
}
