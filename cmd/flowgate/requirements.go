package main

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/flowgate-dev/flowgate/conformance"
	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/observer"
	"github.com/flowgate-dev/flowgate/openapi"
	"github.com/flowgate-dev/flowgate/openapi/catalogue"
)

// requirement is one promise with the checks that judge it.
type requirement struct {
	ID       string             `json:"id"`
	Text     string             `json:"text"`
	Level    catalogue.Level    `json:"level"`
	Standing catalogue.Standing `json:"standing"`
	Source   catalogue.Citation `json:"source"`
	Checks   []string           `json:"checks"`
	Untested string             `json:"untested,omitempty"` // why no check can judge it
}

// requirements lists the catalogue, in the order of the documents, and what further documents promise.
func requirements(further []*openapi.Document) ([]requirement, error) {
	all, err := conformance.Requirements(further)
	if err != nil {
		return nil, wrong("", "--spec: %w", err)
	}
	checks, err := conformance.List(conformance.Options{Allow: check.Destroy, Profile: check.Full, Target: &observer.Observer{}, Siblings: further})
	if err != nil {
		return nil, broken("", "%w", err)
	}
	by := map[string][]string{}
	for i := range checks {
		id := checks[i].Requirement.ID
		by[id] = append(by[id], checks[i].ID)
	}
	var out []requirement
	for _, r := range all {
		x := requirement{ID: r.ID, Text: r.Text, Level: r.Level, Standing: r.Standing, Source: r.Source, Checks: by[r.ID], Untested: r.Untested}
		if x.Checks == nil {
			x.Checks = []string{}
		}
		out = append(out, x)
	}
	return out, nil
}

// requirementsMarkdown is the list as docs/requirements.md: each document section by section.
func requirementsMarkdown(list []requirement) []byte {
	var b bytes.Buffer
	checks, untested := 0, 0
	for _, r := range list {
		checks += len(r.Checks)
		if r.Untested != "" {
			untested++
		}
	}
	fmt.Fprintf(&b, `# Requirements

Written by `+"`flowgate spec requirements`"+`; a test compares this page with what the command prints.

Every promise of the documents, section by section, with the checks that judge it. Catalogue %s: %d requirements, %d
checks, %d requirements that cannot be tested and say why.

A violated *must* fails a device, a violated *should* warns, a *may* is only noted. The standing says how firmly the
document speaks: *stated* in its words, *exemplified* by an example, *inferred* from its words, *contradicted* by
another place of it (then every reading passes), or *silent* (then what the device does is noted).

A check that is named like its requirement is shown as "itself"; other names are continued after the requirement's.
`, catalogue.Version, len(list), checks, untested)
	var at catalogue.Citation
	for i, r := range list {
		if i == 0 || r.Source.Document != at.Document {
			fmt.Fprintf(&b, "\n## %s\n", r.Source.Document.Title())
			at.Section = ""
		}
		if r.Source.Section != at.Section {
			fmt.Fprintf(&b, "\n### %s\n\n| requirement | field | level | standing | promise | judged by |\n|---|---|---|---|---|---|\n", r.Source.Section)
		}
		at = r.Source
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", r.ID, code(r.Source.Field), r.Level, r.Standing, cell(r.Text), judgedBy(r))
	}
	return b.Bytes()
}

func judgedBy(r requirement) string {
	if r.Untested != "" {
		return "cannot be tested: " + cell(r.Untested)
	}
	names := make([]string, 0, len(r.Checks))
	for _, id := range r.Checks {
		if id == r.ID {
			names = append(names, "itself")
		} else {
			names = append(names, "`"+strings.TrimPrefix(id, r.ID+"/")+"`")
		}
	}
	return strings.Join(names, ", ")
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + cell(s) + "`"
}

// cell keeps a text inside its cell of a table.
func cell(s string) string { return strings.NewReplacer("|", `\|`, "\n", " ").Replace(s) }
