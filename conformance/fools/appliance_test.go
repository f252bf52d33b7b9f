package fools_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// The account, the clock and the sources of the appliance under the fools.
const (
	user, password = "admin", "correct horse battery"
	depot          = "/mnt/data/flowgateway-backup"
	retention      = 200 * 3600 // seconds: longer than a week
)

var (
	noon    = time.Date(2026, 11, 22, 12, 0, 30, 0, time.UTC)
	sources = []string{"10.0.0.11", "10.0.0.12", "10.0.7.13", "2001:db8::a1"}
)

// appliance is a small device that keeps both documents. Its clock stands where it is set, and a job takes two
// looks at its status.
type appliance struct {
	now     time.Time
	backup  job
	restore job
	last    *job
	secrets map[string]string // of the backups on its disk, by directory
	door    door
}

// job is a backup or a restore; the zero value is the one before any.
type job struct {
	host, user, path, subdir, final, message string
	started                                  int64
	looks                                    int
}

func newAppliance() *appliance {
	return &appliance{now: noon, secrets: map[string]string{}, door: door{sessions: map[string]bool{}, tokens: map[string]time.Time{}}}
}

func (d *appliance) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", d.now.Format(http.TimeFormat))
	if d.common(w, r) {
		return
	}
	if id := d.admitted(r); id != "" {
		if r.Header.Get("Authorization") == "" {
			w.Header().Set("WWW-Authenticate", "Basic")
		}
		refuse(w, 401, id)
		return
	}
	if lamps(w, r) {
		return
	}
	key := r.Method + " " + r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	switch key {
	case "GET import_stats":
		d.statistics(w, r)
	case "GET backup":
		reply(w, http.StatusOK, []any{map[string]any{"last_successful": d.record(d.last, false), "running": d.record(&d.backup, true)}})
	case "GET restore":
		reply(w, http.StatusOK, d.record(&d.restore, true))
	case "POST backup", "POST restore":
		d.start(w, r, key == "POST restore")
	default:
		if r.URL.Path == statsPath || r.URL.Path == backupPath || r.URL.Path == restorePath {
			refuse(w, 405, "HTTP_INVALID_METHOD")
			return
		}
		refuse(w, 404, "RESOURCE_NOT_FOUND")
	}
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func refuse(w http.ResponseWriter, status int, id string) {
	reply(w, status, map[string]string{"error_id": id, "error_text": "What was wrong: " + id + "."})
}

// fields reads a strict JSON object.
func fields(r *http.Request, array bool) (map[string]any, bool) {
	var body bytes.Buffer
	if _, err := body.ReadFrom(r.Body); err != nil {
		return nil, false
	}
	d := json.NewDecoder(&body)
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil || d.More() {
		return nil, false
	}
	if list, ok := v.([]any); ok && array && len(list) == 1 {
		v = list[0]
	}
	o, ok := v.(map[string]any)
	return o, ok
}

func (d *appliance) statistics(w http.ResponseWriter, r *http.Request) {
	o, ok := fields(r, true)
	if !ok || !only(o, "stats_type", "interval_type", "time_interval", "start_time", "end_time", "source_ip") {
		refuse(w, 400, "BAD_REQUEST")
		return
	}
	step := steps[o["stats_type"]]
	source, isText := o["source_ip"].(string)
	asked, err := netip.ParseAddr(source)
	start, end, fits := d.window(o)
	if step == 0 || !isText || source != "" && err != nil || !fits {
		refuse(w, 400, "BAD_REQUEST")
		return
	}
	start = max(start, d.now.Unix()-retention)
	w.Header().Set("Content-Type", "application/json")
	key := fmt.Sprint(step, start, min(end, d.now.Unix()/step*step), asked)
	text, known := answered.Load(key)
	if !known {
		text = encoded(rowsOf(source, asked, start, min(end, d.now.Unix()/step*step), step))
		answered.Store(key, text)
	}
	_, _ = w.Write(text.([]byte))
}

// answered keeps the answers that were worked out, for all appliances: the same question has the same answer, and the
// walk is taken some hundred times.
var answered sync.Map

var steps = map[any]int64{"flows_per_second": 1, "flows_per_minute": 60, "flows_per_hour": 3600}

func encoded(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return append(text, '\n')
}

func rowsOf(source string, asked netip.Addr, start, end, step int64) []any {
	rows := []any{}
	for t := start / step * step; t < end; t += step {
		for _, s := range sources {
			if source != "" && netip.MustParseAddr(s) != asked {
				continue
			}
			if row := row(s, t, step); row != nil {
				rows = append(rows, row)
			}
		}
	}
	return rows
}

func only(o map[string]any, keys ...string) bool {
	for k := range o {
		if !slices.Contains(keys, k) {
			return false
		}
	}
	return true
}

// window is that of template A, B or C.
func (d *appliance) window(o map[string]any) (start, end int64, ok bool) {
	now := d.now.Unix()
	switch len(o) {
	default:
		return 0, 0, false
	case 4:
	}
	if unit, isA := o["interval_type"].(string); isA {
		n, isNumber := o["time_interval"].(json.Number)
		count, err := n.Int64()
		length := map[string]int64{"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400, "weeks": 7 * 86400, "months": 30 * 86400}[unit]
		step := steps[o["stats_type"]]
		if !isNumber || err != nil || length == 0 || step == 0 || count < 1 {
			return 0, 0, false
		}
		end := now / step * step
		return end - count*length, end, true
	}
	var edges [2]int64
	texts := 0
	for i, key := range []string{"start_time", "end_time"} {
		switch v := o[key].(type) {
		case json.Number:
			n, err := v.Int64()
			if err != nil {
				return 0, 0, false
			}
			edges[i] = n
		case string:
			t, err := time.Parse("02/01/2006 15:04:05", v)
			if err != nil {
				return 0, 0, false
			}
			texts++
			edges[i] = t.Unix()
		default:
			return 0, 0, false
		}
	}
	return edges[0], edges[1], texts != 1 && edges[0] <= edges[1]
}

// row adds up the datagrams of an interval, nil where there are none: three a minute from each source, each in a
// second of its own, and none from the last source in every third minute.
func row(source string, start, step int64) map[string]any {
	var sum, peak [3]int64
	var badBytes, badPackets int64
	for m := start / 60 * 60; m < start+step; m += 60 {
		for k := range int64(3) {
			h := uint64(m+k)*0x9E3779B97F4A7C15 ^ uint64(len(source)+int(source[len(source)-1]))*0xBF58476D1CE4E5B9
			h ^= h >> 29
			if source == sources[3] && m/60%3 == 0 {
				continue
			}
			second := m + k*20 + int64(h%20)
			if second < start || second >= start+step {
				continue
			}
			flows := int64(h>>8%30) + 1
			for i, n := range []int64{flows, 48*flows + 52, 1} {
				sum[i] += n
				peak[i] = max(peak[i], n)
			}
			if h>>16%4 == 0 {
				badPackets++
				badBytes += 48*flows + 52
			}
		}
	}
	if sum[2] == 0 {
		return nil
	}
	return map[string]any{
		"time": time.Unix(start, 0).UTC().Format("2006-01-02 15:04:05-07:00"), "source_ip": source,
		"n_flows": sum[0], "n_bytes": sum[1], "n_packets": sum[2], "n_bad_bytes": badBytes, "n_bad_packets": badPackets,
		"peak_n_flows": fmt.Sprint(peak[0]), "peak_n_bytes": fmt.Sprint(peak[1]), "peak_n_packets": fmt.Sprint(peak[2]),
	}
}

// record tells of a job and counts the look.
func (d *appliance) record(j *job, latest bool) map[string]any {
	if j == nil {
		j = &job{}
	}
	out := map[string]any{"host": j.host, "username": j.user, "path": j.path, "timeStamp": j.started, "message": ""}
	if !latest {
		out["subdir"] = j.subdir
		return out
	}
	out["status"] = "EXECUTING"
	switch j.looks++; {
	case j.final == "":
		out["status"] = "NONE"
	case j.looks > 2:
		out["status"], out["message"] = j.final, j.message
		if j == &d.backup && j.final == "COMPLETED" && (d.last == nil || d.last.started != j.started) {
			done := *j
			d.last = &done
		}
	}
	return out
}

func (d *appliance) start(w http.ResponseWriter, r *http.Request, restore bool) {
	o, ok := fields(r, false)
	keys := []string{"hostname", "username", "password", "path", "security_pwd"}
	if restore {
		keys = append(keys, "no_cert")
	}
	text := map[string]string{}
	for k, v := range o {
		s, isText := v.(string)
		ok = ok && isText
		text[k] = s
	}
	local := text["hostname"] == "localhost"
	running := &d.backup
	if restore {
		running = &d.restore
	}
	busy := running.final != "" && running.looks < 3
	if !ok || busy || !only(o, keys...) || text["hostname"] == "" || text["security_pwd"] == "" || !local && (text["username"] == "" || text["path"] == "") {
		refuse(w, 400, "BAD_REQUEST")
		return
	}
	j := job{host: text["hostname"], user: text["username"], path: text["path"], started: d.now.Unix(), final: "ERROR", message: "The host cannot be reached."}
	if local {
		j.user, j.path = cmpOr(j.user, "mazu"), cmpOr(j.path, depot)
		j.subdir = j.path + "/" + d.now.Format("20060102_1504")
		j.final, j.message = "COMPLETED", ""
	}
	if !restore {
		d.backup = j
		if local {
			d.secrets[j.subdir] = text["security_pwd"]
		}
		w.WriteHeader(http.StatusOK)
		return
	}
	if local {
		newest := ""
		for dir := range d.secrets {
			newest = max(newest, dir)
		}
		j.path = newest
		if d.secrets[newest] != text["security_pwd"] {
			j.final, j.message = "ERROR", "The backup cannot be read."
		}
	}
	d.restore = j
	w.WriteHeader(http.StatusOK)
}

func cmpOr(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
