package mockserver

import (
	"fmt"
	"net/http"
	"time"

	"github.com/flowgate-dev/flowgate/mockserver/auth"
	"github.com/flowgate-dev/flowgate/mockserver/flowstore"
	"github.com/flowgate-dev/flowgate/mockserver/payload"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

// call is one request on its way to its answer.
type call struct {
	w       *recorder
	r       *http.Request
	dialect dialect.Dialect
	route   *route
	began   time.Time // the machine's time
	now     time.Time // the appliance's, at that moment
	user    auth.User
	way     Way           // that credentials came by
	session string        // the id that the request was admitted by; "" where it was not a session
	legacy  bool          // the path is of an API that negotiates
	format  format        // of the answer
	secret  bool          // the answer holds a secret
	space   *[]byte       // of raw, from a pool
	raw     []byte        // the body as it was sent, of an operation that takes one
	body    payload.Value // the same, decoded
	decoded bool
	items   [1]any             // room for the usual request of import_stats
	queries [1]flowstore.Query // the same
	problem *Problem
	fault   string // what struck, of those that were asked for
}

// answer is what a handler says: a status, and a body, a stream or nothing.
type answer struct {
	status int
	body   []byte              // in the call's format
	stream func(*pieces) error // writes JSON, instead of body
}

// ServeHTTP answers a request of the API.
func (a *Appliance) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := a.clock.Machine()
	c := &call{w: a.recorder(w), r: r, dialect: a.Dialect(), began: began, now: a.clock.At(began)}
	defer func() {
		abort := a.recovered(c, recover())
		a.record(c)
		a.release(c)
		if abort {
			panic(http.ErrAbortHandler)
		}
	}()
	a.head(c)
	if a.struck(c) {
		return
	}
	out, err := a.respond(c)
	if err == nil {
		err = a.write(c, out)
	}
	if err != nil {
		a.fail(c, err)
	}
}

// recovered turns a panic into INTERNAL_ERROR, or tells the caller to cut the connection where an answer is under way.
func (a *Appliance) recovered(c *call, panicked any) (abort bool) {
	switch {
	case panicked == nil:
		return false
	case panicked == http.ErrAbortHandler: //nolint:errorlint // the documented value
		return true
	}
	operation := ""
	if c.route != nil {
		operation = c.route.op.ID
	}
	a.log.Error("a request could not be answered: the appliance panicked", "operation", operation)
	if c.w.status != 0 {
		return true
	}
	a.problem(c, asProblem(nil))
	return false
}

// respond finds out what to answer: path, credentials, method, body, in that order.
func (a *Appliance) respond(c *call) (answer, error) {
	res := a.resource(c)
	if res == nil {
		return a.notFound(c)
	}
	c.route = res.methods[c.r.Method]
	if a.guarded(c, res) {
		if err := a.authenticate(c); err != nil {
			return answer{}, err
		}
	}
	if c.route == nil {
		return answer{}, wrongMethod(c, res)
	}
	if err := c.permitted(); err != nil {
		return answer{}, err
	}
	if c.route.op.Request != nil && (!res.sibling || !c.route.op.Optional || c.r.ContentLength != 0) {
		read := a.readBody
		if c.legacy {
			read = a.readLegacy
		}
		if err := read(c); err != nil {
			return answer{}, err
		}
	}
	return c.route.handle(a, c)
}

// guarded reports whether credentials are looked at. A wrong method is guarded as its resource is.
func (a *Appliance) guarded(c *call, res *resource) bool {
	free := res.sibling || c.dialect.Answer(dialect.OpenCommonResource) == "yes"
	if c.route != nil {
		// What opens a session or hands out a token brings its credentials itself.
		return !c.route.op.Open || !free && c.route.op.Method == http.MethodGet
	}
	if c.dialect.Answer(dialect.AuthBeforeMethod) == "method" {
		return false
	}
	for _, rt := range res.methods {
		if !rt.op.Open || !free {
			return true
		}
	}
	return false
}

func (a *Appliance) notFound(c *call) (answer, error) {
	if c.dialect.Answer(dialect.UnknownPath) == "plain" {
		c.w.Header()["Content-Type"] = []string{"text/html"}
		c.w.WriteHeader(http.StatusNotFound)
		_, err := c.w.Write([]byte("<html><head><title>404 Not Found</title></head><body><h1>Not Found</h1></body></html>\n"))
		c.problem = &Problem{ID: NotFound, Text: "no such resource"}
		return answer{}, err
	}
	return answer{}, resourceNotFound()
}

func resourceNotFound() *Problem {
	return &Problem{ID: NotFound, Status: http.StatusNotFound, Text: "This path is not a resource of the appliance (accepted: the paths of its API, letter by letter)."}
}

func wrongMethod(c *call, res *resource) *Problem {
	text := "This method is not available for this resource (accepted: " + res.allow + ")."
	if res.jobs {
		switch c.dialect.Answer(dialect.BackupWrongMethod) {
		case "404":
			return resourceNotFound()
		case "400":
			return badRequest(text)
		}
	}
	c.w.Header()["Allow"] = []string{res.allow}
	return &Problem{ID: InvalidMethod, Status: http.StatusMethodNotAllowed, Text: text}
}

// fail answers with an error, or cuts the connection where an answer is under way already.
func (a *Appliance) fail(c *call, err error) {
	if c.w.status != 0 {
		if c.r.Context().Err() == nil && c.fault == "" {
			a.log.Warn("an answer broke off", "operation", c.route.op.ID)
		}
		panic(http.ErrAbortHandler)
	}
	p := asProblem(err)
	if p.ID == InternalError && c.r.Context().Err() == nil {
		a.log.Error("a request could not be answered", "error", err)
	}
	a.problem(c, p)
}

// problem writes an error's body.
func (a *Appliance) problem(c *call, p *Problem) {
	if c.legacy && p.ID == BadRequest {
		p.ID = InvalidInput
	}
	c.problem = p
	if err := a.write(c, answer{status: p.Status, body: p.body(c.dialect, c.format)}); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// record tells the journal of an exchange that is over.
func (a *Appliance) record(c *call) {
	e := entry{
		Time: c.now, Remote: c.r.RemoteAddr, User: c.user.Name, Method: shortened(c.r.Method), Path: shortened(c.r.URL.EscapedPath()),
		Status: c.w.status, Took: a.clock.Machine().Sub(c.began), Sent: c.w.sent, Fault: c.fault,
	}
	if c.route != nil {
		e.Operation = c.route.op.ID
	}
	if c.problem != nil {
		e.ErrorID, e.Reason = c.problem.ID, c.problem.Text
	}
	said := c.w.begin
	if c.secret {
		said = fmt.Appendf(nil, "[%d bytes with a secret]", c.w.sent)
	}
	a.journal.Add(e, c.redacted(), said)
}

// shortened bounds what a client can make the journal keep.
func shortened(s string) string { return s[:min(len(s), 256)] }
