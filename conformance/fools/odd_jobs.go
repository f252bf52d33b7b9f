package fools

import (
	"bytes"
	"encoding/json"
	"mime"
	"net/http"
	"strings"
	"time"
)

// oddJobs tell of backups and restores, and start them, in other lawful ways.
func oddJobs() []Fool {
	records := func(edit func(*object)) behaviour {
		return func(within step) step { return editRestore(edit)(editLast(edit)(editRunning(edit)(within))) }
	}
	started := func(status int) behaviour {
		return editAnswers(startsJob, func(_ *call, a *answer) {
			if a.ok() {
				a.status = status
			}
		})
	}
	return []Fool{
		odd("timestamp-as-string", "writes timeStamp in quotes", records(func(o *object) {
			if n, ok := o.get("timeStamp").(json.Number); ok {
				o.set("timeStamp", n.String())
			}
		})),
		odd("timestamp-as-number", "writes timeStamp without quotes", records(func(o *object) {
			if s, ok := o.text("timeStamp"); ok && digits(s) {
				o.set("timeStamp", json.Number(s))
			}
		})),
		odd("empty-message-absent", "leaves message out where there is nothing to say", records(func(o *object) {
			if s, ok := o.text("message"); ok && s == "" {
				o.drop("message")
			}
		})),
		odd("warnings-on-success", "says a warning in message of jobs that succeeded", records(func(o *object) {
			s, ok := o.text("message")
			if h, _ := o.text("host"); ok && s == "" && h != "" {
				o.set("message", "WARNING: the clock is not synchronised.")
			}
		})),
		odd("restore-subdir-present", "tells subdir in the status of restores", editRestore(func(o *object) {
			if !o.has("subdir") {
				o.set("subdir", o.get("path"))
			}
		})),
		odd("restore-subdir-absent", "tells no subdir in the status of restores", editRestore(without("subdir"))),
		odd("before-run-empty-objects", "has empty objects where nothing has run", beforeRun(func() any { return newObject() })),
		odd("before-run-null", "has null where nothing has run", beforeRun(func() any { return nil })),
		odd("before-run-no-last-successful", "has no last_successful before the first backup", editAnswers(getBackup, func(_ *call, a *answer) {
			list, last, _ := a.backupRecords()
			if h, _ := last.text("host"); list == nil || h != "" {
				return
			}
			a.edit(func(v any) any {
				if o, ok := v.([]any)[0].(*object); ok {
					o.drop("last_successful")
				}
				return v
			})
		})),
		odd("start-200", "answers the start of a job with 200", started(http.StatusOK)),
		odd("start-201", "answers the start of a job with 201", started(http.StatusCreated)),
		odd("start-202", "answers the start of a job with 202", started(http.StatusAccepted)),
		odd("start-204", "answers the start of a job with 204", started(http.StatusNoContent)),
		odd("second-job-conflict", "answers a job with 409 while another runs", overtaken(func() *answer {
			return refusal(http.StatusConflict, "CONFLICT", "Another job is running.")
		})),
		odd("second-job-ignored", "says that it starts a job while another runs, and goes on with that", overtaken(noContent)),
		odd("no-cert-demanded", "refuses a restore without no_cert", refuseJobs(startRestore, func(o *object) string {
			if !o.has("no_cert") {
				return "no_cert is missing."
			}
			return ""
		})),
		odd("no-cert-boolean-taken", "takes false for no_cert without quotes", editJobs(startRestore, func(o *object) {
			if b, ok := o.get("no_cert").(bool); ok {
				o.set("no_cert", map[bool]string{true: "true", false: "false"}[b])
			}
		})),
		odd("unknown-keys-in-jobs-ignored", "does not look at keys of jobs that no document knows", editJobs(startsJob, func(o *object) {
			for _, k := range append([]string(nil), o.keys...) {
				if !strings.Contains(" hostname username password path security_pwd no_cert ", " "+k+" ") {
					o.drop(k)
				}
			}
		})),
	}
}

func startsJob(c *call) bool { return startBackup(c) || startRestore(c) }

// beforeRun replaces the records of jobs that never ran.
func beforeRun(nothing func() any) behaviour {
	none := func(o *object) bool {
		s, _ := o.text("status")
		h, _ := o.text("host")
		return o != nil && h == "" && (s == "" || s == "NONE")
	}
	return editAnswers(func(c *call) bool { return getBackup(c) || getRestore(c) }, func(c *call, a *answer) {
		if !a.ok() {
			return
		}
		a.edit(func(v any) any {
			if o, ok := v.(*object); ok && none(o) {
				if empty := nothing(); empty != nil { // the body of a restore's status is an object in any case
					return empty
				}
			}
			list, last, running := records(v)
			if list == nil {
				return v
			}
			o, _ := list[0].(*object)
			if none(last) {
				o.set("last_successful", nothing())
			}
			if none(running) {
				o.set("running", nothing())
			}
			return v
		})
	})
}

// overtaken answers well-formed jobs that the device refuses while another one runs.
func overtaken(answered func() *answer) behaviour {
	return func(within step) step {
		return func(c *call) *answer {
			o := jobRequest(c)
			if !startsJob(c) || o == nil || !wellFormed(o, startRestore(c)) {
				return within(c)
			}
			status := within(c.as(http.MethodGet).with(nil))
			a := within(c)
			if a.status == http.StatusBadRequest && executing(status) {
				return answered()
			}
			return a
		}
	}
}

// executing reports that a status tells of a job in progress.
func executing(a *answer) bool {
	v, err := decode(a.body)
	if err != nil || !a.ok() {
		return false
	}
	o, _ := v.(*object)
	if _, _, running := records(v); running != nil {
		o = running
	}
	s, _ := o.text("status")
	return s == "EXECUTING"
}

// oddRequests take requests in other lawful ways.
func oddRequests() []Fool {
	inArray := func(c *call) bool { return bytes.HasPrefix(bytes.TrimSpace(c.body), []byte("[")) }
	form := func(array bool) behaviour {
		return instead(statistics, func(c *call) *answer {
			if inArray(c) != array {
				return nil
			}
			return badRequest("The body has the wrong form.")
		})
	}
	return []Fool{
		odd("array-only", "takes requests of import_stats inside an array only", form(false)),
		odd("bare-only", "takes requests of import_stats without an array only", form(true)),
		odd("unknown-keys-ignored", "does not look at keys of import_stats that no document knows", editRequests("", func(o *object) {
			for _, k := range append([]string(nil), o.keys...) {
				if !statsKeys[k] {
					o.drop(k)
				}
			}
		})),
		odd("years-ago-refused", "refuses windows that begin before 2025, of which it has no rows", instead(statistics, func(c *call) *answer {
			if o := c.request(); o != nil {
				if t, ok := edge(o, "start_time"); ok && t.Year() > 2000 && t.Year() < 2025 {
					return badRequest("There are no rows of that time.")
				}
			}
			return nil
		})),
		odd("end-time-in-the-other-form", "takes an end_time of text beside a start_time of epoch seconds, and the reverse", func(within step) step {
			return editRequests("", mixedTo("start_time"))(editRequests("", mixedToEpoch)(within))
		}),
		odd("absent-source-is-all", "takes a request without source_ip as one for all sources", editRequests("", func(o *object) {
			if !o.has("source_ip") && o.has("stats_type") {
				o.set("source_ip", "")
			}
		})),
		odd("empty-array-answered", "answers an empty array with an empty array", instead(statistics, func(c *call) *answer {
			if v, err := decode(c.body); err == nil {
				if list, ok := v.([]any); ok && len(list) == 0 {
					return asJSON(http.StatusOK, []any{})
				}
			}
			return nil
		})),
		odd("first-of-two-answered", "answers the first of several requests in one array", func(within step) step {
			return func(c *call) *answer {
				v, err := decode(c.body)
				if list, ok := v.([]any); err == nil && ok && len(list) > 1 && statistics(c) {
					return within(c.with(encode(list[:1])))
				}
				return within(c)
			}
		}),
		odd("zero-interval-empty", "finds no rows for a time_interval of 0", emptyFor(func(o *object) bool {
			n, ok := o.get("time_interval").(json.Number)
			return ok && n == "0" && units()[textOf(o, "interval_type")] > 0 && interval(o) > 0
		}, func(o *object) { o.set("time_interval", number(1)) })),
		odd("reversed-window-empty", "finds no rows in a window that ends before it starts", emptyFor(reversed, func(o *object) {
			o.set("end_time", o.get("start_time"))
		})),
		odd("media-type-demanded", "takes bodies only with Content-Type application/json", instead(func(c *call) bool {
			media, _, err := mime.ParseMediaType(c.req.Header.Get("Content-Type"))
			return (statistics(c) || startsJob(c)) && len(c.body) > 0 && (err != nil || media != "application/json")
		}, func(*call) *answer { return badRequest("Content-Type must be application/json.") })),
		odd("epoch-with-point-taken", "takes epoch seconds with .0", editRequests("C", func(o *object) {
			for _, k := range []string{"start_time", "end_time"} {
				if n, ok := o.get(k).(json.Number); ok {
					whole, fraction, _ := strings.Cut(n.String(), ".")
					if strings.Trim(fraction, "0") == "" {
						o.set(k, json.Number(whole))
					}
				}
			}
		})),
		odd("words-in-any-case", "takes stats_type and interval_type in capitals and in the singular", editRequests("", func(o *object) {
			for _, k := range []string{"stats_type", "interval_type"} {
				if s, ok := o.text(k); ok {
					o.set(k, strings.ToLower(s))
				}
			}
			if s, ok := o.text("interval_type"); ok && units()[s+"s"] > 0 {
				o.set("interval_type", s+"s")
			}
		})),
		odd("single-digits-taken", "takes days and months of template B without leading zeros", editRequests("B", func(o *object) {
			for _, k := range []string{"start_time", "end_time"} {
				if t, err := time.Parse("2/1/2006 15:04:05", textOf(o, k)); err == nil {
					o.set(k, t.Format(localForm))
				}
			}
		})),
	}
}

func textOf(o *object, key string) string {
	s, _ := o.text(key)
	return s
}

// emptyFor answers requests that are well formed but for one thing with no rows; mended makes them good, so that the
// device can look at the rest.
func emptyFor(of func(*object) bool, mended func(*object)) behaviour {
	return func(within step) step {
		return func(c *call) *answer {
			o := c.request()
			if o == nil || !of(o) {
				return within(c)
			}
			mended(o)
			a := within(c.rewritten(o))
			if a.ok() {
				a.body = []byte("[]")
			}
			return a
		}
	}
}

// reversed reports a window that ends before it starts.
func reversed(o *object) bool {
	start, ok1 := edge(o, "start_time")
	end, ok2 := edge(o, "end_time")
	return ok1 && ok2 && end.Before(start)
}
