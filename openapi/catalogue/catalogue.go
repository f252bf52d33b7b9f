// Package catalogue lists every promise of the two documents, each as a [Requirement] with a citation. It is the one
// vocabulary in which the judge speaks: every check belongs to one requirement, every requirement stands in every
// report, judged or not, and what cannot be tested says why.
package catalogue

import (
	"slices"
	"strings"
)

// Level is how much a requirement weighs when a device does not meet it.
type Level string

// The levels: a violated must fails, a violated should warns, a may is only noted.
const (
	Must   Level = "must"
	Should Level = "should"
	May    Level = "may"
)

// Standing is how a requirement stands in the documents.
type Standing string

// The standings, from the firmest to none.
const (
	Stated       Standing = "stated"       // the document says it
	Exemplified  Standing = "exemplified"  // an example shows it
	Inferred     Standing = "inferred"     // the words entail it
	Contradicted Standing = "contradicted" // two places disagree; every reading passes
	Silent       Standing = "silent"       // nothing is said; what the device does is recorded
)

// Document names a source document: one of those below, or a further document; see SiblingDocument.
type Document string

// The documents.
const (
	Analytics Document = "analytics" // flow analytics, import_stats
	Backup    Document = "backup"    // backup and restore, created 16 January 2025
	Common    Document = "common"    // what is known of the Common API that both refer to
	Gateway   Document = "gateway"   // what is known of a sibling service, which devices may list
)

// Title is the document's name for people.
func (d Document) Title() string {
	switch d {
	case Analytics:
		return "FlowGateway analytics API"
	case Backup:
		return "Backup and restore API"
	case Gateway:
		return "Gateway API (facts)"
	case Common:
		return "Common API (facts)"
	}
	return strings.TrimPrefix(string(d), "spec: ") + " (further document)"
}

// Citation is where a promise stands.
type Citation struct {
	Document Document `json:"document"`
	Section  string   `json:"section"`
	Field    string   `json:"field,omitempty"`
}

// Requirement is one promise of one document, in our words.
type Requirement struct {
	ID       string // semantic, slash-separated, such as analytics/request/type-b/start-time
	Text     string
	Level    Level
	Standing Standing
	Source   Citation
	Untested string // why no check can judge it; "" where checks do
}

// Version names this list; a report carries it. It changes when a requirement is added, removed or re-levelled.
const Version = "2026-11-23"

// Requirements lists all requirements, in the order of the documents.
func Requirements() []Requirement {
	return slices.Concat(
		analyticsRequirements(), backupRequirements(), targetRequirements(), commonRequirements(), accessRequirements(), gatewayRequirements(),
	)
}

// Find returns the requirement of that id.
func Find(id string) (Requirement, bool) {
	for _, r := range Requirements() {
		if r.ID == id {
			return r, true
		}
	}
	return Requirement{}, false
}

// Template is one of the three request templates of import_stats.
type Template struct {
	Name string // "A", "B", "C"
	Slug string // "type-a"
}

// Templates lists the three.
func Templates() []Template {
	return []Template{{"A", "type-a"}, {"B", "type-b"}, {"C", "type-c"}}
}

// section is a builder of the requirements of one section of one document.
type section struct {
	doc    Document
	name   string
	prefix string
	rows   []Requirement
}

// add appends a requirement; id is relative to the section's prefix, field as the document writes it.
func (s *section) add(id, field string, level Level, standing Standing, text string) {
	s.rows = append(s.rows, Requirement{
		ID: strings.TrimSuffix(s.prefix+"/"+id, "/"), Text: text, Level: level, Standing: standing,
		Source: Citation{s.doc, s.name, field},
	})
}

// untested appends a requirement that no check can judge, with the reason.
func (s *section) untested(id, field string, standing Standing, text, why string) {
	s.add(id, field, May, standing, text)
	s.rows[len(s.rows)-1].Untested = why
}
