package corpus

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/flowgate-dev/flowgate/openapi"
	"github.com/flowgate-dev/flowgate/openapi/catalogue"
	"github.com/flowgate-dev/flowgate/openapi/schema"
)

// Sibling is what can be sent to an operation of a further document. What one does that is no GET or HEAD is not known,
// so that it is never asked for with good credentials.
type Sibling struct {
	ID string // as catalogue.SiblingID
	Op *openapi.Operation
	// Reads reports a GET or HEAD, which changes nothing.
	Reads bool
	// Good is the request that must be answered; Unknown says what keeps it from being known, "" where it is.
	Good    SiblingRequest
	Unknown string
	Guessed bool          // it holds values that the device need not know
	Wrong   []SiblingCase // what the document does not admit, each beside Good
	// Method is one that no document of the run gives the path; where it is "", Methodless says why.
	Method     string
	Methodless string
}

// SiblingRequest is where to send what. Path has its query with it; Body is nil for none.
type SiblingRequest struct {
	Path string
	Body []byte
}

// SiblingCase is a request that differs from the good one in one thing.
type SiblingCase struct {
	Kind string // catalogue.SiblingInvalid or catalogue.SiblingMissing
	Name string // of the step, such as limit/word
	What string // for people: the parameter limit is "flowgate"
	SiblingRequest
}

// Siblings reads off what can be sent to the operations of a further document, in the document's order. All are the
// documents of the run, this one and the built-in one included: what one of them knows is no method to try out.
func Siblings(doc *openapi.Document, all []*openapi.Document) []Sibling {
	var out []Sibling
	for _, op := range doc.Operations {
		s := Sibling{ID: catalogue.SiblingID(op), Op: op, Reads: op.Method == http.MethodGet || op.Method == http.MethodHead}
		a := &asking{op: op, values: map[string]string{}}
		a.fill()
		s.Good, s.Unknown, s.Guessed = a.request(), a.unknown, a.guessed
		if s.Asked() {
			s.Wrong = a.wrong()
		}
		if at := slices.IndexFunc(out, func(other Sibling) bool { return openapi.Alike(other.Op.Path, op.Path) }); at >= 0 {
			s.Methodless = "it is judged once for a path: see " + out[at].ID
		} else if s.Method = untold(all, op.Path); s.Method == "" {
			s.Methodless = "the documents give the path every method that could be tried"
		}
		out = append(out, s)
	}
	return out
}

// untold is a method that no document gives a path. DELETE is never tried.
func untold(all []*openapi.Document, path string) string {
	told := map[string]bool{}
	for _, doc := range all {
		for _, op := range doc.Operations {
			told[op.Method] = told[op.Method] || openapi.Alike(op.Path, path)
		}
	}
	for _, m := range []string{http.MethodPut, http.MethodPatch, http.MethodPost} {
		if !told[m] {
			return m
		}
	}
	return ""
}

// nothing is a word that no document means.
const nothing = "flowgate-nothing"

// asking is a request in the making: a text for each parameter that is sent, and the value of the body.
type asking struct {
	op      *openapi.Operation
	values  map[string]string // in/name → text
	body    any               // nil for none
	unknown string
	guessed bool
}

func where(p *schema.Parameter) string { return p.In + "/" + p.Name }

// fill finds the values of a good request: what is required, and nothing else.
func (a *asking) fill() {
	fake := schema.Fake(0, a.op.ID)
	for i := range a.op.Params {
		p := &a.op.Params[i]
		text, ok := p.Sample(fake)
		given := p.Example != nil || p.Schema != nil && p.Schema.Given()
		switch {
		case !p.Required && p.In != "path":
			continue
		case p.In == "cookie" || p.In == "header":
			a.miss("it needs the %s %s, which this harness does not send", p.In, p.Name)
		case p.In == "path" && !given:
			// What was made up still serves where nothing is to be found: without credentials.
			a.miss("the document gives no example of {%s}, so that it is not known what to ask for", p.Name)
		case !ok:
			a.miss("no value of %s can be made up (give it an example in the document)", p.Name)
		}
		if !ok {
			text = nothing
		}
		a.values[where(p)] = text
		a.guessed = a.guessed || p.In == "path" || !given
	}
	if a.op.Request == nil || a.op.Optional {
		return
	}
	if len(a.op.Examples) > 0 {
		if json.Unmarshal(a.op.Examples[0].Body, &a.body) == nil {
			return
		}
	}
	a.guessed = true
	var ok bool
	if a.body, ok = a.op.Request.Sample(fake); !ok {
		a.miss("no body that fits can be made up (give it an example in the document)")
	}
}

func (a *asking) miss(format string, args ...any) {
	if a.unknown == "" {
		a.unknown = fmt.Sprintf(format, args...)
	}
}

// request writes the address and the body.
func (a *asking) request() SiblingRequest {
	path := a.op.Path
	query := url.Values{}
	for i := range a.op.Params {
		p := &a.op.Params[i]
		text, sent := a.values[where(p)]
		switch {
		case p.In == "path":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(text))
		case p.In == "query" && sent:
			query.Set(p.Name, text)
		}
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	out := SiblingRequest{Path: path}
	if a.body != nil {
		out.Body, _ = json.Marshal(a.body) // it came from JSON
	}
	return out
}

// wrong lists requests that differ from the good one in one thing that the document does not admit.
func (a *asking) wrong() []SiblingCase {
	var out []SiblingCase
	add := func(kind, name, what string) {
		out = append(out, SiblingCase{kind, name, what, a.request()})
	}
	for i := range a.op.Params {
		p := &a.op.Params[i]
		if p.In != "query" {
			continue
		}
		key := where(p)
		text, sent := a.values[key]
		if sent {
			delete(a.values, key)
			add(catalogue.SiblingMissing, p.Name+"/missing", "the parameter "+p.Name+" is missing")
		}
		if !p.Fits(nothing) {
			a.values[key] = nothing
			add(catalogue.SiblingInvalid, p.Name+"/word", fmt.Sprintf("the parameter %s is %q", p.Name, nothing))
		}
		delete(a.values, key)
		if sent {
			a.values[key] = text
		}
	}
	if object, ok := a.body.(map[string]any); ok {
		a.wrongBodies(object, add)
	}
	return out
}

// wrongBodies change one property of an object each.
func (a *asking) wrongBodies(object map[string]any, add func(kind, name, what string)) {
	good := a.body
	defer func() { a.body = good }()
	for _, p := range a.op.Request.Properties() {
		if _, sent := object[p.Name]; !sent {
			continue
		}
		for _, c := range []struct {
			kind, name, what string
			value            any
		}{
			{catalogue.SiblingMissing, "missing", "is missing", nil},
			{catalogue.SiblingInvalid, "object", "is an object", map[string]any{"word": nothing}},
			{catalogue.SiblingInvalid, "word", fmt.Sprintf("is %q", nothing), nothing},
		} {
			changed := maps.Clone(object)
			if changed[p.Name] = c.value; c.value == nil {
				delete(changed, p.Name)
			}
			if !a.op.Request.Fits(changed) {
				a.body = changed
				add(c.kind, p.Name+"/"+c.name, "the property "+p.Name+" "+c.what)
			}
		}
	}
}

// Asked reports that the good request is sent, with good credentials.
func (s *Sibling) Asked() bool { return s.Reads && s.Unknown == "" }

// Cases are the wrong requests of one kind.
func (s *Sibling) Cases(kind string) []SiblingCase {
	return slices.DeleteFunc(slices.Clone(s.Wrong), func(c SiblingCase) bool { return c.Kind != kind })
}
