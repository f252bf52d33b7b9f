package mockserver

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"net/http"

	"github.com/flowgate-dev/flowgate/openapi/dialect"
	"github.com/flowgate-dev/flowgate/openapi/schema"
)

// The error ids that this appliance answers with.
const (
	BadRequest         = "BAD_REQUEST" // of mgmt services; the older ones say InvalidInput
	AuthRequired       = "AUTH_REQUIRED"
	InvalidCredentials = "AUTH_INVALID_CREDENTIALS"
	InvalidSession     = "AUTH_INVALID_SESSION"
	InvalidToken       = "AUTH_INVALID_TOKEN"
	ExpiredToken       = "AUTH_EXPIRED_TOKEN"
	InvalidCode        = "AUTH_INVALID_CODE"
	ExpiredCode        = "AUTH_EXPIRED_CODE"
	ExpiredPassword    = "AUTH_EXPIRED_PASSWORD"
	DisabledAccount    = "AUTH_DISABLED_ACCOUNT"
	Forbidden          = "AUTH_FORBIDDEN"
	InvalidMethod      = "HTTP_INVALID_METHOD"
	InvalidHeader      = "HTTP_INVALID_HEADER"
	InvalidInput       = "REQUEST_INVALID_INPUT"
	InvalidParameter   = "URI_INVALID_PARAMETER"
	MissingParameter   = "URI_MISSING_PARAMETER"
	NotFound           = "RESOURCE_NOT_FOUND"
	Conflict           = "RESOURCE_CONFLICT"
	InternalError      = "INTERNAL_ERROR"
)

// Problem is an error as the API tells it (both documents, Error Codes). Handlers return it; one adapter writes it.
type Problem struct {
	ID      string
	Status  int
	Text    string          // for people: the field, what was wrong, what is accepted; never a secret
	Details []schema.Detail // of error_info, where the dialect has it
}

// Error renders the id and the text.
func (p *Problem) Error() string { return p.ID + ": " + p.Text }

func badRequest(text string) *Problem {
	return &Problem{ID: BadRequest, Status: http.StatusBadRequest, Text: text}
}

// asProblem makes a Problem of any error. What is not one already tells nothing of itself.
func asProblem(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	return &Problem{ID: InternalError, Status: http.StatusInternalServerError, Text: "Internal error."}
}

// body is the documented body of an error.
func (p *Problem) body(d dialect.Dialect, f format) []byte {
	out := struct {
		XMLName xml.Name `json:"-" xml:"error"`
		ID      string   `json:"error_id" xml:"error_id,attr"`
		Text    string   `json:"error_text" xml:"error_text,attr"`
		Info    any      `json:"error_info,omitempty" xml:"-"`
	}{ID: p.ID, Text: p.Text}
	switch d.Answer(dialect.ErrorInfo) {
	case "null":
		out.Info = json.RawMessage("null")
	case "object":
		details := p.Details
		if details == nil {
			details = []schema.Detail{}
		}
		out.Info = map[string]any{"details": details}
	}
	text, err := f.marshal(out)
	if err != nil {
		return []byte(`{"error_id":"INTERNAL_ERROR","error_text":"Internal error."}`)
	}
	return text
}
