package fools

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"strings"
)

// starter is one of the two operations that start a job.
type starter struct {
	word, prefix string // of names, of requirements
	of           func(*call) bool
	status       func(func(*object)) behaviour // edits the record of the latest job
	restore      bool
}

// startFools take requests for jobs wrongly, or do something else than they say.
func startFools() []Fool {
	b := starter{"backup", "backup/start/", startBackup, editRunning, false}
	r := starter{"restore", "restore/start/", startRestore, editRestore, true}
	var out []Fool
	for _, s := range []starter{b, r} {
		out = append(out, s.answers()...)
		out = append(out, s.mistaken()...)
		out = append(out, s.defaults()...)
		out = append(out, s.leaks()...)
	}
	return append(out, secretFools()...)
}

// answers are wrong answers to the POST itself.
func (s starter) answers() []Fool {
	bodied := func(body string) behaviour {
		return editAnswers(s.of, func(_ *call, a *answer) {
			if a.ok() {
				*a = *text(http.StatusOK, "application/json", body)
			}
		})
	}
	full := 5
	if s.restore {
		full = 6
	}
	return []Fool{
		mutant(s.word+"/start-not-known", s.prefix+"resource", "cannot start a "+s.word+" by POST", instead(s.of, func(*call) *answer {
			return refusal(http.StatusNotFound, "RESOURCE_NOT_FOUND", "There is no such resource.")
		})),
		mutant(s.word+"/start-breaks-on-an-apostrophe", s.prefix+"security-pwd", "breaks on an apostrophe in what a "+s.word+" is started with", instead(s.of, func(c *call) *answer {
			if bytes.ContainsRune(c.body, '\'') {
				return refusal(http.StatusInternalServerError, "INTERNAL_ERROR", "Internal error.")
			}
			return nil
		})),
		mutant(s.word+"/refused-and-started", s.prefix+"security-pwd", "refuses a "+s.word+" whose security_pwd it cannot use, and starts it all the same", func(within step) step {
			return func(c *call) *answer {
				a := within(c)
				if o := jobRequest(c); s.of(c) && a.status == http.StatusBadRequest && o != nil {
					o.set("security_pwd", "made-up")
					within(c.with(encode(o)))
				}
				return a
			}
		}),
		mutant(s.word+"/start-forgotten", s.prefix+"resource", "says that it starts a "+s.word+" and does nothing", func(within step) step {
			return func(c *call) *answer {
				if o := jobRequest(c); s.of(c) && o != nil && wellFormed(o, s.restore) && within(c.as(http.MethodGet).with(nil)).ok() {
					return noContent()
				}
				return within(c)
			}
		}),
		mutant(s.word+"/start-answers-status", s.prefix+"empty-response", "answers the start of a "+s.word+" with a status", bodied(`{"status":"EXECUTING"}`)),
		mutant(s.word+"/start-answers-null", s.prefix+"empty-response", "answers the start of a "+s.word+" with null", bodied("null")),
		warned(mutant(s.word+"/start-of-all-fields-refused", s.prefix+"example", "refuses a "+s.word+" that gives every field of the example", refuseJobs(s.of, func(o *object) string {
			if len(o.keys) >= full && wellFormed(o, s.restore) {
				return "There are too many fields."
			}
			return ""
		}))),
	}
}

// mistaken takes arguments that are invalid.
func (s starter) mistaken() []Fool {
	taken := func(key string, write func(v any) (any, bool)) behaviour {
		return editJobs(s.of, func(o *object) {
			if v, ok := write(o.get(key)); ok && o.has(key) {
				o.set(key, v)
			}
		})
	}
	asText := func(v any) (any, bool) {
		n, ok := v.(json.Number)
		return n.String(), ok
	}
	dumped := func(v any) (any, bool) {
		o, ok := v.(*object)
		return fmt.Sprintf("[object %d]", len(encode(o))), ok
	}
	filled := func(key, value string) behaviour {
		return editJobs(s.of, func(o *object) {
			if h, ok := o.text("hostname"); ok && h != "" && !o.has(key) {
				o.set(key, value)
			}
		})
	}
	out := []Fool{
		mutant(s.word+"/form-taken", s.prefix+"structure", "takes a "+s.word+" whose body is no JSON, and does nothing", s.swallowed(func(c *call) bool {
			_, err := decode(c.body)
			return err != nil
		})),
		mutant(s.word+"/scalar-taken", s.prefix+"structure", "takes a "+s.word+" whose body is a string or a number, and does nothing", s.swallowed(func(c *call) bool {
			return junk(c) == "scalar"
		})),
		mutant(s.word+"/array-taken", s.prefix+"structure", "takes a "+s.word+" inside an array, and does nothing", s.swallowed(func(c *call) bool {
			v, err := decode(c.body)
			list, ok := v.([]any)
			return err == nil && ok && len(list) > 0
		})),
		mutant(s.word+"/hostname-number-taken", s.prefix+"hostname", "takes a number for the hostname of a "+s.word, taken("hostname", asText)),
		mutant(s.word+"/hostname-missing-taken", s.prefix+"hostname", "takes a "+s.word+" without hostname, and does nothing", s.swallowed(func(c *call) bool {
			o := jobRequest(c)
			return o != nil && len(o.keys) > 0 && !o.has("hostname")
		})),
		mutant(s.word+"/hostname-empty-taken", s.prefix+"hostname", "takes a "+s.word+" with an empty hostname, and does nothing", s.swallowed(func(c *call) bool {
			h, ok := jobRequest(c).text("hostname")
			return ok && h == ""
		})),
		mutant(s.word+"/username-number-taken", s.prefix+"username", "takes a number for the username of a "+s.word, taken("username", asText)),
		mutant(s.word+"/username-missing-taken", s.prefix+"username", "takes mazu for the username of a "+s.word+" on another machine", filled("username", "mazu")),
		mutant(s.word+"/password-number-taken", s.prefix+"password", "takes a number for the password of a "+s.word, taken("password", asText)),
		mutant(s.word+"/password-object-taken", s.prefix+"password", "takes an object for the password of a "+s.word, taken("password", dumped)),
		mutant(s.word+"/path-number-taken", s.prefix+"path", "takes a number for the path of a "+s.word, taken("path", asText)),
		mutant(s.word+"/path-missing-taken", s.prefix+"path", "takes its own directory for the path of a "+s.word+" on another machine", filled("path", "/mnt/data/flowgateway-backup")),
		mutant(s.word+"/security-pwd-number-taken", s.prefix+"security-pwd", "takes a number for the security_pwd of a "+s.word, taken("security_pwd", asText)),
		mutant(s.word+"/security-pwd-object-taken", s.prefix+"security-pwd", "takes an object for the security_pwd of a "+s.word, taken("security_pwd", dumped)),
	}
	if s.restore {
		out = append(out,
			mutant("restore/no-cert-number-taken", s.prefix+"no-cert", "takes a number for no_cert", taken("no_cert", func(v any) (any, bool) {
				_, ok := v.(json.Number)
				return "false", ok
			})),
			mutant("restore/no-cert-object-taken", s.prefix+"no-cert", "takes an object for no_cert", taken("no_cert", func(v any) (any, bool) {
				_, ok := v.(*object)
				return "false", ok
			})))
	}
	return out
}

// swallowed answers what the device refuses as if it had been taken.
func (s starter) swallowed(of func(*call) bool) behaviour {
	return func(within step) step {
		return func(c *call) *answer {
			a := within(c)
			if s.of(c) && a.status == http.StatusBadRequest && of(c) {
				return noContent()
			}
			return a
		}
	}
}

// defaults do otherwise than promised where fields are left out, or the host is no host.
func (s starter) defaults() []Fool {
	refused := func(key string) behaviour {
		return refuseJobs(s.of, func(o *object) string {
			if local(o) && !o.has(key) {
				return key + " is missing."
			}
			return ""
		})
	}
	out := []Fool{
		mutant(s.word+"/localhost-refused", s.prefix+"hostname/localhost", "refuses localhost as the hostname of a "+s.word, refuseJobs(s.of, func(o *object) string {
			if local(o) {
				return "hostname must be another machine."
			}
			return ""
		})),
		mutant(s.word+"/localhost-not-resolved", s.prefix+"hostname/localhost", "finds no host localhost, so that a "+s.word+" there fails", s.status(func(o *object) {
			if h, _ := o.text("host"); h == "localhost" && ended(o) {
				o.set("status", "ERROR")
				o.set("message", "Could not resolve localhost.")
			}
		})),
		mutant(s.word+"/unreachable-completed", s.prefix+"hostname/unreachable", "says COMPLETED of a "+s.word+" on a host that it did not reach", s.status(func(o *object) {
			if h, _ := o.text("host"); h != "localhost" && ended(o) {
				o.set("status", "COMPLETED")
				o.set("message", "")
			}
		})),
		mutant(s.word+"/username-default-admin", s.prefix+"username/default", "takes admin for the user of a "+s.word+" on its own disk", s.status(func(o *object) {
			if u, _ := o.text("username"); u == "mazu" {
				o.set("username", "admin")
			}
		})),
		mutant(s.word+"/username-default-missing", s.prefix+"username/default", "needs a username for a "+s.word+" on its own disk", refused("username")),
		mutant(s.word+"/password-needed-locally", s.prefix+"password/localhost", "needs a password for a "+s.word+" on its own disk", refused("password")),
		mutant(s.word+"/path-needed-locally", s.prefix+"path/default", "needs a path for a "+s.word+" on its own disk", refused("path")),
		mutant(s.word+"/path-default-elsewhere", s.prefix+"path/default", "has another directory for a "+s.word+" on its own disk", s.status(func(o *object) {
			if p, _ := o.text("path"); strings.HasPrefix(p, "/mnt/data/flowgateway-backup") {
				o.set("path", "/var/flowgateway/backup"+strings.TrimPrefix(p, "/mnt/data/flowgateway-backup"))
			}
		})),
	}
	if s.restore {
		out = append(out, mutant("restore/oldest-taken", s.prefix+"path/latest", "takes the oldest backup below path", s.status(func(o *object) {
			if p, _ := o.text("path"); ended(o) && p != "" {
				o.set("path", path.Dir(p)+"/20200101_0000")
			}
		})))
	}
	return out
}

// leaks give back what was to stay secret.
func (s starter) leaks() []Fool {
	remember := func(edit func(o *object, secret string)) behaviour {
		return func(within step) step {
			secret := ""
			status := s.status(func(o *object) {
				if secret != "" {
					edit(o, secret)
				}
			})(within)
			return func(c *call) *answer {
				if o := jobRequest(c); s.of(c) && o != nil {
					secret, _ = o.text("security_pwd")
				}
				return status(c)
			}
		}
	}
	return []Fool{
		mutant(s.word+"/message-tells-secret", s.prefix+"secrets", "tells the security_pwd of a "+s.word+" in its message", remember(func(o *object, secret string) {
			o.set("message", "tar | openssl enc -aes-256-cbc -k "+secret)
		})),
		mutant(s.word+"/status-keeps-secret", s.prefix+"secrets", "tells the whole request of a "+s.word+" in its status", remember(func(o *object, secret string) {
			o.set("security_pwd", secret)
		})),
		mutant(s.word+"/error-tells-request", s.prefix+"secrets", "repeats the body of a "+s.word+" that it refuses in error_text", editAnswers(s.of, func(c *call, a *answer) {
			if a.status == http.StatusBadRequest {
				a.editObject(func(e *object) { e.set("error_text", "Invalid argument in "+string(c.body)) })
			}
		})),
		mutant(s.word+"/header-tells-request", s.prefix+"secrets", "repeats the body of a "+s.word+" in a header of its answer", editAnswers(s.of, func(c *call, a *answer) {
			if o := jobRequest(c); o != nil {
				a.header.Set("X-Debug-Request", string(encode(o)))
			}
		})),
	}
}

// secretFools do not protect a backup with its security_pwd.
func secretFools() []Fool {
	constant := func(secret string) func(*object) {
		return func(o *object) {
			if s, _ := o.text("security_pwd"); s != "" {
				o.set("security_pwd", secret)
			}
		}
	}
	cut := func(o *object) {
		if s, _ := o.text("security_pwd"); len(s) > 8 {
			o.set("security_pwd", s[:8])
		}
	}
	start := func(c *call) bool { return startBackup(c) || startRestore(c) }
	learned := func(within step) step {
		last := ""
		return func(c *call) *answer {
			o := jobRequest(c)
			s, _ := o.text("security_pwd")
			if startRestore(c) && s != "" && last != "" {
				o.set("security_pwd", last)
				return within(c.with(encode(o)))
			}
			a := within(c)
			if startBackup(c) && local(o) && a.ok() {
				last = s
			}
			return a
		}
	}
	return []Fool{
		mutant("backup/security-pwd-constant", "backup/start/security-pwd/protects", "protects every backup with a password of its own making", editJobs(start, constant("0123456789abcdef"))),
		mutant("restore/security-pwd-not-checked", "restore/start/security-pwd/checked", "restores with any security_pwd", learned),
		mutant("restore/security-pwd-cut", "restore/start/security-pwd/checked", "looks only at the first eight characters of security_pwd", editJobs(start, cut)),
	}
}
