package fools

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"strings"
)

// backupFools tell the status of backups wrongly.
func backupFools() []Fool {
	const id, last, running = "backup/status/", "backup/status/last-successful", "backup/status/running"
	item := func(edit func(list []any, o *object) any) behaviour {
		return editAnswers(getBackup, func(_ *call, a *answer) {
			if list, _, _ := a.backupRecords(); list == nil {
				return
			}
			a.edit(func(v any) any {
				list := v.([]any)
				if o, ok := list[0].(*object); ok {
					return edit(list, o)
				}
				return v
			})
		})
	}
	part := func(edit func(o *object)) behaviour {
		return item(func(list []any, o *object) any {
			edit(o)
			return list
		})
	}
	out := []Fool{
		mutant("backup/status-not-known", id+"resource", "does not find the status of backups", instead(getBackup, func(*call) *answer {
			return refusal(http.StatusNotFound, "RESOURCE_NOT_FOUND", "There is no such resource.")
		})),
		mutant("backup/status-method-refused", id+"resource", "has no GET of backups", instead(getBackup, func(*call) *answer {
			return refusal(http.StatusMethodNotAllowed, "HTTP_INVALID_METHOD", "Requested method is not available.")
		})),
		warned(mutant("backup/status-media-type-html", id+"media-type", "calls the status of backups text/html", editAnswers(getBackup, func(_ *call, a *answer) {
			a.header.Set("Content-Type", "text/html")
		}))),
		mutant("backup/status-as-object", id+"list", "leaves out the array around the status of backups", item(func(_ []any, o *object) any { return o })),
		mutant("backup/status-list-as-text", id+"list", "encodes the status of backups twice, as JSON in a string", item(func(list []any, _ *object) any { return string(encode(list)) })),
		mutant("backup/status-of-two", id+"item", "has two objects in the status of backups", item(func(list []any, o *object) any { return append(list, o) })),
		mutant("backup/status-split", id+"item", "has an object for each of the two records", item(func(_ []any, o *object) any {
			return []any{newObject("last_successful", o.get("last_successful")), newObject("running", o.get("running"))}
		})),
		mutant("backup/status-item-as-list", id+"item", "has the two records in an array of their own", item(func(_ []any, o *object) any {
			return []any{[]any{o.get("last_successful"), o.get("running")}}
		})),
		mutant("backup/last-successful-missing", last, "never tells last_successful", part(func(o *object) { o.drop("last_successful") })),
		mutant("backup/last-successful-as-text", last, "gives only the directory as last_successful", part(func(o *object) {
			s, _ := o.child("last_successful").text("subdir")
			o.set("last_successful", s)
		})),
		mutant("backup/last-successful-as-list", last, "gives last_successful as a list", part(func(o *object) {
			o.set("last_successful", []any{o.get("last_successful")})
		})),
		mutant("backup/running-missing", running, "leaves running out", part(func(o *object) { o.drop("running") })),
		mutant("backup/running-null-when-ended", running, "has null for running once the backup has ended", part(func(o *object) {
			if ended(o.child("running")) {
				o.set("running", nil)
			}
		})),
		mutant("backup/running-as-text", running, "gives only the status as running", part(func(o *object) {
			o.set("running", o.child("running").get("status"))
		})),
	}
	out = append(out, recordFools("backup/last-", last+"/", "in last_successful", editLast, lastBugs())...)
	out = append(out, recordFools("backup/running-", running+"/", "in running", editRunning, runningBugs())...)
	return append(out, backupCourse(last, running)...)
}

func lastBugs() []recordBug {
	return []recordBug{
		{"host", "host-named-hostname", "calls host hostname", func(o *object) { o.rename("host", "hostname") }},
		{"host", "host-resolved", "gives the address of the host instead of its name", resolved},
		{"username", "username-missing", "leaves username out", without("username")},
		{"username", "username-as-root", "gives root for every user", rooted},
		{"message", "message-as-list", "has a list of messages", func(o *object) { o.set("message", []any{}) }},
		{"message", "message-null", "has null for message", fixed("message", nil)},
		{"path", "path-missing", "leaves path out", without("path")},
		{"path", "path-of-the-disk", "gives the path as the disk has it", mounted},
		{"subdir", "subdir-missing", "leaves subdir out", without("subdir")},
		{"subdir", "subdir-null", "has null for subdir", fixed("subdir", nil)},
		{"timestamp", "timestamp-iso", "writes timeStamp as a date", stamped(isoTime)},
		{"timestamp", "timestamp-missing", "leaves timeStamp out", without("timeStamp")},
		{"timestamp", "timestamp-fractional", "gives timeStamp with half a second", stamped(func(n int64) any { return json.Number(fmt.Sprintf("%d.5", n)) })},
		{"subdir-below-path", "subdir-name-only", "gives only the name of the directory as subdir", func(o *object) {
			if s, _ := o.text("subdir"); s != "" {
				o.set("subdir", path.Base(s))
			}
		}},
		{"subdir-below-path", "subdir-beside-path", "gives a subdir that only starts like path", func(o *object) {
			p, _ := o.text("path")
			if s, _ := o.text("subdir"); s != "" && p != "" {
				o.set("subdir", strings.TrimSuffix(p, "/")+"-old/"+path.Base(s))
			}
		}},
		{"subdir-below-path", "subdir-is-path", "gives path as subdir", func(o *object) {
			if s, _ := o.text("subdir"); s != "" {
				o.set("subdir", o.get("path"))
			}
		}},
	}
}

func runningBugs() []recordBug {
	return []recordBug{
		{"host", "host-resolved", "gives the address of the host instead of its name", resolved},
		{"host", "host-named-hostname", "calls host hostname", func(o *object) { o.rename("host", "hostname") }},
		{"username", "username-null", "has null for username", fixed("username", nil)},
		{"username", "username-as-root", "gives root for every user", rooted},
		{"message", "message-as-number", "gives the number of a message as message", fixed("message", number(0))},
		{"message", "message-as-object", "has an object for message", fixed("message", newObject())},
		{"path", "path-named-directory", "calls path directory", func(o *object) { o.rename("path", "directory") }},
		{"path", "path-of-the-disk", "gives the path as the disk has it", mounted},
		{"timestamp", "timestamp-iso-date", "writes timeStamp as a date", stamped(isoTime)},
		{"timestamp", "timestamp-named-in-small-letters", "calls timeStamp timestamp", func(o *object) { o.rename("timeStamp", "timestamp") }},
		{"timestamp", "timestamp-fractional", "gives timeStamp with a fraction in quotes", stamped(func(n int64) any { return fmt.Sprintf("%d.25", n) })},
		{"status", "status-in-small-letters", "writes status in small letters", func(o *object) {
			s, _ := o.text("status")
			o.set("status", strings.ToLower(s))
		}},
		{"status", "status-success", "says SUCCESS for COMPLETED", statusAs("COMPLETED", "SUCCESS")},
		{"status", "status-running", "says RUNNING for EXECUTING", statusAs("EXECUTING", "RUNNING")},
		{"status", "status-failed", "says FAILED for ERROR", statusAs("ERROR", "FAILED")},
		{"status", "status-as-number", "gives status as a number", func(o *object) {
			s, _ := o.text("status")
			o.set("status", number(int64(strings.Index("NONE EXECUTING ERROR COMPLETED", s))))
		}},
	}
}

// resolved tells an address where a name was given.
func resolved(o *object) {
	if h, _ := o.text("host"); h != "" {
		o.set("host", map[bool]string{true: "127.0.0.1", false: "198.51.100.7"}[h == "localhost"])
	}
}

func rooted(o *object) {
	if u, _ := o.text("username"); u != "" {
		o.set("username", "root")
	}
}

// mounted tells where a path really is.
func mounted(o *object) {
	if p, _ := o.text("path"); p != "" {
		o.set("path", "/sysroot/data/"+strings.TrimPrefix(p, "/"))
	}
}

// backupCourse are the fools whose records tell a wrong course of events.
func backupCourse(last, running string) []Fool {
	stateful := func(edit func() func(*object)) behaviour { return fresh(editRunning, edit) }
	return []Fool{
		mutant("backup/last-successful-moves-on-error", last+"/only-success", "tells of failed backups too in last_successful", copiedOn("ERROR")),
		mutant("backup/last-successful-moves-on-start", last+"/only-success", "tells of a backup in last_successful before it has ended", copiedOn("EXECUTING")),
		mutant("backup/last-successful-forgets", last+"/only-success", "empties last_successful when a backup fails", editBackup(func(last, running *object) {
			if s, _ := running.text("status"); s == "ERROR" && last != nil {
				for _, k := range []string{"host", "username", "path", "subdir"} {
					last.set(k, "")
				}
				last.set("timeStamp", number(0))
			}
		})),
		mutant("backup/last-successful-stays", last+"/same-run", "keeps to the first backup in last_successful", firstLast),
		mutant("backup/last-successful-tells-the-end", last+"/same-run", "tells the end of the backup as timeStamp of last_successful", editLast(stamped(func(n int64) any { return number(n + 90) }))),
		mutant("backup/last-successful-of-another-host", last+"/same-run", "tells the name of the appliance as host of last_successful", editLast(func(o *object) {
			if h, _ := o.text("host"); h != "" {
				o.set("host", "flowgateway")
			}
		})),
		mutant("backup/running-tells-the-first", running+"/latest", "keeps to the first backup that ended in running", stateful(frozen)),
		mutant("backup/running-only-of-success", running+"/latest", "tells in running of the backups that succeeded only", editBackup(func(last, running *object) {
			s, _ := running.text("status")
			if h, _ := last.text("host"); s == "ERROR" && h != "" {
				for _, k := range []string{"host", "username", "path", "timeStamp"} {
					running.set(k, last.get(k))
				}
				running.set("status", "COMPLETED")
			}
		})),
		mutant("backup/started-in-milliseconds", running+"/started", "gives the start of a backup in milliseconds", editRunning(stamped(func(n int64) any { return number(n * 1000) }))),
		mutant("backup/started-an-hour-ahead", running+"/started", "gives the start of a backup an hour ahead", editRunning(stamped(func(n int64) any { return number(n + 3600) }))),
		mutant("backup/started-never", running+"/started", "gives 0 for the start of every backup", editRunning(stamped(func(int64) any { return number(0) }))),
		mutant("backup/started-moves", running+"/started", "gives a later start of a backup with each look", stateful(ticking)),
		mutant("backup/executing-as-none", running+"/executing", "says NONE while a backup is in progress", editRunning(statusAs("EXECUTING", "NONE"))),
		mutant("backup/executing-as-error", running+"/executing", "says ERROR while a backup is in progress", editRunning(statusAs("EXECUTING", "ERROR"))),
		mutant("backup/completed-as-error", running+"/completed", "says ERROR of every backup that succeeded", editRunning(statusAs("COMPLETED", "ERROR"))),
		mutant("backup/completed-as-none", running+"/completed", "says NONE of every backup that succeeded", editRunning(statusAs("COMPLETED", "NONE"))),
		mutant("backup/error-as-completed", running+"/error", "says COMPLETED of every backup that failed", editRunning(statusAs("ERROR", "COMPLETED"))),
		warned(mutant("backup/never-ends", running+"/ends", "says EXECUTING of every backup for ever", editRunning(func(o *object) {
			if ended(o) {
				o.set("status", "EXECUTING")
			}
		}))),
		mutant("backup/executes-again", running+"/final", "says EXECUTING of a backup that it has said COMPLETED of", stateful(func() func(*object) { return relapsed("EXECUTING") })),
		mutant("backup/none-again", running+"/final", "says NONE of a backup that it has said COMPLETED of", stateful(func() func(*object) { return relapsed("NONE") })),
		warned(mutant("backup/error-without-message", running+"/error-message", "says nothing about what went wrong with a backup", editRunning(func(o *object) {
			if s, _ := o.text("status"); s == "ERROR" {
				o.set("message", "")
			}
		}))),
	}
}

// copiedOn tells of the latest backup in last_successful as soon as it has a status.
func copiedOn(status string) behaviour {
	return editBackup(func(last, running *object) {
		if s, _ := running.text("status"); s != status || last == nil {
			return
		}
		for _, k := range []string{"host", "username", "path", "timeStamp"} {
			last.set(k, running.get(k))
		}
		p, _ := running.text("path")
		last.set("subdir", strings.TrimSuffix(p, "/")+"/20240108_2211")
	})
}

// firstLast keeps to the first last_successful that tells of a backup.
func firstLast(within step) step {
	var first *object
	return editLast(func(o *object) {
		switch h, _ := o.text("host"); {
		case first == nil && h != "":
			first = o.clone()
		case first != nil:
			*o = *first.clone()
		}
	})(within)
}
