package rules

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
	"github.com/flowgate-dev/flowgate/openapi/catalogue"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

// Problem is the body of an error, as far as it could be read.
type Problem struct {
	Object map[string]any // nil where the body is no JSON object
	ID     string
}

func problem(x *exchange.Exchange) Problem {
	if !bytes.HasPrefix(bytes.TrimLeft(x.Response.Body, " \t\r\n"), []byte("{")) {
		return Problem{}
	}
	v, err := decode(x.Response.Body)
	if err != nil {
		return Problem{}
	}
	p := Problem{}
	p.Object, _ = v.(map[string]any)
	p.ID, _ = p.Object["error_id"].(string)
	return p
}

// brief is an answer in a few words: "status 400 BAD_REQUEST".
func brief(x *exchange.Exchange) string {
	if !x.Answered() {
		return "no answer (" + x.Error + ")"
	}
	text := fmt.Sprintf("status %d", x.Response.Status)
	switch id := problem(x).ID; {
	case id != "":
		text += " " + id
	case x.Response.Status >= 400:
		text += " without an error_id"
	}
	return text
}

// documentOf tells to which document an exchange belongs; unknown paths and methods on a path count with the path.
func documentOf(x *exchange.Exchange) catalogue.Document {
	switch {
	case strings.Contains(x.Request.URL, "flowgateway_analytics"):
		return catalogue.Analytics
	case strings.Contains(x.Request.URL, "gateway_backup"):
		return catalogue.Backup
	}
	return catalogue.Common
}

// documented reports that an error answer is one of which the document speaks: not that of an unknown path, nor of a
// wrong method where the document knows no such error.
func documented(x *exchange.Exchange) bool {
	if x.Response.Status < 400 || strings.HasPrefix(x.Probe, "path/") {
		return false
	}
	if strings.HasPrefix(x.Probe, "method/backup/") || strings.HasPrefix(x.Probe, "method/restore/") {
		return false
	}
	return x.Request.Method != http.MethodHead
}

// errorsOf lists the error answers of a document.
func errorsOf(e *check.Evidence, doc catalogue.Document) []exchange.Exchange {
	claimed := Claimed(e, doc)
	return e.Where(func(x *exchange.Exchange) bool {
		// What answers 404 to a documented request is not there at all; the rules of the resource tell so.
		return documentOf(x) == doc && documented(x) && (claimed || x.Response.Status != 404)
	})
}

const noErrors = "no error answer of this document was seen"

// eachError judges every error answer of a document.
func eachError(doc catalogue.Document, want string, judge func(x *exchange.Exchange, p Problem) string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, x := range errorsOf(e, doc) {
			if got := judge(&x, problem(&x)); got != "" {
				t.fail(&x, want, got)
			} else {
				t.pass(&x, want, brief(&x))
			}
		}
		return t.judgement(noErrors)
	}
}

// ErrorBody judges that errors have a JSON object as body.
func ErrorBody(doc catalogue.Document) check.Rule {
	return eachError(doc, "a JSON object as body", func(x *exchange.Exchange, p Problem) string {
		if p.Object == nil {
			return fmt.Sprintf("status %d with body %s", x.Response.Status, show(string(x.Response.Body)))
		}
		return ""
	})
}

// ErrorMediaType judges that errors whose body is JSON say so in their Content-Type.
func ErrorMediaType(doc catalogue.Document) check.Rule {
	return eachError(doc, jsonSaid, func(x *exchange.Exchange, p Problem) string {
		if said, ok := mediaType(x); p.Object != nil && !ok {
			return said
		}
		return ""
	})
}

// ErrorField judges that error_id or error_text is a string; error_id must hold something.
func ErrorField(doc catalogue.Document, field string) check.Rule {
	return eachError(doc, field+" is a string that says something", func(_ *exchange.Exchange, p Problem) string {
		if p.Object == nil {
			return "the body is no object"
		}
		v, ok := p.Object[field]
		if !ok {
			return field + " is missing"
		}
		text, ok := v.(string)
		if !ok || strings.TrimSpace(text) == "" {
			return field + " is " + show(v)
		}
		return ""
	})
}

// ErrorInfo notes whether error_info is there.
func ErrorInfo(doc catalogue.Document) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, x := range errorsOf(e, doc) {
			p := problem(&x)
			if p.Object == nil {
				continue
			}
			switch v, ok := p.Object["error_info"]; {
			case !ok:
				t.answer(&x, dialect.ErrorInfo, "absent")
			case v == nil:
				t.answer(&x, dialect.ErrorInfo, "null")
			default:
				t.answer(&x, dialect.ErrorInfo, "object")
			}
		}
		return t.judgement(noErrors)
	}
}

// ErrorKeys notes keys of errors that the documents do not list.
func ErrorKeys(doc catalogue.Document) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, x := range errorsOf(e, doc) {
			if p := problem(&x); p.Object != nil {
				if extra := unknownKeys(p.Object, []string{"error_id", "error_text", "error_info"}); len(extra) > 0 {
					t.note(&x, "errors also have "+strings.Join(extra, ", "))
				} else {
					t.pass(&x, "no more keys than the documents list", "none")
				}
			}
		}
		return t.judgement(noErrors)
	}
}

// statuses are those of the errors that the documents list.
var statuses = map[string]int{
	"BAD_REQUEST": 400, "AUTH_REQUIRED": 401, "AUTH_INVALID_CREDENTIALS": 401, "HTTP_INVALID_METHOD": 405, "INTERNAL_ERROR": 500,
}

// ErrorStatus judges that an error_id of the table comes with the status of the table.
func ErrorStatus(doc catalogue.Document) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, x := range e.Where(func(x *exchange.Exchange) bool { return documentOf(x) == doc && x.Answered() }) {
			p := problem(&x)
			status, known := statuses[p.ID]
			if !known || p.ID == "HTTP_INVALID_METHOD" && doc != catalogue.Analytics {
				continue
			}
			want := fmt.Sprintf("%s comes with status %d", p.ID, status)
			if x.Response.Status != status {
				t.fail(&x, want, fmt.Sprintf("status %d", x.Response.Status))
			} else {
				t.pass(&x, want, "it does")
			}
		}
		return t.judgement("no error_id of the table was seen")
	}
}

// ServerFault judges that no mistake of a client is answered as an internal error.
func ServerFault(doc catalogue.Document) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, x := range e.Where(func(x *exchange.Exchange) bool {
			return documentOf(x) == doc && x.Answered() && !positive(x.Probe) && !openMethod(x) && !looks(x)
		}) {
			if x.Response.Status >= 500 {
				t.fail(&x, "a client's mistake is told as such", brief(&x))
			} else {
				t.pass(&x, "a client's mistake is told as such", brief(&x))
			}
		}
		return t.judgement("no request with a mistake was sent")
	}
}

// looks reports a look at the status beside a request that is judged: no mistake of the client.
func looks(x *exchange.Exchange) bool {
	return slices.Contains([]string{"before", "poll", "end", "again", "other", "good"}, x.Step)
}

// openMethod reports a wrong method on a resource of the backup document, which names no error for it.
func openMethod(x *exchange.Exchange) bool {
	return strings.HasPrefix(x.Probe, "method/") && documentOf(x) == catalogue.Backup
}

// InternalError judges every answer of the 5xx class: 500 and INTERNAL_ERROR.
func InternalError(doc catalogue.Document) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, x := range e.Where(func(x *exchange.Exchange) bool { return documentOf(x) == doc && x.Answered() && !openMethod(x) }) {
			id := problem(&x).ID
			switch {
			case x.Response.Status < 500 && id != "INTERNAL_ERROR":
			case x.Response.Status == 500 && id == "INTERNAL_ERROR":
				t.pass(&x, "500 INTERNAL_ERROR", brief(&x))
			case x.Response.Status == http.StatusServiceUnavailable:
				t.note(&x, brief(&x)+": the device says that it is busy")
			default:
				t.fail(&x, "500 INTERNAL_ERROR", brief(&x))
			}
		}
		return t.judgement("the device never answered with an internal error, which cannot be provoked")
	}
}

// BadRequest judges that what a device refuses as an invalid argument is refused with 400 BAD_REQUEST.
func BadRequest(doc catalogue.Document) check.Rule {
	invalid := map[string]bool{}
	for _, c := range slices.Concat(corpus.Negative(), corpus.Jobs("backup/start"), corpus.Jobs("restore/start")) {
		invalid["negative/"+c.ID] = c.Expect != corpus.Any
	}
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, x := range e.Where(func(x *exchange.Exchange) bool { return documentOf(x) == doc && invalid[x.Probe] }) {
			switch {
			case x.Response.Status/100 != 4 || doc == catalogue.Backup && x.Step != "start" || missing(e, &x):
			case x.Response.Status == 400 && problem(&x).ID == "BAD_REQUEST":
				t.pass(&x, "400 BAD_REQUEST", brief(&x))
			default:
				t.fail(&x, "400 BAD_REQUEST", brief(&x))
			}
		}
		return t.judgement("the device refused no argument")
	}
}

// services are the services of the two documents, as a device lists them.
var services = map[catalogue.Document]string{
	catalogue.Analytics: "mgmt.flowgateway_analytics/1.0",
	catalogue.Backup:    "mgmt.gateway_backup/1.0",
}

// Claimed reports whether the device claims to offer a document's service. One that lists no services, or none of the
// two, claims all.
func Claimed(e *check.Evidence, doc catalogue.Document) bool {
	lists := false
	for _, name := range services {
		lists = lists || slices.Contains(e.Claims, name)
	}
	return !lists || services[doc] == "" || slices.Contains(e.Claims, services[doc])
}

// Offered reports that some request to a document's service was answered with anything but 404.
func Offered(e *check.Evidence, doc catalogue.Document) bool {
	return slices.ContainsFunc(e.Exchanges, func(x exchange.Exchange) bool {
		return documentOf(&x) == doc && x.Answered() && x.Response.Status != 404
	})
}
