package fools

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"strconv"
	"sync"
)

// The paths of the two documents.
const (
	statsPath   = "/api/mgmt.flowgateway_analytics/1.0/import_stats"
	backupPath  = "/api/mgmt.gateway_backup/1.0/backup"
	restorePath = "/api/mgmt.gateway_backup/1.0/restore"
)

// bodyLimit is how much of a request a fool keeps; the device within refuses such bodies long before.
const bodyLimit = 4 << 20

// call is one request to the device.
type call struct {
	req  *http.Request
	body []byte
}

// answer is what the device says to a call.
type answer struct {
	status  int
	header  http.Header
	body    []byte
	chunked bool // sent in chunks, without a Content-Length
}

// step answers a call. It may ask the device within, any number of times.
type step func(*call) *answer

// behaviour makes the step of one fresh device around the device within.
type behaviour func(within step) step

// wrap turns a behaviour into a handler around next. An answer that the fool makes up has the Date that the device
// within told when it was asked about the same call: a fool has no clock of its own.
func (b behaviour) wrap(next http.Handler) http.Handler {
	var one sync.Mutex
	var date []string
	s := b(func(c *call) *answer {
		a := ask(next, c)
		date = a.header["Date"]
		return a
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, bodyLimit))
		if err != nil {
			panic(http.ErrAbortHandler) // the client went away, or was too slow for the server
		}
		one.Lock()
		defer one.Unlock()
		date = nil
		a := s(&call{r, body})
		if _, told := a.header["Date"]; !told && date != nil {
			a.header["Date"] = date
		}
		a.send(w)
	})
}

// ask puts a call to the device within and keeps its answer.
func ask(next http.Handler, c *call) *answer {
	r := c.req.Clone(c.req.Context())
	r.Body, r.ContentLength, r.TransferEncoding = http.NoBody, int64(len(c.body)), nil
	if len(c.body) > 0 {
		r.Body = io.NopCloser(bytes.NewReader(c.body))
	}
	k := &keeper{answer: answer{header: http.Header{}}}
	next.ServeHTTP(k, r)
	k.WriteHeader(http.StatusOK)
	k.answer.header = k.sent
	return &k.answer
}

// keeper is a ResponseWriter that keeps what it is given.
type keeper struct {
	answer
	sent http.Header // the headers at the time of the status
}

func (k *keeper) Header() http.Header { return k.answer.header }

func (k *keeper) WriteHeader(status int) {
	if k.sent != nil || status < 200 {
		return
	}
	k.status, k.sent = status, k.answer.header.Clone()
}

func (k *keeper) Write(p []byte) (int, error) {
	k.WriteHeader(http.StatusOK)
	k.body = append(k.body, p...)
	return len(p), nil
}

// Flush does nothing: the answer is sent when it is whole.
func (k *keeper) Flush() {}

// send writes the answer; a length that the device gave becomes that of the body as it now is.
func (a *answer) send(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	empty := a.status == http.StatusNoContent || a.status == http.StatusNotModified
	w.Header().Del("Content-Length")
	if a.header.Get("Content-Length") != "" && !a.chunked && !empty {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	if w.WriteHeader(a.status); empty {
		return
	}
	if f, ok := w.(http.Flusher); ok && a.chunked {
		f.Flush()
	}
	// A client that has gone away is no concern of a fool.
	_, _ = w.Write(a.body)
}

// ok reports a status of the 2xx class.
func (a *answer) ok() bool { return a.status/100 == 2 }

// edit replaces a JSON body by what becomes of its value; a body that is no JSON, and one that edit leaves as it is,
// keep every byte.
func (a *answer) edit(edit func(v any) any) {
	v, err := decode(a.body)
	if err != nil {
		return
	}
	before := encode(v)
	if after := encode(edit(v)); !bytes.Equal(before, after) {
		a.body = after
	}
}

// editObject is edit for a body that is an object; any other keeps every byte.
func (a *answer) editObject(edit func(o *object)) {
	a.edit(func(v any) any {
		if o, ok := v.(*object); ok {
			edit(o)
		}
		return v
	})
}

// text is an answer of some type.
func text(status int, contentType, body string) *answer {
	return &answer{status: status, header: http.Header{"Content-Type": {contentType}}, body: []byte(body)}
}

// asJSON is an answer of JSON.
func asJSON(status int, v any) *answer { return text(status, "application/json", string(encode(v))) }

// refusal is an error as the documents have it.
func refusal(status int, id, why string) *answer {
	return asJSON(status, newObject("error_id", id, "error_text", why))
}

// badRequest is the documented answer to an invalid argument.
func badRequest(why string) *answer { return refusal(http.StatusBadRequest, "BAD_REQUEST", why) }

// noContent is a success without a body.
func noContent() *answer { return &answer{status: http.StatusNoContent, header: http.Header{}} }

func (c *call) is(method, path string) bool { return c.req.Method == method && c.req.URL.Path == path }

func (c *call) on(paths ...string) bool {
	for _, p := range paths {
		if c.req.URL.Path == p {
			return true
		}
	}
	return false
}

// with is the call with another body.
func (c *call) with(body []byte) *call { return &call{c.req, body} }

// as is the call with another method.
func (c *call) as(method string) *call {
	r := c.req.Clone(c.req.Context())
	r.Method = method
	return &call{r, c.body}
}

// authorized is the call with another Authorization header.
func (c *call) authorized(header string) *call {
	r := c.req.Clone(c.req.Context())
	r.Header.Set("Authorization", header)
	return &call{r, c.body}
}

// editAnswers changes the answers to the calls that match.
func editAnswers(of func(*call) bool, edit func(*call, *answer)) behaviour {
	return func(within step) step {
		return func(c *call) *answer {
			a := within(c)
			if of(c) {
				edit(c, a)
			}
			return a
		}
	}
}

// instead answers the calls that match itself, where answered is not nil, once the device within is content with the
// credentials: it is asked with a body that it cannot take, so that nothing is started.
func instead(of func(*call) bool, answered func(*call) *answer) behaviour {
	return func(within step) step {
		return func(c *call) *answer {
			if !of(c) {
				return within(c)
			}
			a := answered(c)
			if a == nil {
				return within(c)
			}
			if denied := within(c.with([]byte("?"))); denied.status == http.StatusUnauthorized {
				return denied
			}
			return a
		}
	}
}
