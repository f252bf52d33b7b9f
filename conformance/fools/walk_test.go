package fools_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"
)

const (
	statsPath   = "/api/mgmt.flowgateway_analytics/1.0/import_stats"
	backupPath  = "/api/mgmt.gateway_backup/1.0/backup"
	restorePath = "/api/mgmt.gateway_backup/1.0/restore"
)

// step is one request of the walk.
type step struct {
	scope             string // A, B, C, or statistics where it is no template's, windowless where it could be any's; backup, restore, other
	method, path      string
	body, auth, ctype string // auth "" is the account's, "-" none
	cookie            string
}

func basic(u, p string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(u+":"+p)) }

func (s step) String() string {
	return strings.Join([]string{s.scope, s.method, s.path, s.body, s.auth, s.cookie}, " ")
}

func (s step) request() *http.Request {
	r := httptest.NewRequest(s.method, "http://appliance.example"+s.path, strings.NewReader(s.body))
	if s.auth != "-" {
		r.Header.Set("Authorization", cmpOr(s.auth, basic(user, password)))
	}
	if s.cookie != "" {
		r.Header.Set("Cookie", s.cookie)
	}
	if s.body != "" {
		r.Header.Set("Content-Type", cmpOr(s.ctype, "application/json"))
	}
	r.Header.Set("Accept-Encoding", "gzip")
	return r
}

func last(stats, unit string, n any, source string) string {
	return fmt.Sprintf(`{"stats_type": %q, "interval_type": %q, "time_interval": %v, "source_ip": %q}`, stats, unit, n, source)
}

func epoch(stats string, start, end time.Time, source string) string {
	return fmt.Sprintf(`{"stats_type": %q, "start_time": %d, "end_time": %d, "source_ip": %q}`, stats, start.Unix(), end.Unix(), source)
}

func local(stats string, start, end time.Time, source string) string {
	const form = "02/01/2006 15:04:05"
	return fmt.Sprintf(`{"stats_type": %q, "start_time": %q, "end_time": %q, "source_ip": %q}`, stats, start.Format(form), end.Format(form), source)
}

// walk is the script: every operation with every kind of argument, right and wrong.
func walk() []step {
	return slices.Concat(positives(), calendarDays(), spans(), negatives(), strangers(), logins(), jobs())
}

// calendarDays ask for days that only the calendar tells from others.
func calendarDays() []step {
	day := func(year int, month time.Month, day int) time.Time {
		return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	}
	hours := func(start, end time.Time) step { return ask("B", local("flows_per_hour", start, end, sources[0])) }
	midnight, newYear, month := noon.Truncate(24*time.Hour), day(2026, time.January, 1), day(2026, time.November, 1)
	return []step{
		hours(midnight, midnight.Add(time.Hour)), hours(midnight.Add(-time.Hour), midnight.Add(-time.Second)), hours(newYear.Add(-time.Hour), newYear.Add(time.Hour)),
		hours(month.Add(-14*time.Hour), month.Add(-10*time.Hour)),
		ask("C", epoch("flows_per_hour", noon.Add(-48*time.Hour), noon, sources[0])),
	}
}

// spans ask for windows of unusual lengths, and for arguments that are hard to read.
func spans() []step {
	hour := noon.Truncate(time.Hour)
	both := strings.Replace(last("flows_per_hour", "hours", 3, ""), "{", `{"start_time": 1702580400, "end_time": 1702584000, `, 1)
	good := local("flows_per_minute", hour.Add(-20*time.Minute), hour, sources[0])
	denied := ask("B", good)
	denied.auth = "-"
	return []step{
		ask("C", epoch("flows_per_fortnight", hour.Add(-time.Minute), hour, "")), ask("C", epoch("flows_per_minute", hour.Add(-20*time.Minute), hour, sources[0])), denied, ask("B", good),
		ask("A", last("flows_per_second", "hours", 1, sources[0])), ask("A", last("flows_per_hour", "minutes", 180, "")), ask("A", last("flows_per_minute", "hours", 4, sources[0])),
		ask("B", local("flows_per_hour", hour.Add(-50*time.Minute), hour.Add(-20*time.Minute), "")), ask("C", epoch("flows_per_hour", hour.Add(-50*time.Minute), hour.Add(-20*time.Minute), "")),
		ask("C", epoch("flows_per_minute", hour.Add(-601*time.Second), hour.Add(-302*time.Second), "")), ask("A", last("flows_per_hour", "hours", "99999999999999999999", "")),
		ask("C", both), ask("C", `{"stats_type": "flows_per_hour", "start_time": null, "end_time": 1702584000, "source_ip": ""}`),
	}
}

func ask(scope, body string) step {
	return step{scope: scope, method: "GET", path: statsPath, body: body}
}

func positives() []step {
	hour := noon.Truncate(time.Hour)
	out := []step{{scope: "other", method: "GET", path: "/api/common/1.0/services", auth: "-"}, {scope: "other", method: "GET", path: "/nowhere"}}
	for _, g := range []struct {
		stats, unit string
		span        time.Duration
	}{{"flows_per_second", "seconds", time.Minute}, {"flows_per_minute", "minutes", 20 * time.Minute}, {"flows_per_hour", "hours", 3 * time.Hour}} {
		n := int(g.span / map[string]time.Duration{"seconds": time.Second, "minutes": time.Minute, "hours": time.Hour}[g.unit])
		asked := []string{"", sources[0], sources[3]}
		if g.unit == "minutes" {
			asked = append(asked, strings.ToUpper(sources[3]), "2001:0db8:0000:0000:0000:0000:0000:00a1")
		}
		for _, s := range asked {
			out = append(out, ask("A", last(g.stats, g.unit, n, s)), ask("B", local(g.stats, hour.Add(-g.span), hour, s)), ask("C", epoch(g.stats, hour.Add(-g.span), hour, s)))
		}
	}
	past, leap := time.Date(2023, 8, 23, 11, 36, 41, 0, time.UTC), time.Date(2024, 2, 29, 10, 0, 0, 0, time.UTC)
	return append(out,
		ask("A", last("flows_per_hour", "days", 1, sources[0])), ask("A", last("flows_per_hour", "weeks", 1, sources[0])), ask("A", last("flows_per_hour", "months", 1, sources[3])),
		ask("A", last("flows_per_minute", "minutes", 60, "")), ask("A", last("flows_per_hour", "hours", 1, sources[1])),
		ask("B", local("flows_per_minute", past, past.Add(10*time.Minute), "")),
		ask("C", epoch("flows_per_minute", past, past.Add(10*time.Minute), "")),
		ask("B", local("flows_per_minute", time.Date(2026, 11, 5, 8, 0, 0, 0, time.UTC), time.Date(2026, 11, 5, 8, 4, 0, 0, time.UTC), "")),
		ask("B", local("flows_per_hour", leap, leap.Add(time.Hour), "")), ask("B", local("flows_per_second", hour.Add(-103*time.Second), hour.Add(-17*time.Second), "")),
		ask("C", epoch("flows_per_minute", hour.Add(-time.Hour), hour, sources[0])),
		ask("A", "["+last("flows_per_minute", "minutes", 20, "")+"]"), ask("B", "["+local("flows_per_minute", hour.Add(-time.Minute), hour, "")+"]"),
		ask("C", "["+epoch("flows_per_minute", hour.Add(-time.Minute), hour, "")+"]"), ask("C", epoch("flows_per_minute", hour.Add(-time.Minute), hour, "192.0.2.254")),
		ask("A", last("flows_per_minute", "minutes", 20, "")), ask("B", local("flows_per_minute", hour.Add(-20*time.Minute), hour, "")), ask("C", epoch("flows_per_minute", hour.Add(-20*time.Minute), hour, "")),
	)
}

func negatives() []step {
	hour := noon.Truncate(time.Hour)
	a, b, c := last("flows_per_hour", "hours", 3, ""), local("flows_per_hour", hour.Add(-3*time.Hour), hour, ""), epoch("flows_per_hour", hour.Add(-3*time.Hour), hour, "")
	out := []step{ask("statistics", "stats_type=flows_per_minute"), ask("statistics", `"text"`), ask("statistics", "{}"), ask("statistics", "[]"), ask("statistics", "")}
	swap := func(scope, body, from, to string) {
		if !strings.Contains(body, from) {
			panic("the walk has no " + from + " in " + body)
		}
		out = append(out, ask(scope, strings.Replace(body, from, to, 1)))
	}
	for scope, body := range map[string]string{"A": a, "B": b, "C": c} {
		swap(scope, body, body[len(body)/2:], "")
		swap(scope, body, "flows_per_hour", "flows_per_day")
		swap(scope, body, `"flows_per_hour"`, "60")
		swap(scope, body, `"stats_type": "flows_per_hour", `, "")
		swap(scope, body, `"source_ip": ""`, `"source_ip": "not-an-address"`)
		swap(scope, body, `{`, `{"extra": 1, `)
		swap(scope, body, `, "source_ip": ""`, ``)
		out = append(out, ask(scope, "["+body+", "+body+"]"), step{scope: scope, method: "GET", path: statsPath, body: body, ctype: "text/plain"})
	}
	slices.SortFunc(out, func(x, y step) int { return strings.Compare(x.String(), y.String()) })
	swap("A", a, `"hours"`, `"fortnights"`)
	swap("A", a, `"interval_type": "hours", `, "")
	swap("A", a, `"flows_per_hour", "interval_type": "hours"`, `"FLOWS_PER_HOUR", "interval_type": "hour"`)
	swap("A", a, `: 3`, `: "3"`)
	swap("A", a, `: 3`, `: 3.5`)
	swap("A", a, `: 3`, `: 0`)
	swap("A", a, `: 3`, `: true`)
	swap("A", a, `: 3, "source_ip": ""`, `: 3`)
	from, to := hour.Add(-3*time.Hour), hour
	for _, form := range []string{"2006-01-02T15:04:05Z", "2006/01/02 15:04:05", "#/01/2006 15:04:05", "2/1/2006 15:04:05"} {
		swap("B", b, from.Format("02/01/2006 15:04:05"), strings.Replace(from.Format(form), "#", "32", 1))
		swap("B", b, to.Format("02/01/2006 15:04:05"), strings.Replace(to.Format(form), "#", "32", 1))
	}
	swap("B", b, to.Format("02/01/2006 15:04:05"), "yesterday")
	swap("B", local("flows_per_hour", from.AddDate(0, 0, -20), from.AddDate(0, 0, -20).Add(time.Hour), ""), "02/", "2/")
	out = append(out, ask("windowless", `{"stats_type": "flows_per_hour", "source_ip": ""}`),
		ask("B", `{"stats_type": "flows_per_hour", "start_time": "30/02/2026 10:00:00", "end_time": "30/02/2026 11:00:00", "source_ip": ""}`))
	start, end := fmt.Sprint(from.Unix()), fmt.Sprint(to.Unix())
	swap("B", b, `"`+to.Format("02/01/2006 15:04:05")+`"`, end)
	swap("C", c, start, `"`+start+`"`)
	swap("C", c, end, `"`+end+`"`)
	swap("C", c, end, end+".5")
	swap("C", c, start, start+".0")
	swap("C", c, end, "null")
	swap("C", c, `"start_time": `+start+`, `, "")
	swap("C", c, start, fmt.Sprint(to.Unix()+9999))
	swap("C", c, end, `"`+to.Format("02/01/2006 15:04:05")+`"`)
	return out
}

// strangers come without good credentials, or with other methods.
func strangers() []step {
	hour := noon.Truncate(time.Hour)
	c := epoch("flows_per_hour", hour.Add(-3*time.Hour), hour, "")
	var out []step
	dead := `{"hostname": "192.0.2.1", "username": "u", "password": "p", "path": "/p", "security_pwd": "s"}`
	for _, auth := range []string{"-", basic(user, "wrong"), basic(user, ""), basic(user, password+"x"), basic(user, strings.ToUpper(password)), basic(strings.ToUpper(user), password), basic("nobody", password), basic("nobody", "x"), basic("", ""), "Basic", "Basic %%%", basic("\xff", "\xfe"), "Flowgate x"} {
		for _, s := range []step{
			ask("A", last("flows_per_hour", "hours", 3, "")), ask("B", local("flows_per_hour", hour.Add(-3*time.Hour), hour, "")), ask("C", c),
			{scope: "backup", method: "GET", path: backupPath},
			{scope: "restore", method: "GET", path: restorePath},
			{scope: "backup", method: "POST", path: backupPath, body: dead},
			{scope: "restore", method: "POST", path: restorePath, body: dead},
			{scope: "statistics", method: "PUT", path: statsPath, body: c},
		} {
			few := s.scope == "C" || s.scope == "backup" && s.method == "GET"
			if many := auth == "-" || auth == basic("nobody", "x") || auth == basic(user, "wrong"); !few && !many {
				continue
			}
			s.auth = auth
			out = append(out, s)
			if s.method == "POST" { // if it was taken, let it end
				get := step{scope: s.scope, method: "GET", path: s.path}
				out = append(out, get, get, get)
			}
		}
	}
	for _, m := range []string{"POST", "PUT", "DELETE", "HEAD", "OPTIONS"} {
		out = append(out, step{scope: "statistics", method: m, path: statsPath, body: c})
	}
	return append(out, step{scope: "backup", method: "PUT", path: backupPath, body: dead}, step{scope: "restore", method: "DELETE", path: restorePath})
}

// jobs run backups and restores that succeed and fail, and post what is no job.
func jobs() []step {
	var out []step
	run := func(scope, path, body string) {
		get := step{scope: scope, method: "GET", path: path}
		out = append(out, get, step{scope: scope, method: "POST", path: path, body: body}, get, get, get, get, get)
	}
	remote := `{"hostname": "192.0.2.1", "username": "root", "password": "ssh-word", "path": "/srv/backups", "security_pwd": "vault-of-remote"%s}`
	full := `{"hostname": "localhost", "username": "mazu", "password": "ssh-word", "path": "/mnt/data/flowgateway-backup", "security_pwd": "vault-of-full"%s}`
	local := `{"hostname": "localhost", "security_pwd": %q}`
	run("backup", backupPath, fmt.Sprintf(local, "vault-of-first"))
	run("backup", backupPath, fmt.Sprintf(remote, ""))
	run("backup", backupPath, fmt.Sprintf(local, "vault-of-second"))
	run("backup", backupPath, fmt.Sprintf(full, ""))
	run("restore", restorePath, fmt.Sprintf(remote, `, "no_cert": "false"`))
	run("restore", restorePath, fmt.Sprintf(full, `, "no_cert": "false"`))
	run("restore", restorePath, `{"hostname": "localhost", "security_pwd": "vault-of-nobody", "no_cert": "false"}`)
	run("restore", restorePath, `{"hostname": "localhost", "security_pwd": "wrong", "no_cert": "false"}`)
	run("restore", restorePath, `{"hostname": "localhost", "security_pwd": "vault-of-full"}`)
	for _, k := range []struct{ scope, path, more string }{{"backup", backupPath, ""}, {"restore", restorePath, `, "no_cert": "false"`}} {
		twin := fmt.Sprintf(remote, k.more)
		for _, bad := range []string{
			"hostname=192.0.2.1", `"192.0.2.1"`, "[]", "{}", "[" + twin + "]",
			strings.Replace(twin, `"192.0.2.1"`, "5", 1), strings.Replace(twin, `"192.0.2.1"`, `""`, 1), strings.Replace(twin, `"hostname": "192.0.2.1", `, "", 1),
			strings.Replace(twin, `"root"`, "5", 1), strings.Replace(twin, `"username": "root", `, "", 1), strings.Replace(twin, `"ssh-word"`, "5", 1),
			strings.Replace(twin, `"ssh-word"`, "{}", 1), strings.Replace(twin, `"/srv/backups"`, "5", 1), strings.Replace(twin, `"path": "/srv/backups", `, "", 1),
			strings.Replace(twin, `"vault-of-remote"`, "5", 1), strings.Replace(twin, `"vault-of-remote"`, `"it's"`, 1), strings.Replace(twin, `"vault-of-remote"`, "{}", 1),
			strings.Replace(twin, `"no_cert": "false"`, `"no_cert": 0`, 1), strings.Replace(twin, `"no_cert": "false"`, `"no_cert": {}`, 1),
			strings.Replace(twin, `"no_cert": "false"`, `"no_cert": false`, 1),
			strings.Replace(twin, `{`, `{"extra": "x", `, 1),
		} {
			get := step{scope: k.scope, method: "GET", path: k.path}
			out = append(out, step{scope: k.scope, method: "POST", path: k.path, body: bad}, get, get, get)
		}
	}
	// A second job while the first runs.
	post := step{scope: "backup", method: "POST", path: backupPath, body: fmt.Sprintf(local, "vault-of-third")}
	get := step{scope: "backup", method: "GET", path: backupPath}
	return append(out, post, post, get, get, get, get)
}

// exchange is what a step got.
type exchange struct {
	step
	answer *httptest.ResponseRecorder
	said   string // everything that a client can see of the answer
}

func said(a *httptest.ResponseRecorder) string {
	var h []string
	for k, v := range a.Header() {
		h = append(h, k+": "+strings.Join(v, ", "))
	}
	slices.Sort(h)
	return fmt.Sprintf("%d %v\n%s\n\n", a.Code, a.Flushed, strings.Join(h, "\n")) + a.Body.String()
}

// take walks the script with a fresh appliance inside a fool. The clock is moved on by a minute with each job, so that
// no two have the same time.
func take(wrap func(http.Handler) http.Handler, script []step) []exchange {
	d := newAppliance()
	device := wrap(d)
	var out []exchange
	for _, s := range script {
		if s.method == "POST" {
			d.now = d.now.Add(time.Minute)
		}
		w := httptest.NewRecorder()
		serve(device, w, s.request())
		out = append(out, exchange{s, w, said(w)})
	}
	return out
}

// serve answers as a server does: a handler that hangs up leaves no answer.
func serve(device http.Handler, w *httptest.ResponseRecorder, r *http.Request) {
	defer func() {
		if p := recover(); p == http.ErrAbortHandler { //nolint:errorlint // net/http compares it like this too
			w.Code = 0
		} else if p != nil {
			panic(p)
		}
	}()
	device.ServeHTTP(w, r)
}
