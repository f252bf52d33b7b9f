package fault

import (
	"errors"
	"io"
	"net"
	"net/http"
	"time"
)

// Page is what a proxy in between would say, of the fault status.
const Page = "<html><head><title>Service trouble</title></head><body><h1>Service trouble</h1></body></html>\n"

// Before does what faults do before an answer begins. It reports that the exchange is over; abort then says that the
// connection must be given up without an answer.
func Before(w http.ResponseWriter, r *http.Request, faults []Fault) (over, abort bool) {
	for _, f := range faults {
		switch f.Name {
		case Latency:
			if !wait(r, f.By) {
				return true, true
			}
		case Hang:
			// A server sees that a client has gone away only once the request is read.
			if _, err := io.Copy(io.Discard, r.Body); err == nil {
				<-r.Context().Done()
			}
			return true, true
		case Reset:
			reset(w)
			return true, true
		case Status:
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(f.Code)
			if f.Code != http.StatusNoContent && f.Code != http.StatusNotModified {
				_, _ = w.Write([]byte(Page)) // a client that has gone away is nobody to tell
			}
			return true, false
		case Empty:
			w.WriteHeader(http.StatusOK)
			return true, false
		}
	}
	return false, false
}

// wait lasts for d, or until the client goes away.
func wait(r *http.Request, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// reset makes the connection end with a reset instead of an orderly close, where the writer has one of its own: HTTP/2
// shares it among requests, and there the stream alone is reset when the handler gives up.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // an orderly close is the second best
	}
	_ = conn.Close()
}

// errCut ends an answer in the middle.
var errCut = errors.New("the fault cut strikes here")

// Wrap gives a writer through which the body meets cut, slow and corrupt; w itself where none of them strikes.
func Wrap(w http.ResponseWriter, r *http.Request, faults []Fault) http.ResponseWriter {
	for _, f := range faults {
		if f.Name == Cut || f.Name == Slow || f.Name == Corrupt {
			w = &writer{ResponseWriter: w, r: r, f: f}
		}
	}
	return w
}

// writer does one thing to a body.
type writer struct {
	http.ResponseWriter
	r    *http.Request
	f    Fault
	sent int64
}

// Unwrap lets http.ResponseController through.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Write implements http.ResponseWriter.
func (w *writer) Write(p []byte) (int, error) {
	switch w.f.Name {
	case Cut:
		return w.cut(p)
	case Slow:
		return w.slow(p)
	}
	if at := w.f.At - w.sent; at >= 0 && at < int64(len(p)) {
		p = append([]byte(nil), p...)
		p[at] ^= 1
	}
	return w.pass(p)
}

func (w *writer) pass(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	w.sent += int64(n)
	return n, err
}

func (w *writer) cut(p []byte) (int, error) {
	room := w.f.At - w.sent
	if int64(len(p)) <= room {
		return w.pass(p)
	}
	n, err := w.pass(p[:max(room, 0)])
	if err == nil {
		_ = http.NewResponseController(w.ResponseWriter).Flush() // what came before the cut arrives
		err = errCut
	}
	return n, err
}

// slow sends a tenth of a second's bytes at a time.
func (w *writer) slow(p []byte) (int, error) {
	const part = 10
	size := int(max(w.f.Rate/part, 1))
	pause := time.Duration(size) * time.Second / time.Duration(w.f.Rate)
	total := 0
	for len(p) > 0 {
		n, err := w.pass(p[:min(size, len(p))])
		total += n
		if err != nil {
			return total, err
		}
		p = p[n:]
		_ = http.NewResponseController(w.ResponseWriter).Flush()
		if !wait(w.r, pause) {
			return total, w.r.Context().Err()
		}
	}
	return total, nil
}
