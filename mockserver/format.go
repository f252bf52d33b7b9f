package mockserver

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/flowgate-dev/flowgate/mockserver/payload"
)

// format is how an answer is written.
type format uint8

const (
	inJSON format = iota
	inXML
)

var headerXML = []string{"application/xml"}

func (f format) header() []string {
	if f == inXML {
		return headerXML
	}
	return headerJSON
}

// marshal renders a value. XML has each element on a line of its own, which clients that read lines rely on.
func (f format) marshal(v any) ([]byte, error) {
	if f == inJSON {
		return json.Marshal(v)
	}
	text, err := xml.MarshalIndent(v, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(append([]byte(xml.Header), text...), '\n'), nil
}

// legacyPath reports whether a path is of one of the older APIs: they answer XML unless JSON is asked for by name, and
// their paths take a suffix that decides.
func legacyPath(path string) bool {
	return strings.HasPrefix(path, "/api/common/") || strings.HasPrefix(path, "/api/gateway/") || strings.HasPrefix(path, "/api/profiler/")
}

// tokenPath is the one resource of the older APIs that answers JSON by itself, as OAuth 2.0 has it (RFC 6749, 5.1).
const tokenPath = "/api/common/1.0/oauth/token"

// resource finds what the request asks for, and the format of its answer.
func (a *Appliance) resource(c *call) *resource {
	path := c.r.URL.EscapedPath()
	if !legacyPath(path) {
		return a.router.at(path)
	}
	c.legacy = true
	rule := inXML
	if strings.HasPrefix(path, tokenPath) {
		rule = inJSON
	}
	c.format = preferred(c.r.Header["Accept"], rule)
	if bare, ok := strings.CutSuffix(path, ".json"); ok {
		path, c.format = bare, inJSON
	} else if bare, ok := strings.CutSuffix(path, ".xml"); ok {
		path, c.format = bare, inXML
	}
	return a.router.at(path)
}

// preferred is JSON where it is asked for by name and not less than XML, XML where that is asked for by name, and
// otherwise the format that is the rule.
func preferred(accept []string, rule format) format {
	var named [2]float64
	for _, part := range strings.Split(strings.Join(accept, ","), ",") {
		kind, parameters, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		weight := 1.0
		if q, err := strconv.ParseFloat(parameters["q"], 64); err == nil {
			weight = q
		}
		switch kind {
		case "application/json", "text/json":
			named[inJSON] = max(named[inJSON], weight)
		case "application/xml", "text/xml":
			named[inXML] = max(named[inXML], weight)
		}
	}
	switch {
	case named[inJSON] > 0 && named[inJSON] >= named[inXML]:
		return inJSON
	case named[inXML] > 0:
		return inXML
	}
	return rule
}

// say answers with a value that has names for JSON and XML.
func (c *call) say(v any) (answer, error) {
	body, err := c.format.marshal(v)
	return answer{status: http.StatusOK, body: body}, err
}

// list is a value that is an array in JSON and has a root in XML.
type list[T any] struct {
	root  xml.Name
	items []T
}

// MarshalJSON implements json.Marshaler.
func (l list[T]) MarshalJSON() ([]byte, error) { return json.Marshal(l.items) }

// MarshalXML implements xml.Marshaler.
func (l list[T]) MarshalXML(e *xml.Encoder, start xml.StartElement) error {
	start.Name = l.root
	return e.EncodeElement(struct{ Items []T }{l.items}, start)
}

// invalidInput is the BAD_REQUEST of the older APIs.
func invalidInput(text string) *Problem {
	return &Problem{ID: InvalidInput, Status: http.StatusBadRequest, Text: text}
}

// readLegacy reads a body that may be JSON, a form or XML into the object that the operation's schema judges. What it
// looks like decides; Content-Type must only be one of those that there are.
func (a *Appliance) readLegacy(c *call) error {
	if err := known(c.r.Header["Content-Type"]); err != nil {
		return err
	}
	if err := a.fetch(c); err != nil {
		return err
	}
	var object map[string]any
	var err error
	switch text := bytes.TrimSpace(c.raw); {
	case len(text) == 0:
		return undecodable(payload.ErrEmpty)
	case text[0] == '{' || text[0] == '[':
		c.body, err = payload.Decode(text)
		if err != nil {
			return undecodable(err)
		}
		c.decoded = true
		return a.validate(c, c.route.op.Request, c.route.fields, c.body.JSON, "")
	case text[0] == '<':
		object, err = fromXML(text)
	default:
		object, err = fromForm(string(text))
	}
	if err != nil {
		return invalidInput("The body is not what it should be: " + err.Error() + " (accepted: a JSON object, a form or an XML element with these properties: " + c.route.fields.names() + ").")
	}
	c.body, c.decoded = payload.Value{JSON: object, Secret: true}, true
	return a.validate(c, c.route.op.Request, c.route.fields, object, "")
}

// known refuses a type of body that the older APIs do not read.
func known(header []string) error {
	if len(header) == 0 {
		return nil
	}
	kind, _, err := mime.ParseMediaType(header[0])
	switch kind {
	case "application/json", "text/json", "application/xml", "text/xml", "application/x-www-form-urlencoded":
		if err == nil && len(header) == 1 {
			return nil
		}
	}
	return &Problem{
		ID: InvalidHeader, Status: http.StatusBadRequest,
		Text: "Content-Type: this type of body is not known here (accepted: application/json, application/xml, application/x-www-form-urlencoded).",
	}
}

// fromForm reads a form. Its errors hold nothing of it.
func fromForm(text string) (map[string]any, error) {
	values, err := url.ParseQuery(text)
	if err != nil {
		return nil, errors.New("its percent signs are wrong")
	}
	out := map[string]any{}
	for name, all := range values {
		if len(all) != 1 {
			return nil, errors.New("a name is there twice")
		}
		out[name] = all[0]
	}
	return out, nil
}

// fromXML reads the attributes and the child elements of the root. Its errors hold nothing of them.
func fromXML(text []byte) (map[string]any, error) {
	out := map[string]any{}
	wrong := errors.New("it is no well-formed XML, or a name is there twice")
	put := func(name, value string) error {
		if _, twice := out[name]; twice {
			return wrong
		}
		out[name] = value
		return nil
	}
	dec := xml.NewDecoder(bytes.NewReader(text))
	depth, roots := 0, 0
	for {
		token, err := dec.Token()
		switch {
		case err == io.EOF && roots == 1: //nolint:errorlint // a Decoder's EOF is never wrapped
			return out, nil
		case err != nil:
			return nil, wrong
		}
		switch t := token.(type) {
		case xml.StartElement:
			if depth == 1 {
				var value string
				if dec.DecodeElement(&value, &t) != nil || put(t.Name.Local, value) != nil {
					return nil, wrong
				}
				continue
			}
			depth++
			roots++
			for _, attribute := range t.Attr {
				if put(attribute.Name.Local, attribute.Value) != nil {
					return nil, wrong
				}
			}
		case xml.EndElement:
			depth--
		}
	}
}
