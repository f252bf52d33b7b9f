package fools

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// backupRecords are the two records of the backup status in an answer; list is nil where there is no status, a record
// where it is no object.
func (a *answer) backupRecords() (list []any, last, running *object) {
	v, err := decode(a.body)
	if err != nil || !a.ok() {
		return nil, nil, nil
	}
	return records(v)
}

func records(v any) (list []any, last, running *object) {
	if list, _ = v.([]any); len(list) == 0 {
		return nil, nil, nil
	}
	o, _ := list[0].(*object)
	return list, o.child("last_successful"), o.child("running")
}

// editBackup changes the records of the backup status; either may be nil.
func editBackup(edit func(last, running *object)) behaviour {
	return editAnswers(getBackup, func(_ *call, a *answer) {
		if !a.ok() {
			return
		}
		a.edit(func(v any) any {
			if list, last, running := records(v); list != nil {
				edit(last, running)
			}
			return v
		})
	})
}

// editLast changes last_successful, editRunning running, where they are objects.
func editLast(edit func(*object)) behaviour {
	return editBackup(func(last, _ *object) {
		if last != nil {
			edit(last)
		}
	})
}

func editRunning(edit func(*object)) behaviour {
	return editBackup(func(_, running *object) {
		if running != nil {
			edit(running)
		}
	})
}

// editRestore changes the restore status.
func editRestore(edit func(*object)) behaviour {
	return editAnswers(getRestore, func(_ *call, a *answer) {
		if a.ok() {
			a.editObject(edit)
		}
	})
}

func getBackup(c *call) bool    { return c.is(http.MethodGet, backupPath) }
func getRestore(c *call) bool   { return c.is(http.MethodGet, restorePath) }
func startBackup(c *call) bool  { return c.is(http.MethodPost, backupPath) }
func startRestore(c *call) bool { return c.is(http.MethodPost, restorePath) }

// recordBug is one wrong way to write a field of a record.
type recordBug struct {
	field       string // of the requirement
	name, about string
	edit        func(*object)
}

// recordFools breaks the fields of one record; name and requirement get the prefixes.
func recordFools(name, requirement, where string, editor func(func(*object)) behaviour, bugs []recordBug) []Fool {
	var out []Fool
	for _, b := range bugs {
		out = append(out, mutant(name+b.name, requirement+b.field, where+" "+b.about, editor(b.edit)))
	}
	return out
}

// stamped rewrites timeStamp where it tells a time.
func stamped(write func(n int64) any) func(*object) {
	return func(o *object) {
		if n, ok := o.count("timeStamp"); ok && n > 0 {
			o.set("timeStamp", write(n))
		}
	}
}

func isoTime(n int64) any { return time.Unix(n, 0).UTC().Format(time.RFC3339) }

// statusAs writes another word for a status.
func statusAs(from, to string) func(*object) {
	return func(o *object) {
		if s, _ := o.text("status"); s == from {
			o.set("status", to)
		}
	}
}

// ended reports a status that is final.
func ended(o *object) bool {
	s, _ := o.text("status")
	return s == "COMPLETED" || s == "ERROR"
}

// identity names the run that a record tells of.
func identity(o *object) string {
	return fmt.Sprint(o.get("host"), o.get("path"), o.get("timeStamp"))
}

// frozen is an edit that keeps to the first record of a job that has ended.
func frozen() func(*object) {
	var first *object
	return func(o *object) {
		switch {
		case first == nil && ended(o):
			first = o.clone()
		case first != nil:
			*o = *first.clone()
		}
	}
}

// relapsed is an edit that tells another status when a job that has ended is looked at for the second time.
func relapsed(to string) func(*object) {
	looks := map[string]int{}
	return func(o *object) {
		if !ended(o) {
			return
		}
		looks[identity(o)]++
		if looks[identity(o)] == 2 {
			o.set("status", to)
		}
	}
}

// ticking is an edit that moves timeStamp on with each look.
func ticking() func(*object) {
	looks := int64(0)
	return func(o *object) {
		looks++
		stamped(func(n int64) any { return number(n + 300*looks) })(o)
	}
}

// fresh makes a behaviour whose edit has state: each device gets its own.
func fresh(editor func(func(*object)) behaviour, edit func() func(*object)) behaviour {
	return func(within step) step { return editor(edit())(within) }
}

// jobRequest is the body of a POST as an object, nil where it is none.
func jobRequest(c *call) *object {
	v, err := decode(c.body)
	if err != nil {
		return nil
	}
	o, _ := v.(*object)
	return o
}

// editJobs changes the bodies of POSTs before the device sees them.
func editJobs(of func(*call) bool, edit func(*object)) behaviour {
	return func(within step) step {
		return func(c *call) *answer {
			o := jobRequest(c)
			if !of(c) || o == nil {
				return within(c)
			}
			before := encode(o)
			if edit(o); bytes.Equal(before, encode(o)) {
				return within(c)
			}
			return within(c.with(encode(o)))
		}
	}
}

// refuseJobs answers POSTs for which the reason is not empty with BAD_REQUEST.
func refuseJobs(of func(*call) bool, why func(*object) string) behaviour {
	return instead(of, func(c *call) *answer {
		if o := jobRequest(c); o != nil {
			if reason := why(o); reason != "" {
				return badRequest(reason)
			}
		}
		return nil
	})
}

// local reports a job on the appliance's own disk.
func local(o *object) bool {
	h, _ := o.text("hostname")
	return h == "localhost"
}

// wellFormed reports a job that no document refuses: all fields are text, and those that are needed are there.
func wellFormed(o *object, restore bool) bool {
	need := []string{"hostname", "security_pwd"}
	if !local(o) {
		need = append(need, "username", "path")
	}
	if restore {
		need = append(need, "no_cert")
	}
	for _, k := range need {
		if s, _ := o.text(k); s == "" {
			return false
		}
	}
	for _, k := range o.keys {
		if _, isText := o.text(k); !isText || !strings.Contains(" hostname username password path security_pwd no_cert ", " "+k+" ") {
			return false
		}
	}
	return true
}
