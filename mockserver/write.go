package mockserver

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/flowgate-dev/flowgate/mockserver/journal"
)

// entry is the journal's.
type entry = journal.Entry

// Headers that are the same for every answer. net/http does not change a header's values, so all answers share them.
var (
	headerNoStore = []string{"no-store, no-cache, must-revalidate"}
	headerNoSniff = []string{"nosniff"}
	headerFrame   = []string{"SAMEORIGIN"}
	headerHSTS    = []string{"max-age=31536000"}
	headerJSON    = []string{"application/json"}
)

// recorder notes what is answered on its way through.
type recorder struct {
	http.ResponseWriter
	status int
	sent   int64
	begin  []byte // of the body, for the journal
}

// pools hold what calls use, one after the other.
type pools struct{ buffers, recorders, pieces sync.Pool }

func (p *pools) fill() {
	p.buffers.New = func() any { b := make([]byte, 0, 512); return &b }
	p.recorders.New = func() any { return new(recorder) }
	p.pieces.New = func() any { return new(pieces) }
}

func (a *Appliance) recorder(w http.ResponseWriter) *recorder {
	r := a.pools.recorders.Get().(*recorder) //nolint:forcetypeassert // the pool holds nothing else
	*r = recorder{ResponseWriter: w, begin: r.begin[:0]}
	return r
}

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	if room := journal.MaxBody - len(r.begin); room > 0 {
		r.begin = append(r.begin, p[:min(len(p), room)]...)
	}
	n, err := r.ResponseWriter.Write(p)
	r.sent += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController through.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// head sets the headers that every answer has.
func (a *Appliance) head(c *call) {
	h := c.w.Header()
	h["Date"] = a.date(c.now)
	h["Cache-Control"] = headerNoStore
	h["X-Content-Type-Options"] = headerNoSniff
	h["X-Frame-Options"] = headerFrame
	if c.r.TLS != nil {
		h["Strict-Transport-Security"] = headerHSTS
	}
}

// dated is a Date header and the second that it is of.
type dated struct {
	second int64
	value  []string
}

// date is the Date header of a time.
func (a *Appliance) date(now time.Time) []string {
	last := a.dated.Load()
	if last == nil || last.second != now.Unix() {
		last = &dated{second: now.Unix(), value: []string{now.Format(http.TimeFormat)}}
		a.dated.Store(last)
	}
	return last.value
}

// write sends an answer. An answer without status has been sent already.
func (a *Appliance) write(c *call, out answer) error {
	switch {
	case out.status == 0:
		return nil
	case out.stream != nil:
		c.w.Header()["Content-Type"] = headerJSON
		p := a.pools.pieces.Get().(*pieces) //nolint:forcetypeassert // the pool holds nothing else
		*p = pieces{a: a, c: c, status: out.status, buf: p.buf[:0]}
		defer func() {
			*p = pieces{buf: p.buf[:0]}
			a.pools.pieces.Put(p)
		}()
		if err := out.stream(p); err != nil {
			return err
		}
		return p.end()
	case out.body != nil:
		c.w.Header()["Content-Type"] = c.format.header()
		c.w.WriteHeader(out.status)
		_, err := c.w.Write(out.body)
		return err
	}
	c.w.WriteHeader(out.status)
	return nil
}

// small is a body to which net/http adds its Content-Length by itself.
const small = 1 << 10

// piece is how much of a stream is gathered before it is sent.
const piece = 32 << 10

// patience is how long a client of a stream waits for its first byte while rows come slowly.
const patience = 10 * time.Millisecond

// pieces sends a stream in pieces. Each may take as long as the limit for writing says, and no longer.
type pieces struct {
	a       *Appliance
	c       *call
	status  int
	buf     []byte
	control *http.ResponseController
}

// flushed sends what is gathered if it is enough, or if the client has waited for long.
func (p *pieces) flushed() error {
	if len(p.buf) < piece && (p.control != nil || p.a.clock.Machine().Sub(p.c.began) < patience) {
		return nil
	}
	if p.control == nil {
		p.control = http.NewResponseController(p.c.w.ResponseWriter)
		p.c.w.WriteHeader(p.status)
	}
	// A writer without deadlines or without Flush (one of a test, say) works without.
	_ = p.control.SetWriteDeadline(p.a.clock.Machine().Add(p.a.limits.Write))
	if _, err := p.c.w.Write(p.buf); err != nil {
		return err
	}
	p.buf = p.buf[:0]
	_ = p.control.Flush()
	return nil
}

// end sends the rest. A stream that fits into one piece gets a Content-Length.
func (p *pieces) end() error {
	if p.control == nil {
		if len(p.buf) > small {
			p.c.w.Header()["Content-Length"] = []string{strconv.Itoa(len(p.buf))}
		}
		p.c.w.WriteHeader(p.status)
	} else {
		_ = p.control.SetWriteDeadline(p.a.clock.Machine().Add(p.a.limits.Write))
	}
	_, err := p.c.w.Write(p.buf)
	return err
}
