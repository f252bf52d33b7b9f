package conformance

import (
	"fmt"
	"slices"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/probes"
	"github.com/flowgate-dev/flowgate/conformance/rules"
	"github.com/flowgate-dev/flowgate/openapi"
	"github.com/flowgate-dev/flowgate/openapi/catalogue"
)

// sibling is a further document with what can be sent to its operations.
type sibling struct {
	doc        *openapi.Document
	operations []corpus.Sibling
}

// siblings reads further documents. The error names an operation that stands in two of them, or that the built-in
// document has: it would be judged twice, by different words.
func siblings(own *openapi.Document, docs []*openapi.Document) ([]sibling, error) {
	var out []sibling
	seen := map[string]string{}
	all := append([]*openapi.Document{own}, docs...)
	for _, doc := range docs {
		s := sibling{doc, corpus.Siblings(doc, all)}
		for i := range s.operations {
			op := s.operations[i].Op
			for _, other := range own.Operations {
				if other.Method == op.Method && openapi.Alike(other.Path, op.Path) {
					return nil, fmt.Errorf("%w: %s: %s %s is judged by the built-in document (hint: take it out of the further document)", ErrOptions, doc.Title, op.Method, op.Path)
				}
			}
			id := s.operations[i].ID
			if before, ok := seen[id]; ok {
				return nil, fmt.Errorf("%w: %s: operation %s is also in %s, and both would be judged as %s (hint: give one another operationId)", ErrOptions, doc.Title, op.ID, before, id)
			}
			seen[id] = doc.Title
		}
		out = append(out, s)
	}
	return out, nil
}

// absent reports that the device neither claims a service of the document nor has anything of it.
func (s *sibling) absent(e *check.Evidence) bool {
	return !slices.ContainsFunc(s.operations, func(op corpus.Sibling) bool {
		return rules.SiblingClaimed(e, op.Op) || rules.SiblingOffered(e, &op)
	})
}

// checks are the requirements of a further document, each with what judges it or with why nothing can.
func (s *sibling) checks() (list []catalogue.Requirement, rows []row) {
	judges := map[string]judge{}
	for i := range s.operations {
		for kind, j := range judgesOf(&s.operations[i]) {
			judges[s.operations[i].ID+"/"+kind] = j
		}
	}
	for _, r := range catalogue.Sibling(s.doc) {
		j := judges[r.ID]
		r.Untested = j.untested
		list = append(list, r)
		if j.untested == "" {
			rows = append(rows, row{r.ID, "", j.probes, j.rule})
		}
	}
	return list, rows
}

// judge is what judges a requirement of an operation of a further document, or why nothing can.
type judge struct {
	untested string
	probes   []string
	rule     check.Rule
}

// judgesOf are the judges of one operation, by what they judge.
func judgesOf(s *corpus.Sibling) map[string]judge {
	name := func(probe string) string { return probes.SiblingProbe(s, probe) }
	asked, denied, wrong, method := name(probes.Asked), name(probes.Denied), name(probes.Wrong), name(probes.Foreign)
	unasked := s.Unknown
	if !s.Reads {
		unasked = "what " + s.Op.Method + " would change is not known, so that it is never sent with good credentials"
	}
	var sent []string // of what changes nothing
	if s.Asked() {
		sent = append(sent, asked)
	}
	if s.Reads && !s.Op.Open {
		sent = append(sent, denied)
	}
	if len(s.Wrong) > 0 {
		sent = append(sent, wrong)
	}
	unseen, open := "", ""
	if len(sent) == 0 {
		unseen = unasked
	}
	if s.Op.Open {
		open = "the further document asks for no credentials"
	}
	refused := func(kind string) judge {
		j := judge{unasked, []string{asked, wrong}, rules.SiblingRefused(s, kind, asked, wrong)}
		if unasked == "" && len(s.Cases(kind)) == 0 {
			j.untested = "the further document admits everything that could be tried"
		}
		return j
	}
	return map[string]judge{
		catalogue.SiblingStatus:  {unasked, []string{asked}, rules.SiblingStatus(s, asked)},
		catalogue.SiblingShape:   {unseen, sent, rules.SiblingShape(s)},
		catalogue.SiblingAuth:    {open, []string{denied}, rules.KeptOut("401 without good credentials", []string{"denied"}, denied)},
		catalogue.SiblingMethod:  {s.Methodless, []string{method}, rules.SiblingMethod(s, method)},
		catalogue.SiblingInvalid: refused(catalogue.SiblingInvalid),
		catalogue.SiblingMissing: refused(catalogue.SiblingMissing),
		catalogue.SiblingSteady:  {unseen, sent, rules.SiblingSteady(s)},
	}
}
