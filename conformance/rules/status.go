package rules

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

// Record tells the three status records apart.
type Record struct {
	Operation string // GetBackup or GetRestore
	Name      string // "running", "last_successful"; "" for the restore's
}

// The status records of the backup document.
var (
	Running        = Record{corpus.GetBackup, "running"}
	LastSuccessful = Record{corpus.GetBackup, "last_successful"}
	Restoring      = Record{corpus.GetRestore, ""}
)

// keys are the documented keys of a record.
func (r Record) keys() []string {
	switch r.Name {
	case "running":
		return []string{"host", "username", "message", "path", "timeStamp", "status"}
	case "last_successful":
		return []string{"host", "username", "message", "path", "subdir", "timeStamp"}
	}
	return []string{"host", "username", "message", "path", "subdir", "timeStamp", "status"}
}

// statusAnswers lists the answers of a status resource that succeeded.
func statusAnswers(e *check.Evidence, operation string) []exchange.Exchange {
	return e.Where(func(x *exchange.Exchange) bool {
		return x.Operation == operation && x.Auth == exchange.Account && x.OK() && complete(x)
	})
}

// object digs the record out of an answer; nil where it is not there, or no object.
func (r Record) object(e *check.Evidence, x *exchange.Exchange) map[string]any {
	v, ok := told(e, x)
	if !ok {
		return nil
	}
	if list, ok := v.([]any); ok && r.Operation == corpus.GetBackup {
		if len(list) == 0 {
			return nil
		}
		v = list[0]
	}
	o, _ := v.(map[string]any)
	if r.Name != "" {
		o, _ = o[r.Name].(map[string]any)
	}
	return o
}

// told is the JSON of an answer of a status resource; it is shared and read-only. ok is false where it is none.
func told(e *check.Evidence, x *exchange.Exchange) (v any, ok bool) {
	if p, prepared := e.Parsed.(*parsed); prepared {
		if v, ok = p.statuses[string(x.Response.Body)]; ok {
			return v, true
		}
	}
	v, err := decode(x.Response.Body)
	return v, err == nil
}

// eachRecord judges every record that tells of a job.
func eachRecord(r Record, want string, judge func(o map[string]any) string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, x := range statusAnswers(e, r.Operation) {
			o := r.object(e, &x)
			if o == nil || unused(o) || r.awaits(e, &x, o) {
				continue
			}
			if got := judge(o); got != "" {
				t.fail(&x, want, got)
			} else {
				t.pass(&x, want, "as promised")
			}
		}
		return t.judgement("no answer told of a job: none has run on this device yet")
	}
}

// Text judges a field of a record that is a string; optional ones may be absent.
func Text(r Record, field string, optional bool) check.Rule {
	want := field + " is a string"
	if optional {
		want += ", where it is there"
	}
	return eachRecord(r, want, func(o map[string]any) string {
		v, ok := o[field]
		if !ok {
			if optional {
				return ""
			}
			return field + " is missing"
		}
		if _, ok := v.(string); !ok {
			return field + " is " + show(v)
		}
		return ""
	})
}

// Status judges the field status: one of the documented values.
func Status(r Record) check.Rule {
	values := []string{"NONE", "EXECUTING", "ERROR", "COMPLETED"}
	return func(e *check.Evidence) check.Judgement {
		var t tally
		want := "status is one of " + strings.Join(values, ", ")
		for _, x := range statusAnswers(e, r.Operation) {
			o := r.object(e, &x)
			v, there := o["status"]
			text, _ := v.(string)
			switch {
			case len(o) == 0 || !there && unused(o):
			case !there:
				t.fail(&x, want, "status is missing")
			case !slices.Contains(values, text):
				t.fail(&x, want, "status is "+show(v))
			default:
				t.pass(&x, want, text)
			}
		}
		return t.judgement("no answer held the record")
	}
}

// Timestamp judges the field timeStamp: epoch seconds, a string of digits or a number, and records which.
func Timestamp(r Record) check.Rule {
	const want = "timeStamp tells epoch seconds, as a number or a string of digits"
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, x := range statusAnswers(e, r.Operation) {
			o := r.object(e, &x)
			if o == nil || unused(o) || r.awaits(e, &x, o) {
				continue
			}
			v, there := o["timeStamp"]
			switch seconds := epoch(v); {
			case !there:
				t.fail(&x, want, "timeStamp is missing")
			case seconds == nil || !plausible(seconds):
				t.fail(&x, want, "timeStamp is "+show(v))
			default:
				_, text := v.(string)
				t.answer(&x, dialect.TimestampType, map[bool]string{true: "string", false: "number"}[text])
			}
		}
		return t.judgement("no answer told of a job: none has run on this device yet")
	}
}

// epoch reads a timeStamp; nil where it is neither a whole number nor a string of digits.
func epoch(v any) *big.Int {
	switch n := v.(type) {
	case json.Number:
		return whole(string(n))
	case string:
		if strings.Trim(n, "0123456789") == "" && n != "" {
			return whole(n)
		}
	}
	return nil
}

// plausible reports a time between 2001 and 5138: seconds, not milliseconds, and not nothing.
func plausible(seconds *big.Int) bool {
	return seconds.IsInt64() && seconds.Int64() >= 1e9 && seconds.Int64() < 1e11
}

// at is a record's timeStamp; false where it cannot be read.
func at(o map[string]any) (time.Time, bool) {
	seconds := epoch(o["timeStamp"])
	if seconds == nil || !plausible(seconds) {
		return time.Time{}, false
	}
	return time.Unix(seconds.Int64(), 0).UTC(), true
}

// Resource judges that an operation without a body is answered. While a restore runs the device may be away for a moment;
// while a backup runs its status is what there is to be read.
func Resource(operation string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, x := range e.Where(func(x *exchange.Exchange) bool {
			return x.Operation == operation && x.Auth == exchange.Account && x.Answered() && (x.Step != "poll" || operation == corpus.GetBackup && x.Response.Status == 500)
		}) {
			if missing(e, &x) {
				continue
			}
			if x.OK() {
				t.pass(&x, "a status of the 2xx class", brief(&x))
			} else {
				t.fail(&x, "a status of the 2xx class", brief(&x))
			}
		}
		return t.judgement("the request was not sent")
	}
}

// BackupList judges that the backup status is an array.
func BackupList(e *check.Evidence) check.Judgement {
	var t tally
	for _, x := range statusAnswers(e, corpus.GetBackup) {
		v, err := decode(x.Response.Body)
		if list, ok := v.([]any); err == nil && ok {
			t.pass(&x, "a JSON array", fmt.Sprintf("an array of %d", len(list)))
		} else {
			t.fail(&x, "a JSON array", show(string(x.Response.Body)))
		}
	}
	return t.judgement("no request succeeded")
}

// BackupItem judges that the array holds one object with both records, as far as jobs have run.
func BackupItem(e *check.Evidence) check.Judgement {
	var t tally
	const want = "one object with last_successful and running"
	for _, x := range statusAnswers(e, corpus.GetBackup) {
		v, err := decode(x.Response.Body)
		list, ok := v.([]any)
		if err != nil || !ok {
			continue
		}
		due := ran(e, Running, &x)
		switch {
		case len(list) == 0 && !due:
			t.note(&x, "an empty array before any backup has run")
		case len(list) != 1:
			t.fail(&x, want, fmt.Sprintf("%d items", len(list)))
		default:
			if _, ok := list[0].(map[string]any); !ok {
				t.fail(&x, want, show(string(x.Response.Body)))
			} else {
				t.pass(&x, want, "an object")
			}
		}
	}
	return t.judgement("no request succeeded")
}

// RestoreObject judges that the restore status is an object.
func RestoreObject(e *check.Evidence) check.Judgement {
	var t tally
	for _, x := range statusAnswers(e, corpus.GetRestore) {
		v, err := decode(x.Response.Body)
		_, ok := v.(map[string]any)
		switch {
		case err == nil && ok:
			t.pass(&x, "a JSON object", "an object")
		case err == nil && v == nil && !ran(e, Restoring, &x):
			t.note(&x, "null before any restore has run")
		default:
			t.fail(&x, "a JSON object", show(string(x.Response.Body)))
		}
	}
	return t.judgement("no request succeeded")
}

// Present judges that a record is an object that tells of the job, once one has been started.
func Present(r Record) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		want := r.Name + " is an object"
		for _, x := range statusAnswers(e, r.Operation) {
			v, err := decode(x.Response.Body)
			list, _ := v.([]any)
			if err != nil || len(list) != 1 {
				continue
			}
			item, _ := list[0].(map[string]any)
			value, there := item[r.Name]
			_, object := value.(map[string]any)
			due := func() bool { return ran(e, r, &x) || r.Name == "last_successful" && completed(e, &x) }
			switch {
			case object:
				t.pass(&x, want, "an object")
			case (!there || value == nil) && !due():
				t.note(&x, r.Name+" is not there before a backup has made it so")
			default:
				t.fail(&x, want, fmt.Sprintf("%s is %s", r.Name, show(value)))
			}
		}
		return t.judgement("no request succeeded")
	}
}

// completed reports that a backup of this run had been shown as COMPLETED before the exchange, or in it.
func completed(e *check.Evidence, x *exchange.Exchange) bool {
	for _, y := range statusAnswers(e, corpus.GetBackup) {
		if Running.object(e, &y)["status"] == "COMPLETED" {
			return true
		}
		if y.ID == x.ID {
			break
		}
	}
	return false
}

// ExtraStatusKeys notes keys that the document does not list.
func ExtraStatusKeys(records ...Record) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, r := range records {
			for _, x := range statusAnswers(e, r.Operation) {
				o := r.object(e, &x)
				if extra := unknownKeys(o, r.keys()); len(extra) > 0 {
					t.note(&x, strings.TrimSpace(r.Name+" also has "+strings.Join(extra, ", ")))
					return t.judgement("")
				}
				t.pass(&x, "no more keys than the document lists", "none")
			}
		}
		return t.judgement("no request succeeded")
	}
}

// RestoreSubdir judges subdir of the restore status, which the table has and the example has not.
func RestoreSubdir(e *check.Evidence) check.Judgement {
	var t tally
	for _, x := range statusAnswers(e, corpus.GetRestore) {
		o := Restoring.object(e, &x)
		if o == nil || unused(o) {
			continue
		}
		v, there := o["subdir"]
		if _, ok := v.(string); there && !ok {
			t.fail(&x, "subdir is a string, where it is there", "subdir is "+show(v))
		} else {
			t.answer(&x, dialect.RestoreSubdir, map[bool]string{true: "present", false: "absent"}[there])
		}
	}
	return t.judgement("no answer told of a job: none has run on this device yet")
}
