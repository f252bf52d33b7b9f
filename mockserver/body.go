package mockserver

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"os"

	"github.com/flowgate-dev/flowgate/mockserver/payload"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
	"github.com/flowgate-dev/flowgate/openapi/schema"
)

// maxKept is the largest buffer that goes back to the pool.
const maxKept = 64 << 10

// readBody reads and decodes the body of an operation that takes one.
func (a *Appliance) readBody(c *call) error {
	if c.dialect.Answer(dialect.ContentType) == "json" {
		if kind, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
			return badRequest("Content-Type: this type of body is not known here (accepted: application/json).")
		}
	}
	if err := a.fetch(c); err != nil {
		return err
	}
	v, err := payload.Decode(c.raw)
	if err != nil {
		return undecodable(err)
	}
	c.body, c.decoded = v, true
	return nil
}

func undecodable(err error) error {
	var where *payload.Error
	switch {
	case errors.Is(err, payload.ErrEmpty):
		return badRequest("The request needs a body and has none (accepted: one JSON value, as the documents show it).")
	case errors.As(err, &where):
		p := badRequest("The body is not what it should be: " + where.Error() + " (accepted: exactly one JSON value).")
		p.Details = []schema.Detail{{Keyword: "json", Reason: where.Error()}}
		return p
	}
	return err
}

// fetch reads the whole body into c.raw.
func (a *Appliance) fetch(c *call) error {
	limit := a.limits.Body
	if c.r.ContentLength == 0 {
		return nil
	}
	if c.r.ContentLength > limit {
		return tooLarge(c, limit)
	}
	c.space = a.pools.buffers.Get().(*[]byte) //nolint:forcetypeassert // the pool holds nothing else
	c.raw = (*c.space)[:0]
	for {
		if len(c.raw) == cap(c.raw) {
			c.raw = append(c.raw, 0)[:len(c.raw)]
		}
		n, err := c.r.Body.Read(c.raw[len(c.raw):cap(c.raw)])
		c.raw = c.raw[:len(c.raw)+n]
		switch {
		case int64(len(c.raw)) > limit:
			return tooLarge(c, limit)
		case err == io.EOF: //nolint:errorlint // a Reader's EOF is never wrapped
			return nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			c.w.Header()["Connection"] = []string{"close"}
			return badRequest(fmt.Sprintf("The body did not arrive in time (accepted: within %v).", a.limits.Request))
		case err != nil:
			c.w.Header()["Connection"] = []string{"close"}
			return badRequest("The body broke off or is framed wrongly (accepted: Content-Length or chunked encoding, RFC 9112).")
		}
	}
}

func tooLarge(c *call, limit int64) *Problem {
	c.w.Header()["Connection"] = []string{"close"}
	return badRequest(fmt.Sprintf("The body is too large (accepted: at most %d bytes).", limit))
}

// release gives a call's space back.
func (a *Appliance) release(c *call) {
	if c.space != nil && cap(c.raw) <= maxKept {
		clear(c.raw) // it may hold a secret
		*c.space = c.raw[:0]
		a.pools.buffers.Put(c.space)
	}
	c.raw, c.space = nil, nil
	*c.w = recorder{begin: c.w.begin[:0]}
	a.pools.recorders.Put(c.w)
}

// redacted is the request's body for the journal. A body that could not be decoded may hold a secret anywhere, so
// nothing of it is told.
func (c *call) redacted() []byte {
	switch {
	case !c.decoded:
		if len(c.raw) > 0 {
			return fmt.Appendf(nil, "[%d bytes that could not be decoded]", len(c.raw))
		}
		return nil
	case !c.body.Secret:
		return c.raw
	}
	text, err := json.Marshal(payload.Redacted(c.body.JSON))
	if err != nil {
		return nil
	}
	return text
}

// validate judges a value by a schema. The dialect may forgive what it leaves open.
func (a *Appliance) validate(c *call, s *schema.Schema, f fields, value any, prefix string) error {
	details := s.Validate(value)
	if len(details) == 0 {
		return nil
	}
	left := details[:0]
	for _, d := range details {
		if !forgiven(c, d, value) {
			left = append(left, d)
		}
	}
	if len(left) == 0 {
		return nil
	}
	return f.explain(prefix, left)
}

// forgiven reports whether a dialect admits what the schema does not.
func forgiven(c *call, d schema.Detail, value any) bool {
	switch {
	case d.Keyword == "additionalProperties":
		return c.dialect.Answer(dialect.ExtraKeys) == "ignore"
	case d.Keyword == "required" && d.Pointer == "/source_ip":
		return c.dialect.Answer(dialect.AbsentSource) == "all"
	case d.Keyword == "minimum" && d.Pointer == "/time_interval":
		object, _ := value.(map[string]any)
		return object["time_interval"] == 0.0 && c.dialect.Answer(dialect.ZeroInterval) == "empty"
	}
	return false
}
