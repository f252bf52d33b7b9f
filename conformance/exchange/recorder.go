package exchange

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// The limits of a recorder whose options do not say otherwise.
const (
	DefaultMaxBody = 4 << 20          // bytes of an answer's body that are kept
	DefaultMaxRead = 64 << 20         // bytes of an answer's body that are read at all
	DefaultTimeout = 30 * time.Second // of one exchange, its body included
)

// Options say how a recorder sends. Base and Transport are required; every other zero value works.
type Options struct {
	Base      *url.URL          // of the device; user info in it is ignored, a path is put before each request's
	Transport http.RoundTripper // sends; its TLS settings, proxies and connection limits are the caller's
	User      string            // of the account
	Password  string
	// Authorize puts the credentials of Account on a request; nil means Basic with User and Password. What it adds is
	// redacted by its header; a token must also be told to Recorder.Keep, so that it is found elsewhere.
	Authorize func(*http.Request)
	Secrets   []string         // more values that must never be seen, such as access codes
	Now       func() time.Time // nil: time.Now
	Timeout   time.Duration    // of one exchange; 0: DefaultTimeout
	MaxBody   int              // bytes kept of a body; 0: DefaultMaxBody
	MaxRead   int64            // bytes read of a body; 0: DefaultMaxRead
	Rate      float64          // requests per second; 0: as fast as they come
	RunID     string           // part of X-Request-Id, so that the device's log can be joined with the report
	UserAgent string           // "": flowgate
}

// Recorder sends requests and keeps redacted exchanges. It is safe for concurrent use. It never follows a redirect,
// keeps no cookies and never decompresses.
type Recorder struct {
	o        Options
	base     string
	limiter  *rate.Limiter
	redactor *Redactor

	mu    sync.Mutex
	slots []recorded // in the order in which they were sent
}

// recorded is one exchange, nil until it has ended, and how many secrets were known when it was redacted.
type recorded struct {
	x     *Exchange
	known int
}

// NewRecorder makes a recorder. The error names the option that is missing or unusable.
func NewRecorder(o Options) (*Recorder, error) {
	switch {
	case o.Base == nil || o.Base.Host == "" || o.Base.Scheme != "http" && o.Base.Scheme != "https":
		return nil, errors.New("exchange: Base is no http or https URL with a host (expected such as https://10.0.0.1)")
	case o.Transport == nil:
		return nil, errors.New("exchange: Transport is nil (expected an http.RoundTripper that reaches the device)")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.MaxBody == 0 {
		o.MaxBody = DefaultMaxBody
	}
	if o.MaxRead == 0 {
		o.MaxRead = DefaultMaxRead
	}
	if o.UserAgent == "" {
		o.UserAgent = "flowgate"
	}
	r := &Recorder{o: o, redactor: NewRedactor(o.User), limiter: rate.NewLimiter(rate.Inf, 1)}
	if o.Rate > 0 {
		r.limiter = rate.NewLimiter(rate.Limit(o.Rate), 1)
	}
	base := url.URL{Scheme: o.Base.Scheme, Host: o.Base.Host, Path: o.Base.Path, RawPath: o.Base.RawPath}
	r.base = strings.TrimSuffix(base.String(), "/")
	if password, ok := o.Base.User.Password(); ok {
		r.redactor.Keep("password", password)
	}
	r.redactor.Keep("password", o.Password)
	for _, s := range o.Secrets {
		r.redactor.Keep("secret", s)
	}
	return r, nil
}

// Keep makes a value known as a secret from now on; kind is what it is, such as session or access code.
func (r *Recorder) Keep(kind, value string) { r.redactor.Keep(kind, value) }

// Exchanges lists what was recorded so far, in the order in which it was sent. What became known as a secret later is
// redacted in earlier exchanges too. The messages are shared and read-only.
func (r *Recorder) Exchanges() []Exchange { return r.Select(nil) }

// Select lists those of Exchanges for which keep holds; a nil keep keeps all. It spares the others the work of
// redaction. What keep sees may hold secrets that were learned later: it looks at probe, step and operation.
func (r *Recorder) Select(keep func(x *Exchange) bool) []Exchange {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []Exchange
	for i := range r.slots {
		s := &r.slots[i]
		if s.x == nil || keep != nil && !keep(s.x) {
			continue
		}
		if known := r.redactor.size(); s.known < known {
			again := *s.x
			r.redactor.Redact(&again, 0)
			*s = recorded{&again, known}
		}
		out = append(out, *s.x)
	}
	return out
}

// Do sends one request under a probe's name and records the exchange. A transport that fails is an exchange with
// Error set; the error is for a cancelled ctx only, and then the exchange is recorded too where it had begun.
func (r *Recorder) Do(ctx context.Context, probe string, q Request) (Exchange, error) {
	if err := r.limiter.Wait(ctx); err != nil {
		if ctx.Err() != nil {
			return Exchange{}, fmt.Errorf("exchange: %s was not sent: %w", probe, context.Cause(ctx))
		}
		return Exchange{}, fmt.Errorf("exchange: %s was not sent: %w: %w", probe, context.DeadlineExceeded, err)
	}
	slot := r.reserve()
	x := r.describe(probe, q)
	x.ID = slotID(slot)
	r.learn(q)
	err := r.send(ctx, q, &x)
	if q.Reply != nil && x.Answered() {
		q.Reply(x.Response)
	}
	x.Started = x.Started.Round(0).UTC()
	r.keep(slot, &x)
	return x, err
}

// keep redacts an exchange and puts a copy of it in its slot.
func (r *Recorder) keep(slot int, x *Exchange) {
	known := r.redactor.size()
	r.redactor.Redact(x, r.o.MaxBody)
	kept := *x
	r.mu.Lock()
	defer r.mu.Unlock()
	r.slots[slot] = recorded{&kept, known}
}

// Rename files an exchange under another probe: a request that had to be repeated, since the session or token of the run
// had come to an end, shows nothing of what its own probe was sent for.
func (r *Recorder) Rename(id, probe string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.slots {
		if s := &r.slots[i]; s.x != nil && s.x.ID == id {
			again := *s.x
			again.Probe, again.Auth = probe, Ended
			s.x = &again
		}
	}
}

// Draft is the exchange that Do would send, redacted and without an answer. Nothing is sent or recorded.
func (r *Recorder) Draft(probe string, q Request) Exchange {
	x := r.describe(probe, q)
	r.learn(q)
	req, err := r.request(context.Background(), q, "")
	if err != nil {
		x.Error = reason(err, r.o.Timeout)
	} else {
		x.Request = sent(req, q.Body)
	}
	r.redactor.Redact(&x, r.o.MaxBody)
	return x
}

func (r *Recorder) reserve() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.slots = append(r.slots, recorded{})
	return len(r.slots) - 1
}

func slotID(slot int) string { return fmt.Sprintf("x%04d", slot+1) }

func (r *Recorder) describe(probe string, q Request) Exchange {
	return Exchange{
		Probe: probe, Step: q.Step, Operation: q.Operation, Variant: q.Variant, Auth: q.Auth, Started: r.o.Now(),
		Request: Message{Method: q.Method, URL: r.base + q.Path, Body: q.Body, Header: http.Header{}},
	}
}

func (r *Recorder) learn(q Request) {
	for _, s := range q.Secrets {
		r.redactor.Keep(kindIn(q.Body, s), s)
	}
}

// send fills in both messages. The error is that of a cancelled ctx.
func (r *Recorder) send(ctx context.Context, q Request, x *Exchange) error {
	timed, cancel := context.WithTimeout(ctx, r.o.Timeout)
	defer cancel()
	req, err := r.request(timed, q, x.ID)
	if err != nil {
		x.Error = reason(err, r.o.Timeout)
		return nil
	}
	x.Request = sent(req, q.Body)
	x.Started = r.o.Now()
	res, err := r.o.Transport.RoundTrip(req)
	x.FirstByte = r.o.Now().Sub(x.Started)
	if err == nil {
		err = r.receive(res, x)
	}
	x.Total = r.o.Now().Sub(x.Started)
	if ctx.Err() != nil {
		x.Error = "cancelled: the run was stopped"
		return fmt.Errorf("exchange: %s was stopped: %w", x.ID, context.Cause(ctx))
	}
	if err != nil {
		x.Error = reason(err, r.o.Timeout)
	}
	return nil
}

// margin is read beyond the limit of a body, so that a secret across the limit is still found whole.
const margin = 4 << 10

// receive reads an answer. Its error says why the body is not whole.
func (r *Recorder) receive(res *http.Response, x *Exchange) error {
	defer res.Body.Close() //nolint:errcheck // everything that mattered has been read
	x.Response = Message{Status: res.StatusCode, Proto: res.Proto, Header: latin1(res.Header)}
	if len(res.TransferEncoding) > 0 {
		x.Response.Header.Set("Transfer-Encoding", strings.Join(res.TransferEncoding, ", "))
	}
	keep := int64(r.o.MaxBody) + margin
	body, err := io.ReadAll(io.LimitReader(res.Body, keep))
	x.Response.Body = body
	if err == nil && int64(len(body)) == keep {
		var rest int64
		rest, err = io.Copy(io.Discard, io.LimitReader(res.Body, max(r.o.MaxRead-keep, 0)))
		x.Response.Cut = int(rest)
		if err == nil && keep+rest >= r.o.MaxRead && more(res.Body) {
			return fmt.Errorf("%w: the answer goes on after %d bytes", errTooLong, keep+rest)
		}
	}
	if err != nil {
		return &brokenOff{n: len(body) + x.Response.Cut, err: err}
	}
	return nil
}

func more(r io.Reader) bool {
	n, _ := io.ReadFull(r, make([]byte, 1))
	return n > 0
}

// latin1 copies headers; bytes that are no UTF-8 are read as ISO 8859-1, which headers were once written in.
func latin1(h http.Header) http.Header {
	out := make(http.Header, len(h))
	for name, values := range h {
		for _, v := range slices.Clone(values) {
			out[name] = append(out[name], text(v))
		}
	}
	return out
}
