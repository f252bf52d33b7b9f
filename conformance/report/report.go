// Package report renders a verdict.Report: as text for a terminal, JSON, JUnit, Markdown, HTML and SARIF. Renderers
// never judge: each says what the report says, in another form, and leaves the report as it is.
//
// Everything that a device has said (URLs, bodies, what a finding got, model and serial) is hostile until escaped for
// the format at hand: control characters never reach a terminal, markup never reaches a browser.
//
// Every renderer may be called from several goroutines for the same report. An error is that of the writer, wrapped
// with the name of the format; what has been written by then is not a whole report.
package report

import (
	"fmt"
	"strings"

	"github.com/flowgate-dev/flowgate/conformance/exchange"
	"github.com/flowgate-dev/flowgate/conformance/verdict"
	"github.com/flowgate-dev/flowgate/openapi/catalogue"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

// waived is the word of a check that a waiver covers, beside the words of verdict.Verdict.
const waived = "waived"

// subject is a report with what the renderers look up in it.
type subject struct {
	*verdict.Report
	texts     map[string]string // requirement → its text in the catalogue
	exchanges map[string]*verdict.Exchange
}

func study(r *verdict.Report) subject {
	s := subject{Report: r, texts: map[string]string{}, exchanges: map[string]*verdict.Exchange{}}
	for _, q := range catalogue.Requirements() {
		s.texts[q.ID] = q.Text
	}
	for i := range r.Exchanges {
		s.exchanges[r.Exchanges[i].ID] = &r.Exchanges[i]
	}
	return s
}

// text is what the check's requirement promises. A report of another version of flowgate may name requirements that
// the catalogue does not have.
func (s subject) text(c *verdict.Check) string {
	if text := s.texts[c.Requirement]; text != "" {
		return text
	}
	if text := catalogue.SiblingText(c.Requirement); text != "" {
		return text
	}
	return "requirement " + c.Requirement + ", which catalogue " + catalogue.Version + " does not have"
}

// waiver is the reason of the first waiver that covers the check.
func (s subject) waiver(c *verdict.Check) string {
	for _, w := range s.Waivers {
		if w.State == verdict.Applied && verdict.MatchGlob(w.Check, c.ID) {
			return w.Reason
		}
	}
	return ""
}

// with lists the checks of one word, in the order of the report.
func (s subject) with(word string) []*verdict.Check {
	var out []*verdict.Check
	for i := range s.Checks {
		if label(&s.Checks[i]) == word {
			out = append(out, &s.Checks[i])
		}
	}
	return out
}

// label is the one word under which a check is counted.
func label(c *verdict.Check) string {
	if c.Waived {
		return waived
	}
	return c.Verdict.String()
}

// violations are the findings for which a check failed, warned or broke.
func violations(c *verdict.Check) []verdict.Finding {
	var out []verdict.Finding
	for _, f := range c.Findings {
		if f.Verdict >= verdict.Warned {
			out = append(out, f)
		}
	}
	return out
}

// cite says where a promise stands, for people.
func cite(c catalogue.Citation) string {
	out := c.Document.Title() + ", section " + `"` + c.Section + `"`
	if c.Field != "" {
		out += ", field " + c.Field
	}
	return out
}

// request is an exchange's request in a few words, without the address that all of them share.
func (s subject) request(x *verdict.Exchange) string {
	return x.Request.Method + " " + strings.TrimPrefix(x.Request.URL, strings.TrimSuffix(s.Target.URL, "/"))
}

// outcome is an exchange's answer in a few words.
func outcome(x *verdict.Exchange) string {
	if x.Error != "" {
		return "no answer: " + x.Error
	}
	if x.Request.Method == exchange.MethodSend {
		return "done in " + millis(x.Timings.Total)
	}
	return fmt.Sprintf("%d in %s", x.Response.Status, millis(x.Timings.Total))
}

// millis writes milliseconds for people.
func millis(ms float64) string {
	switch {
	case ms >= 1000:
		return fmt.Sprintf("%.1f s", ms/1000)
	case ms >= 10:
		return fmt.Sprintf("%.0f ms", ms)
	}
	return fmt.Sprintf("%.1f ms", ms)
}

// short is the beginning of a commit.
func short(commit string) string { return line(commit[:min(len(commit), 12)], 0) }

// count is a number of checks under one word.
type count struct {
	Word string
	N    int
}

// counts lists the summary from the gravest word to the most harmless, zeros included.
func counts(s verdict.Summary) []count {
	return []count{
		{"broken", s.Broken},
		{"failed", s.Failed},
		{"warned", s.Warned},
		{waived, s.Waived},
		{"noted", s.Noted},
		{"unclaimed", s.Unclaimed},
		{"not-run", s.NotRun},
		{"pass", s.Passed},
	}
}

// tally is the summary in one line: the total, then every count that is not zero.
func tally(s verdict.Summary) string {
	var parts []string
	for _, c := range counts(s) {
		if c.N > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c.N, plain(c.Word)))
		}
	}
	return plural(s.Total, "check") + ": " + strings.Join(parts, ", ")
}

// plain is a verdict's word within a sentence.
func plain(word string) string {
	switch word {
	case "pass":
		return "passed"
	case "not-run":
		return "not run"
	}
	return word
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// headline is the verdict of the run in a sentence.
func headline(v verdict.Overall) string {
	switch v {
	case verdict.Conformant:
		return "Conformant: no check failed."
	case verdict.NotConformant:
		return "Not conformant."
	case verdict.Incomplete:
		return "Incomplete: this run proves nothing yet."
	case verdict.BrokenRun:
		return "Broken: the device could not be judged."
	}
	return "Unknown verdict."
}

// next is what to do now: the report's own hint, or what the verdict calls for.
func (s subject) next() string {
	failed := s.with("failed")
	switch {
	case s.Hint != "":
		return s.Hint
	case s.Verdict == verdict.Incomplete:
		return "see what was not judged and why, put that right, and run again"
	case len(failed) == 0:
		return ""
	}
	return "to try one again: flowgate check --replay " + failed[0].ID + " --from REPORT.json; to accept it knowingly: --waivers FILE"
}

// cause is why a run is broken or incomplete, with what to do, in one line.
func (s subject) cause() string {
	if s.Hint == "" {
		return line(s.Reason, 0)
	}
	return line(s.Reason+" (hint: "+s.Hint+")", 0)
}

// observation is one open question and what the device answered.
type observation struct {
	Key     string
	Ask     string // "" where the question is not in the table
	Answer  string
	Meaning string // "" where the answer is a value and not one of the named ones
}

// observations lists the dialect, sorted by question.
func (s subject) observations() []observation {
	out := make([]observation, 0, len(s.Dialect))
	for _, key := range sortedKeys(s.Dialect) {
		o := observation{Key: key, Answer: s.Dialect[key]}
		if q, ok := dialect.Find(dialect.Key(key)); ok {
			o.Ask = q.Ask
			for _, a := range q.Answers {
				if a.Name == o.Answer {
					o.Meaning = a.Meaning
				}
			}
		}
		out = append(out, o)
	}
	return out
}
