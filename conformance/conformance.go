// Package conformance judges an appliance by the documents of its API. It is one suite with three doors: Run for
// programs, conformancetest.Run for Go tests, and the command flowgate check. It never sees the appliance that ships
// with this project: both know only the document in package openapi.
//
// A run has three steps. Probes send and record; rules judge what was recorded; the judgements become a report in
// which every requirement of the catalogue stands.
package conformance

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
	"github.com/flowgate-dev/flowgate/conformance/probes"
	"github.com/flowgate-dev/flowgate/conformance/verdict"
	"github.com/flowgate-dev/flowgate/openapi"
	"github.com/flowgate-dev/flowgate/openapi/catalogue"
)

// Target is the appliance to judge.
type Target struct {
	URL      string // https://host[:port]; plain http is for appliances in a laboratory
	User     string
	Password string
	// Auth is how to log in; the zero value asks the device and chooses. AccessCode is what is changed for a token; like
	// Password it never stands in a report.
	Auth       check.Way
	AccessCode string
	// Transport sends the requests; nil dials the URL with TLS as below.
	Transport http.RoundTripper
	TLS       *tls.Config // nil verifies against the system's roots; Fingerprint and Insecure win over its checks
	// Fingerprint pins the certificate, sha256:… in hex.
	Fingerprint string
	Insecure    bool // accept any certificate
}

// Options say how to judge. The zero value judges by observation only, quickly.
type Options struct {
	Allow      check.Hazard
	Profile    check.Profile
	Confirm    string   // serial number or certificate fingerprint of the device; needed to destroy
	Run, Skip  []string // globs of check ids; an empty Run selects all
	Waivers    []verdict.Waiver
	Seed       uint64
	Timeout    time.Duration // of one request; 0: 30 s
	JobTimeout time.Duration // how long a backup or restore is followed; 0: 2 min
	Rate       float64       // requests per second; 0: as fast as the device answers
	WaitExpiry time.Duration // how long to wait for a token to expire, and for a session that nobody uses; a longer life is not judged
	Guesses    int           // wrong passwords in a row to try with the account's own name, which may lock it; 0: none
	Version    string        // of the harness
	Commit     string
	Flows      check.Flows // where flows may be sent, which changes the device's statistics; empty: none are
	// Target is an SSH server that backups of this run go to, watched; nil: what needs one is not run. Its owner closes
	// it after the run.
	Target check.Target
	// Siblings are documents of further services, judged by what they say and no more; see openapi.Parse.
	Siblings []*openapi.Document
	// Now and Pause are the harness's clock; nil is the real one.
	Now   func() time.Time
	Pause func(ctx context.Context, d time.Duration) error
	// Progress is told of each probe before it runs, and of each check that fails once its probes have run; nil is
	// silence. It must not block.
	Progress func(Progress)

	recorded bool // the exchanges come from a recording
}

// Progress tells how far a run has come.
type Progress struct {
	Probe       string // that runs now; "" where there is news only
	Done, Total int    // probes
	// Failed are the checks that were found to fail, unwaived, since the last time. The report may find more.
	Failed []verdict.Check
}

// ErrOptions marks errors of the options: what was asked for makes no sense.
var ErrOptions = errors.New("conformance: options")

// Result is what a run yields: the report, and the exchanges it was judged by, redacted.
type Result struct {
	Report    *verdict.Report
	Exchanges []exchange.Exchange
}

// Run judges a target. The error is for options that make no sense (it wraps ErrOptions) and for a cancelled context;
// a device that cannot be reached yields a report with verdict broken.
func Run(ctx context.Context, target Target, o Options) (*Result, error) {
	r, err := newRun(target, o)
	if err != nil {
		return nil, err
	}
	if err := r.send(ctx); err != nil {
		return nil, err
	}
	exchanges := r.recorder.Exchanges()
	return &Result{Report: r.report(exchanges), Exchanges: exchanges}, nil
}

// Judge judges recorded exchanges and sends nothing. Checks whose probes are not in the recording do not run.
func Judge(exchanges []exchange.Exchange, o Options) (*Result, error) {
	o.Allow, o.Profile, o.recorded = check.Destroy, check.Full, true
	r, err := prepare(o)
	if err != nil {
		return nil, err
	}
	if len(exchanges) > 0 {
		r.target.URL = origin(exchanges[0].Request.URL)
		r.started = exchanges[0].Started
	}
	return &Result{Report: r.report(exchanges), Exchanges: exchanges}, nil
}

func origin(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// List tells what would be judged, without sending: the selected checks, in the order of the catalogue.
func List(o Options) ([]check.Check, error) {
	r, err := prepare(o)
	if err != nil {
		return nil, err
	}
	var out []check.Check
	for i := range r.suite.checks {
		if r.selected[i] == "" {
			out = append(out, r.suite.checks[i])
		}
	}
	return out, nil
}

// Requirements lists what a run judges an appliance by: the catalogue, and what further documents promise. The error wraps
// ErrOptions where a document cannot be judged.
func Requirements(siblings []*openapi.Document) ([]catalogue.Requirement, error) {
	s, err := newSuite(siblings)
	if err != nil {
		return nil, err
	}
	return s.requirements, nil
}

// FlowTime is about how long it takes to send flows and to wait for their rows; 0 where no collectors are named. The
// error says why nothing can be sent.
func FlowTime(f check.Flows) (time.Duration, error) { return probes.FlowTime(&f) }

// Draft is a request that a run would send, without an answer.
type Draft struct {
	Exchange exchange.Exchange
	Hazard   check.Hazard
}

// DryRun builds every request that a run would send, as far as they can be known without answers, and sends none.
func DryRun(ctx context.Context, target Target, o Options) ([]Draft, error) {
	o.Confirm = ""
	r, err := newRun(target, o)
	if err != nil {
		return nil, err
	}
	s := &session{run: r, dry: true}
	plan := r.plan()
	if len(plan) > 0 {
		s.drafts = r.drafts()
	}
	for _, p := range plan {
		s.probe = p
		if err := p.Send(ctx, s); err != nil {
			return nil, fmt.Errorf("conformance: probe %s: %w", p.Name, err)
		}
	}
	return s.drafts, nil
}
