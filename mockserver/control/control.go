// Package control is the second listener of an appliance: what tests and people use to look into it and to steer it.
// It is never on the API's port. Its own OpenAPI document is served at /openapi.yaml.
package control

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flowgate-dev/flowgate/flowgen"
	"github.com/flowgate-dev/flowgate/mockserver/clock"
	"github.com/flowgate-dev/flowgate/mockserver/device"
	"github.com/flowgate-dev/flowgate/mockserver/fault"
	"github.com/flowgate-dev/flowgate/mockserver/ingest"
	"github.com/flowgate-dev/flowgate/mockserver/journal"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

// Appliance is what the control plane steers. All of it is safe for concurrent use.
type Appliance interface {
	Clock() *clock.Clock
	Device() *device.Device
	Journal() *journal.Journal
	State() device.State
	Seed() uint64
	SourceCount() int
	Collectors() []ingest.Counters
	Dialect() dialect.Dialect
	SetDialect(answers dialect.Dialect) error
	Faults() []fault.Fault
	SetFaults(faults []fault.Fault) error
	Order(source netip.Addr, e flowgen.Event) error
	Access() Access
	IssueCode(user string) (string, error)
	RevokeCode(code string) bool
	EndAccess(user string) int
	Reset(ctx context.Context) (Dropped, error)
}

// Dropped tells what a reset forgot.
type Dropped struct {
	Jobs      int `json:"jobs"`
	Backups   int `json:"backups"`
	Exchanges int `json:"exchanges"`
	Events    int `json:"events"`
	Sources   int `json:"sources"` // of which collected statistics were kept
}

//go:embed openapi.yaml
var document []byte

//go:embed dashboard.html
var dashboard []byte

// maxBody bounds what the control plane reads.
const maxBody = 64 << 10

// plane answers for one appliance.
type plane struct{ Appliance }

// route is one operation of the control plane.
type route struct {
	method, path string
	handle       func(*plane, http.ResponseWriter, *http.Request)
}

// routes is the table of operations; a test compares it with the document.
func routes() []route {
	return []route{
		{"GET", "/", (*plane).dashboard},
		{"GET", "/api/v1/state", (*plane).state},
		{"POST", "/api/v1/reset", (*plane).reset},
		{"GET", "/api/v1/journal", (*plane).journal},
		{"DELETE", "/api/v1/journal", (*plane).clearJournal},
		{"GET", "/api/v1/dialect", (*plane).answers},
		{"PUT", "/api/v1/dialect", (*plane).setAnswers},
		{"GET", "/api/v1/faults", (*plane).faults},
		{"PUT", "/api/v1/faults", (*plane).setFaults},
		{"POST", "/api/v1/events", (*plane).order},
		{"GET", "/api/v1/access", (*plane).access},
		{"POST", "/api/v1/access/codes", (*plane).issueCode},
		{"POST", "/api/v1/access/end", (*plane).endAccess},
		{"GET", "/api/v1/clock", (*plane).clock},
		{"PUT", "/api/v1/clock", (*plane).setClock},
		{"POST", "/api/v1/clock/advance", (*plane).advance},
		{"GET", "/api/v1/stream", (*plane).stream},
		{"GET", "/metrics", (*plane).metrics},
		{"GET", "/healthz", (*plane).fine},
		{"GET", "/readyz", (*plane).fine},
		{"GET", "/openapi.yaml", (*plane).document},
	}
}

// Handler is the control plane of an appliance. Requests that a browser sends on behalf of another site are refused.
func Handler(a Appliance) http.Handler {
	p := &plane{a}
	mux := http.NewServeMux()
	for _, r := range routes() {
		path := r.path
		if path == "/" {
			path = "/{$}"
		}
		mux.HandleFunc(r.method+" "+path, func(w http.ResponseWriter, q *http.Request) {
			w.Header().Set("Cache-Control", "no-store")
			w.Header().Set("X-Content-Type-Options", "nosniff")
			q.Body = http.MaxBytesReader(w, q.Body, maxBody)
			r.handle(p, w, q)
		})
	}
	return http.NewCrossOriginProtection().Handler(mux)
}

func send(w http.ResponseWriter, v any) { sendStatus(w, http.StatusOK, v) }

func sendStatus(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	_ = enc.Encode(v) // a client that has gone away is nobody to tell
}

// refuse answers with an error and a hint.
func refuse(w http.ResponseWriter, status int, err error, hint string) {
	sendStatus(w, status, map[string]string{"error": err.Error(), "hint": hint})
}

// read decodes a JSON body without unknown keys; it answers itself where that fails.
func read(w http.ResponseWriter, r *http.Request, into any, hint string) bool {
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	err := dec.Decode(into)
	if err == nil {
		if _, more := dec.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("something follows the JSON value")
		}
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, fmt.Errorf("the body cannot be used: %w", err), hint)
		return false
	}
	return true
}

func (p *plane) dashboard(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'")
	_, _ = w.Write(dashboard)
}

func (p *plane) document(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/yaml")
	_, _ = w.Write(document)
}

func (p *plane) fine(w http.ResponseWriter, _ *http.Request) {
	send(w, map[string]string{"status": "ok"})
}

// job is a job for people; times are the appliance's.
type job struct {
	Kind    string `json:"kind"`
	Status  string `json:"status"`
	Host    string `json:"host"`
	Path    string `json:"path"`
	Subdir  string `json:"subdir"`
	Message string `json:"message"`
	Started string `json:"started"`
}

func jobOf(j device.Job) job {
	out := job{Kind: j.Kind.String(), Status: j.Status.String(), Host: j.Host, Path: j.Path, Subdir: j.Subdir, Message: j.Message}
	if j.Status != device.None {
		out.Started = j.Started.Format(time.RFC3339)
	}
	return out
}

func (p *plane) state(w http.ResponseWriter, _ *http.Request) {
	last, latest := p.Device().Backups()
	var total, failed uint64
	for _, c := range p.Journal().Counts() {
		total += c.N
		if c.Status >= 400 {
			failed += c.N
		}
	}
	send(w, map[string]any{
		"device": p.State(), "clock": p.time(), "seed": p.Seed(), "sources": p.SourceCount(), "dialect": p.Dialect(),
		"jobs":      map[string]job{"last_successful": jobOf(last), "backup": jobOf(latest), "restore": jobOf(p.Device().Restored())},
		"exchanges": map[string]uint64{"total": total, "failed": failed}, "collectors": p.collectors(),
	})
}

func (p *plane) reset(w http.ResponseWriter, r *http.Request) {
	dropped, err := p.Reset(r.Context())
	if err != nil {
		refuse(w, http.StatusInternalServerError, err, "not everything could be reset; see the message")
		return
	}
	send(w, map[string]any{"dropped": dropped})
}

func (p *plane) journal(w http.ResponseWriter, r *http.Request) {
	const hint = "since is the id of an exchange or a time (RFC 3339), operation an operationId, status a number"
	var f journal.Filter
	query := r.URL.Query()
	for _, name := range slices.Sorted(maps.Keys(query)) {
		value := query.Get(name)
		var err error
		switch name {
		case "since":
			if f.Since, err = strconv.ParseUint(value, 10, 63); err != nil {
				f.After, err = time.Parse(time.RFC3339, value)
			}
		case "operation":
			f.Operation = value
		case "status":
			f.Status, err = strconv.Atoi(value)
		default:
			err = errors.New("not known")
		}
		if err != nil {
			refuse(w, http.StatusBadRequest, fmt.Errorf("parameter %q cannot be used", name), hint)
			return
		}
	}
	send(w, map[string]any{"exchanges": p.Journal().Entries(f)})
}

func (p *plane) clearJournal(w http.ResponseWriter, _ *http.Request) {
	send(w, map[string]any{"dropped": Dropped{Exchanges: p.Journal().Clear()}})
}

func (p *plane) answers(w http.ResponseWriter, _ *http.Request) { send(w, p.Dialect()) }

func (p *plane) setAnswers(w http.ResponseWriter, r *http.Request) {
	var answers dialect.Dialect
	if !read(w, r, &answers, `an object of questions and answers, such as {"template-b-zone": "+05:30"}`) {
		return
	}
	if err := p.SetDialect(answers); err != nil {
		refuse(w, http.StatusBadRequest, err, "nothing has been changed")
		return
	}
	send(w, p.Dialect())
}

type instant struct {
	Now  *time.Time `json:"now,omitempty"`
	Rate *float64   `json:"rate,omitempty"`
}

func (p *plane) time() instant {
	now, rate := p.Clock().Now(), p.Clock().Rate()
	return instant{&now, &rate}
}

func (p *plane) clock(w http.ResponseWriter, _ *http.Request) { send(w, p.time()) }

func (p *plane) setClock(w http.ResponseWriter, r *http.Request) {
	var to instant
	if !read(w, r, &to, `now is a time (RFC 3339) and rate a number; either may be left out: {"now": "2024-01-08T22:11:00Z", "rate": 1}`) {
		return
	}
	if to.Rate != nil {
		if err := p.Clock().SetRate(*to.Rate); err != nil {
			refuse(w, http.StatusBadRequest, err, "nothing has been changed")
			return
		}
	}
	if to.Now != nil {
		p.Clock().Set(*to.Now)
	}
	p.clock(w, r)
}

func (p *plane) advance(w http.ResponseWriter, r *http.Request) {
	const hint = `by is a duration, such as {"by": "90m"}`
	var step struct {
		By string `json:"by"`
	}
	if !read(w, r, &step, hint) {
		return
	}
	by, err := time.ParseDuration(step.By)
	if err != nil {
		refuse(w, http.StatusBadRequest, err, hint)
		return
	}
	p.Clock().Advance(by)
	p.clock(w, r)
}

// stream sends exchanges and changes of jobs as they come (server-sent events), until the client or the appliance ends.
func (p *plane) stream(w http.ResponseWriter, r *http.Request) {
	entries, stopEntries := p.Journal().Watch()
	defer stopEntries()
	jobs, stopJobs := p.Device().Watch()
	defer stopJobs()
	w.Header().Set("Content-Type", "text/event-stream")
	control := http.NewResponseController(w)
	for text := ": here come exchanges and jobs\n\n"; ; {
		if _, err := io.WriteString(w, text); err != nil || control.Flush() != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case e := <-entries:
			text = event("exchange", e)
		case j := <-jobs:
			text = event("job", jobOf(j))
		}
	}
}

func event(name string, v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return ": an event could not be written\n\n"
	}
	return "event: " + name + "\ndata: " + string(text) + "\n\n"
}

// metrics are in the text format of Prometheus.
func (p *plane) metrics(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	var b strings.Builder
	b.WriteString("# HELP flowgate_mock_exchanges_total Exchanges of the API since the start.\n# TYPE flowgate_mock_exchanges_total counter\n")
	for _, c := range p.Journal().Counts() {
		fmt.Fprintf(&b, "flowgate_mock_exchanges_total{operation=%q,status=\"%d\"} %d\n", c.Operation, c.Status, c.N)
	}
	b.WriteString("# HELP flowgate_mock_job Whether the latest job of a kind has a status.\n# TYPE flowgate_mock_job gauge\n")
	_, backup := p.Device().Backups()
	latest := map[device.Kind]device.Status{device.Backup: backup.Status, device.Restore: p.Device().Restored().Status}
	for _, kind := range []device.Kind{device.Backup, device.Restore} {
		for s := device.None; s <= device.Completed; s++ {
			is := 0
			if s == latest[kind] {
				is = 1
			}
			fmt.Fprintf(&b, "flowgate_mock_job{kind=%q,status=%q} %d\n", kind, s, is)
		}
	}
	b.WriteString("# HELP flowgate_mock_clock_seconds The appliance's time.\n# TYPE flowgate_mock_clock_seconds gauge\n")
	fmt.Fprintf(&b, "flowgate_mock_clock_seconds %d\n", p.Clock().Now().Unix())
	b.WriteString("# HELP flowgate_mock_clock_rate How fast the appliance's clock runs.\n# TYPE flowgate_mock_clock_rate gauge\n")
	fmt.Fprintf(&b, "flowgate_mock_clock_rate %g\n", p.Clock().Rate())
	p.collectorMetrics(&b)
	_, _ = io.WriteString(w, b.String())
}
