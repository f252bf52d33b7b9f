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
	for _, doc := range docs {
		s := sibling{doc, corpus.Siblings(doc)}
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
	probes   []string
	rule     check.Rule
	untested string
}

// judgesOf are the judges of one operation, by what they judge.
func judgesOf(s *corpus.Sibling) map[string]judge {
	name := func(probe string) string { return probes.SiblingProbe(s, probe) }
	asked, denied, wrong, method := name(probes.Asked), name(probes.Denied), name(probes.Wrong), name(probes.Foreign)
	unless := func(untested string, probes []string, rule check.Rule) judge {
		if untested != "" {
			return judge{untested: untested}
		}
		return judge{probes, rule, ""}
	}
	unasked := s.Unknown
	if !s.Reads {
		unasked = "what " + s.Op.Method + " would change is not known, so that it is never sent with good credentials"
	}
	unlike := func(kind string) string {
		if unasked == "" && len(s.Cases(kind)) == 0 {
			return "the further document admits everything that could be tried"
		}
		return unasked
	}
	var sent []string
	for _, p := range []struct {
		name string
		sent bool
	}{{asked, s.Asked()}, {denied, !s.Op.Open && s.Reads}, {wrong, len(s.Wrong) > 0}} {
		if p.sent {
			sent = append(sent, p.name)
		}
	}
	return map[string]judge{
		catalogue.SiblingStatus:  unless(unasked, []string{asked}, rules.SiblingStatus(s, asked)),
		catalogue.SiblingShape:   unless(reasonIf(len(sent) == 0, unasked), sent, rules.SiblingShape(s)),
		catalogue.SiblingSteady:  unless(reasonIf(len(sent) == 0, unasked), sent, rules.SiblingSteady(s)),
		catalogue.SiblingAuth:    unless(reasonIf(s.Op.Open, "the further document asks for no credentials"), []string{denied}, rules.KeptOut("401 without good credentials", []string{"denied"}, denied)),
		catalogue.SiblingMethod:  unless(reasonIf(s.Method == "", "the further document gives the path every method that could be tried"), []string{method}, rules.SiblingMethod(s, method)),
		catalogue.SiblingInvalid: unless(unlike(catalogue.SiblingInvalid), []string{asked, wrong}, rules.SiblingRefused(s, catalogue.SiblingInvalid, asked, wrong)),
		catalogue.SiblingMissing: unless(unlike(catalogue.SiblingMissing), []string{asked, wrong}, rules.SiblingRefused(s, catalogue.SiblingMissing, asked, wrong)),
	}
}

// reasonIf is a reason that holds, or "".
func reasonIf(holds bool, reason string) string {
	if holds {
		return reason
	}
	return ""
}
