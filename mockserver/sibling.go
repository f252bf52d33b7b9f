package mockserver

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/flowgate-dev/flowgate/openapi"
	"github.com/flowgate-dev/flowgate/openapi/schema"
)

// join adds the operations of further documents. The error names what is there already, or cannot be made up.
func (r router) join(docs []*openapi.Document, seed uint64) error {
	for _, doc := range docs {
		for _, op := range doc.Operations {
			if err := r.add(op, seed); err != nil {
				return fmt.Errorf("mockserver: %s %s (operation %s): %w", op.Method, op.Path, op.ID, err)
			}
		}
	}
	return nil
}

func (r router) add(op *openapi.Operation, seed uint64) error {
	if r.has(op.ID) {
		return errors.New("an operation of this name is served already (hint: give it another operationId)")
	}
	res := r.twin(op.Path)
	if res == nil {
		res = &resource{methods: map[string]*route{}, legacy: legacyPath(op.Path), sibling: true}
		r[op.Path] = res
	}
	if !res.sibling || res.methods[op.Method] != nil {
		return errors.New("this path is served already (hint: take it out of the further document)")
	}
	out, err := madeUp(op, seed)
	if err != nil {
		return err
	}
	rt := &route{op: op, handle: func(a *Appliance, c *call) (answer, error) { return a.sibling(c, out) }}
	if op.Request != nil {
		rt.fields = fieldsOf(op.Request)
	}
	res.methods[op.Method] = rt
	res.list()
	return nil
}

// sibling answers an operation of a further document. It is JSON whatever is asked for.
func (a *Appliance) sibling(c *call, out answer) (answer, error) {
	if err := judgeQuery(c.route.op.Params, c.r.URL.Query()); err != nil {
		return answer{}, err
	}
	if c.decoded && !c.legacy {
		if err := a.validate(c, c.route.op.Request, c.route.fields, c.body.JSON, ""); err != nil {
			return answer{}, err
		}
	}
	c.format = inJSON
	return out, nil
}

// judgeQuery refuses a query that lacks what is required, or has what a parameter does not take. Parameters that the
// document does not know are nobody's.
func judgeQuery(params []schema.Parameter, query url.Values) error {
	for i := range params {
		p := &params[i]
		if p.In != "query" {
			continue
		}
		if len(query[p.Name]) == 0 && p.Required {
			return badRequest(p.Name + ": the address lacks this parameter (accepted: ?" + p.Name + "=…).")
		}
		for _, text := range query[p.Name] {
			if !p.Fits(text) {
				return badRequest(p.Name + ": the parameter does not take that value (accepted: " + accepted(p.Property()) + ").")
			}
		}
	}
	return nil
}

// madeUp is what an operation always answers: its first success, with an example of it or a value made up.
func madeUp(op *openapi.Operation, seed uint64) (answer, error) {
	at := slices.IndexFunc(op.Answers, func(x openapi.Answer) bool { return x.Status[0] == '2' })
	if at < 0 {
		at = slices.IndexFunc(op.Answers, func(x openapi.Answer) bool { return x.Status == "default" })
	}
	if at < 0 {
		return answer{status: http.StatusNoContent}, nil
	}
	said := op.Answers[at]
	status, err := strconv.Atoi(said.Status)
	if err != nil { // a range, or default
		status = http.StatusOK
		if said.Schema == nil {
			status = http.StatusNoContent
		}
	}
	var value any
	switch {
	case len(said.Examples) > 0:
		value = said.Examples[0].Value
	case said.Schema == nil:
		return answer{status: status}, nil
	default:
		var fits bool
		if value, fits = said.Schema.Sample(schema.Fake(seed, op.ID)); !fits {
			return answer{}, fmt.Errorf("an answer %s that fits its schema cannot be made up (hint: give the answer an example)", said.Status)
		}
	}
	body, err := json.Marshal(value)
	return answer{status: status, body: body}, err
}

// at finds the resource of a path: the one of exactly that name, or one of a further document with parameters.
func (r router) at(path string) *resource {
	if res := r[path]; res != nil {
		return res
	}
	best := ""
	for template, res := range r {
		if res.sibling && openapi.Fills(template, path) && (best == "" || moreExact(template, best)) {
			best = template
		}
	}
	return r[best]
}

// moreExact orders templates that fit one path: the one whose parameters begin later, then by name.
func moreExact(a, b string) bool {
	x, y := strings.IndexByte(a, '{'), strings.IndexByte(b, '{')
	return x > y || x == y && a < b
}

// twin is the resource of a path, whatever its parameters are called.
func (r router) twin(path string) *resource {
	for other, res := range r {
		if openapi.Alike(other, path) {
			return res
		}
	}
	return nil
}

// services adds those of further documents to a list.
func (r router) services(items []service) []service {
	for _, path := range slices.Sorted(maps.Keys(r)) {
		id, version := openapi.Service(path)
		if id == "" || !r[path].sibling {
			continue
		}
		at := slices.IndexFunc(items, func(s service) bool { return s.ID == id })
		if at < 0 {
			at = len(items)
			items = append(items, service{ID: id})
		}
		if !slices.Contains(items[at].Versions, version) {
			items[at].Versions = append(items[at].Versions, version)
		}
	}
	return items
}
