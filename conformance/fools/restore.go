package fools

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"strings"
)

// restoreFools tell the status of restores wrongly.
func restoreFools() []Fool {
	const id = "restore/status/"
	body := func(edit func(o *object) any) behaviour {
		return editAnswers(getRestore, func(_ *call, a *answer) {
			if !a.ok() {
				return
			}
			a.edit(func(v any) any {
				if o, ok := v.(*object); ok {
					return edit(o)
				}
				return v
			})
		})
	}
	out := []Fool{
		mutant("restore/status-not-known", id+"resource", "does not find the status of restores", instead(getRestore, func(*call) *answer {
			return refusal(http.StatusNotFound, "RESOURCE_NOT_FOUND", "There is no such resource.")
		})),
		warned(mutant("restore/status-media-type-text", id+"media-type", "calls the status of restores text/plain", editAnswers(getRestore, func(_ *call, a *answer) {
			a.header.Set("Content-Type", "text/plain")
		}))),
		mutant("restore/status-in-array", id+"object", "puts the status of restores into an array, like that of backups", body(func(o *object) any { return []any{o} })),
		mutant("restore/status-as-word", id+"object", "gives only the word of the status", body(func(o *object) any { return o.get("status") })),
	}
	out = append(out, recordFools("restore/", id, "in the status of restores", editRestore, restoreBugs())...)
	return append(out, restoreCourse(id)...)
}

func restoreBugs() []recordBug {
	return []recordBug{
		{"host", "host-missing", "leaves host out", without("host")},
		{"host", "host-as-list", "has a list of hosts", func(o *object) { o.set("host", []any{o.get("host")}) }},
		{"host", "host-of-another", "gives the address of the host instead of its name", resolved},
		{"username", "username-missing", "leaves username out", without("username")},
		{"username", "username-as-number", "gives the number of the user as username", fixed("username", number(1000))},
		{"message", "message-as-list", "has a list of messages", fixed("message", []any{})},
		{"message", "message-as-boolean", "says only whether there is a message", fixed("message", false)},
		{"path", "path-missing", "leaves path out", without("path")},
		{"path", "path-as-list", "gives path in its parts", func(o *object) {
			list := []any{}
			p, _ := o.text("path")
			for _, s := range strings.Split(p, "/") {
				list = append(list, s)
			}
			o.set("path", list)
		}},
		{"path/includes-backup", "path-without-backup", "leaves the name of the backup out of path", func(o *object) {
			if p, _ := o.text("path"); p != "" && ended(o) {
				o.set("path", path.Dir(p))
			}
		}},
		{"subdir", "subdir-as-number", "gives a number for subdir", fixed("subdir", number(1))},
		{"subdir", "subdir-null", "has null for subdir", fixed("subdir", nil)},
		{"timestamp", "timestamp-iso", "writes timeStamp as a date", stamped(isoTime)},
		{"timestamp", "timestamp-missing", "leaves timeStamp out", without("timeStamp")},
		{"timestamp", "timestamp-fractional", "gives timeStamp with half a second", stamped(func(n int64) any { return json.Number(fmt.Sprintf("%d.5", n)) })},
		{"status", "status-in-small-letters", "writes status in small letters", func(o *object) {
			s, _ := o.text("status")
			o.set("status", strings.ToLower(s))
		}},
		{"status", "status-done", "says DONE for COMPLETED", statusAs("COMPLETED", "DONE")},
		{"status", "status-restoring", "says RESTORING for EXECUTING", statusAs("EXECUTING", "RESTORING")},
	}
}

// backupAsRestore answers a status of restores that tells of none with the status of backups.
func backupAsRestore(within step) step {
	return func(c *call) *answer {
		a := within(c)
		if !getRestore(c) || !a.ok() {
			return a
		}
		r := c.req.Clone(c.req.Context())
		r.URL.Path = backupPath
		v, err := decode(within(&call{r, nil}).body)
		list, ok := v.([]any)
		if err != nil || !ok || len(list) == 0 {
			return a
		}
		item, ok := list[0].(*object)
		if !ok {
			return a
		}
		a.editObject(func(o *object) {
			running := item.child("running")
			if status, _ := o.text("status"); status != "NONE" && status != "" || running == nil {
				return
			}
			for _, k := range running.keys {
				o.set(k, running.get(k))
			}
		})
		return a
	}
}

// restoreCourse are the fools whose status tells a wrong course of events.
func restoreCourse(id string) []Fool {
	stateful := func(edit func() func(*object)) behaviour { return fresh(editRestore, edit) }
	return []Fool{
		mutant("restore/tells-the-backup", id+"latest", "tells of the latest backup until a restore is started", backupAsRestore),
		mutant("restore/tells-the-first", id+"latest", "keeps to the first restore that ended", stateful(frozen)),
		mutant("restore/started-in-milliseconds", id+"started", "gives the start of a restore in milliseconds", editRestore(stamped(func(n int64) any { return number(n * 1000) }))),
		mutant("restore/started-with-the-backup", id+"started", "gives a time a day before as the start of a restore", editRestore(stamped(func(n int64) any { return number(n - 86400) }))),
		mutant("restore/started-moves", id+"started", "gives a later start of a restore with each look", stateful(ticking)),
		mutant("restore/executing-as-none", id+"executing", "says NONE while a restore is in progress", editRestore(statusAs("EXECUTING", "NONE"))),
		mutant("restore/status-stays-none", id+"completed", "says NONE whatever becomes of a restore", editRestore(fixed("status", "NONE"))),
		mutant("restore/completed-as-error", id+"completed", "says ERROR of every restore that succeeded", editRestore(statusAs("COMPLETED", "ERROR"))),
		mutant("restore/error-as-completed", id+"error", "says COMPLETED of every restore that failed", editRestore(statusAs("ERROR", "COMPLETED"))),
		mutant("restore/error-as-none", id+"error", "says NONE of every restore that failed", editRestore(statusAs("ERROR", "NONE"))),
		warned(mutant("restore/never-ends", id+"ends", "says EXECUTING of every restore for ever", editRestore(func(o *object) {
			if ended(o) {
				o.set("status", "EXECUTING")
			}
		}))),
		mutant("restore/executes-again", id+"final", "says EXECUTING of a restore that it has said the end of", stateful(func() func(*object) { return relapsed("EXECUTING") })),
		warned(mutant("restore/error-without-message", id+"error-message", "says nothing about what went wrong with a restore", editRestore(func(o *object) {
			if s, _ := o.text("status"); s == "ERROR" {
				o.set("message", "")
			}
		}))),
	}
}
