package conformance

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
	"github.com/flowgate-dev/flowgate/conformance/verdict"
)

// The defaults of Options.
const (
	defaultTimeout    = 30 * time.Second
	defaultJobTimeout = 2 * time.Minute
)

// silence is after how many unanswered requests in a row a device counts as gone.
const silence = 5

// run is one run in progress.
type run struct {
	o        Options
	target   Target
	suite    *suite
	selected []string // of each check: "" where it is selected, or why it is not
	recorder *exchange.Recorder
	facts    check.Facts
	id       string
	started  time.Time
	sent     map[string]bool   // probes that ran to their end
	trouble  map[string]string // probes that did not, and why
	quiet    int               // unanswered requests in a row
	gone     string            // why the device counts as gone
	refused  string            // why destructive probes were held back
	locked   bool              // the device never let the account in, in all that was recorded
	print    atomic.Value      // string: fingerprint of the certificate that was seen; connections may be made in the background
	badge    badge             // what the device is shown
	barred   string            // why there was no way to log in, and what to do about it
	hint     string
}

// prepare checks the options and selects the checks.
func prepare(o Options) (*run, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Pause == nil {
		o.Pause = pause
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.JobTimeout == 0 {
		o.JobTimeout = defaultJobTimeout
	}
	s, err := newSuite(o.Siblings)
	if err != nil {
		return nil, err
	}
	r := &run{o: o, suite: s, started: o.Now(), sent: map[string]bool{}, trouble: map[string]string{}}
	for _, glob := range append(append([]string{}, o.Run...), o.Skip...) {
		if err := verdict.ValidGlob(glob); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrOptions, err)
		}
	}
	for i := range s.checks {
		r.selected = append(r.selected, r.excluded(&s.checks[i]))
	}
	return r, nil
}

// excluded says why a check is not selected; "" where it is.
func (r *run) excluded(c *check.Check) string {
	matches := func(globs []string) bool {
		for _, g := range globs {
			if verdict.MatchGlob(g, c.ID) {
				return true
			}
		}
		return false
	}
	switch {
	case len(r.o.Run) > 0 && !matches(r.o.Run):
		return "not selected: --run names other checks"
	case matches(r.o.Skip):
		return "not selected: --skip names it"
	case c.Hazard > r.o.Allow:
		return fmt.Sprintf("not allowed: it needs --allow %s", c.Hazard)
	case c.Target && r.o.Target == nil && !r.o.recorded:
		return "not selected: it needs an SSH server to back up to, which --ssh-listen starts"
	case c.Profile > r.o.Profile:
		return fmt.Sprintf("not selected: it belongs to --profile %s", c.Profile)
	}
	return ""
}

// newRun prepares a run that sends.
func newRun(target Target, o Options) (*run, error) {
	r, err := prepare(o)
	if err != nil {
		return nil, err
	}
	base, err := url.Parse(target.URL)
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" {
		return nil, fmt.Errorf("%w: %q is no URL of an appliance (expected such as https://10.0.0.1)", ErrOptions, target.URL)
	}
	switch {
	case target.Auth == check.BySession && target.User == "":
		return nil, fmt.Errorf("%w: a session needs the name of an account (hint: give --user)", ErrOptions)
	case target.Auth == check.ByToken && target.AccessCode == "":
		return nil, fmt.Errorf("%w: a token needs an access code (hint: give --access-code-file)", ErrOptions)
	}
	if err := o.Flows.Validate(); err != nil {
		return nil, fmt.Errorf("%w: flows: %w", ErrOptions, err)
	}
	r.target = target
	random := rand.New(rand.NewPCG(o.Seed, uint64(r.started.UnixNano()))) //nolint:gosec // names a run, guards nothing
	r.id = fmt.Sprintf("%08x", random.Uint32())
	r.facts = check.Facts{
		User: target.User, Password: target.Password, Patience: r.o.JobTimeout, Seed: o.Seed,
		Secret: fmt.Sprintf("flowgate-%08x", random.Uint32()),
		Access: check.Access{Way: target.Auth, Code: target.AccessCode, Wait: o.WaitExpiry, Guesses: o.Guesses},
		Flows:  o.Flows,
		Target: o.Target,
	}
	if r.target.Transport == nil {
		r.target.Transport = r.transport()
	}
	r.recorder, err = exchange.NewRecorder(exchange.Options{
		Base: base, Transport: r.target.Transport, User: target.User, Password: target.Password, Now: r.o.Now,
		Timeout: r.o.Timeout, Rate: r.o.Rate, RunID: r.id, UserAgent: "flowgate/" + o.Version,
		Secrets: []string{r.facts.Secret}, Authorize: r.show,
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOptions, err)
	}
	r.recorder.Keep("access code", target.AccessCode)
	if o.Target != nil {
		_, _, password := o.Target.Account()
		r.recorder.Keep("password", password)
	}
	return r, nil
}

// transport dials the target; the certificate is checked as the target says, and its fingerprint kept.
func (r *run) transport() http.RoundTripper {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if r.target.TLS != nil {
		config = r.target.TLS.Clone()
	}
	pin := strings.ToLower(r.target.Fingerprint)
	if r.target.Insecure || pin != "" {
		config.InsecureSkipVerify = true //nolint:gosec // asked for, or replaced by the pin below
	}
	config.VerifyConnection = func(s tls.ConnectionState) error {
		sum := sha256.Sum256(s.PeerCertificates[0].Raw)
		print := "sha256:" + hex.EncodeToString(sum[:])
		r.print.Store(print)
		if pin != "" && pin != print {
			return fmt.Errorf("the certificate's fingerprint is %s, not the pinned one", print)
		}
		return nil
	}
	return &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true, Proxy: http.ProxyFromEnvironment, IdleConnTimeout: r.o.Timeout}
}

// fingerprint is that of the certificate that was seen; "" where there was none.
func (r *run) fingerprint() string {
	print, _ := r.print.Load().(string)
	return print
}

// plan lists the probes that the selected checks need, with those that come before them, in the order of the suite.
func (r *run) plan() []*check.Probe {
	need := map[string]bool{}
	var add func(name string)
	add = func(name string) {
		if p := r.suite.byName[name]; p != nil && !need[name] {
			need[name] = true
			for _, before := range p.After {
				add(before)
			}
		}
	}
	for i := range r.suite.checks {
		if r.selected[i] == "" {
			for _, p := range r.suite.checks[i].Probes {
				add(p)
			}
		}
	}
	var out []*check.Probe
	for i := range r.suite.probes {
		if need[r.suite.probes[i].Name] {
			out = append(out, &r.suite.probes[i])
		}
	}
	return out
}

// send logs in, runs the plan and logs out. The error is that of a cancelled context.
func (r *run) send(ctx context.Context) error {
	plan := r.plan()
	if len(plan) == 0 {
		return r.probe(ctx, plan)
	}
	defer func() {
		r.leave(ctx)
		if c, ok := r.target.Transport.(*http.Transport); ok {
			c.CloseIdleConnections()
		}
	}()
	if err := r.logIn(ctx); err != nil {
		return fmt.Errorf("conformance: stopped while logging in: %w", context.Cause(ctx))
	}
	return r.probe(ctx, plan)
}

// probe runs the plan, once the run has logged in.
func (r *run) probe(ctx context.Context, plan []*check.Probe) error {
	s := &session{run: r}
	h := newHerald(r)
	tell := func(probe string, done int) {
		if r.o.Progress != nil {
			r.o.Progress(Progress{Probe: probe, Done: done, Total: len(plan), Failed: h.failures()})
		}
	}
	for i, p := range plan {
		tell(p.Name, i)
		switch {
		case r.barred != "":
			r.trouble[p.Name] = "not sent: the device " + r.barred
			continue
		case r.gone != "":
			r.trouble[p.Name] = r.gone
			continue
		case p.Hazard > r.o.Allow:
			r.trouble[p.Name] = fmt.Sprintf("not allowed: it needs --allow %s", p.Hazard)
			continue
		case p.Hazard == check.Destroy && !r.confirmed():
			r.trouble[p.Name] = r.refused
			continue
		}
		if blocked := r.blocked(p); blocked != "" {
			r.trouble[p.Name] = blocked
			continue
		}
		s.probe = p
		if err := p.Send(ctx, s); err != nil {
			if ctx.Err() != nil {
				return fmt.Errorf("conformance: stopped in probe %s: %w", p.Name, context.Cause(ctx))
			}
			if !errors.Is(err, errGone) {
				r.trouble[p.Name] = err.Error()
			} else {
				r.trouble[p.Name] = r.gone
			}
			continue
		}
		r.sent[p.Name] = true
	}
	tell("", len(plan))
	return nil
}

// blocked says which job of somebody else keeps a probe from starting one; "" where none does.
func (r *run) blocked(p *check.Probe) string {
	if p.Hazard == check.Observe {
		return ""
	}
	for _, before := range p.After {
		if why := r.trouble[before]; why != "" {
			return fmt.Sprintf("probe %s, which comes before, did not run: %s", before, why)
		}
	}
	return ""
}

// confirmed reports that the device is the one that may be destroyed.
func (r *run) confirmed() bool {
	id := r.identity()
	given := strings.TrimSpace(r.o.Confirm)
	switch {
	case given == "":
		r.refused = "restores need --confirm with the device's serial number or certificate fingerprint"
	case given == id.Serial, strings.EqualFold(given, r.fingerprint()), strings.EqualFold(given, r.target.Fingerprint):
		return true
	default:
		r.refused = fmt.Sprintf("--confirm does not name this device (its serial number is %q, its fingerprint %q)", id.Serial, r.fingerprint())
	}
	return false
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

var errGone = errors.New("the device stopped answering")

// session is what probes send through.
type session struct {
	run    *run
	probe  *check.Probe
	dry    bool
	drafts []Draft
}

// Do sends one request of the running probe; see check.Session.
func (s *session) Do(ctx context.Context, q exchange.Request) (exchange.Exchange, error) {
	if s.dry {
		x := s.run.recorder.Draft(s.probe.Name, q)
		s.drafts = append(s.drafts, Draft{x, s.probe.Hazard})
		return x, nil
	}
	s.run.follow(&q)
	x, err := s.send(ctx, q)
	if err != nil || !s.run.lapsed(&q, &x) {
		return x, err
	}
	return s.renew(ctx, q, x)
}

// send sends a request once and notices a device that has gone away.
func (s *session) send(ctx context.Context, q exchange.Request) (exchange.Exchange, error) {
	x, err := s.run.recorder.Do(ctx, s.probe.Name, q)
	if err != nil {
		return x, err
	}
	if x.Answered() {
		s.run.quiet = 0
	} else if s.run.quiet++; s.run.quiet >= silence {
		s.run.gone = fmt.Sprintf("the device stopped answering: %s", x.Error)
		return x, errGone
	}
	return x, nil
}

// Note records something that was done beside the API; see check.Session.
func (s *session) Note(n exchange.Note) exchange.Exchange {
	if s.dry {
		x := s.run.recorder.DraftNote(s.probe.Name, n)
		s.drafts = append(s.drafts, Draft{x, s.probe.Hazard})
		return x
	}
	return s.run.recorder.Note(s.probe.Name, n)
}

func (s *session) Facts() *check.Facts { return &s.run.facts }
func (s *session) Now() time.Time      { return s.run.o.Now() }
func (s *session) Dry() bool           { return s.dry }

func (s *session) Pause(ctx context.Context, d time.Duration) error { return s.run.o.Pause(ctx, d) }
