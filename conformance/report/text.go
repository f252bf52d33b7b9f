package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/flowgate-dev/flowgate/conformance/verdict"
)

// TextOptions say how text is laid out. The zero value is plain, brief, 80 columns wide.
type TextOptions struct {
	Color   bool // ANSI colours
	Verbose bool // whole exchanges, every finding, and the checks that passed
	Width   int  // columns; 0 is 80. A curl line and a word that is longer are never broken.
}

const (
	briefFindings = 3   // of one check, unless verbose
	briefIDs      = 4   // of one gap, unless verbose
	briefValue    = 400 // runes of one value, unless verbose
)

// Text writes the report for a person at a terminal: what was judged, what is wrong with the evidence to repeat it,
// what was not judged and why, the open questions, and last, where a terminal stands, the sums, the verdict and what to
// do next.
func Text(w io.Writer, r *verdict.Report, o TextOptions) error {
	if o.Width <= 0 {
		o.Width = 80
	}
	p := &page{Writer: bufio.NewWriter(w), subject: study(r), o: o, shown: map[string]bool{}}
	p.device()
	for _, word := range []string{"broken", "failed", "warned"} {
		p.accused(word)
	}
	p.covered()
	p.gaps()
	if o.Verbose {
		p.met()
	}
	p.questions()
	p.end()
	if err := p.Flush(); err != nil {
		return fmt.Errorf("report: text: %w", err)
	}
	return nil
}

// page is a text in the making. Its writer remembers the first error.
type page struct {
	*bufio.Writer
	subject
	o     TextOptions
	shown map[string]bool // exchanges that stand above already
}

// colours are those of the words, as parameters of ANSI's SGR.
func colour(word string) string {
	switch word {
	case "broken":
		return "1;35"
	case "failed", string(verdict.NotConformant):
		return "1;31"
	case "warned", string(verdict.Incomplete):
		return "1;33"
	case "pass", string(verdict.Conformant):
		return "1;32"
	case waived, "noted":
		return "1;36"
	case "quiet":
		return "2"
	}
	return "1"
}

func (p *page) paint(word, s string) string {
	if !p.o.Color {
		return s
	}
	return "\x1b[" + colour(word) + "m" + s + "\x1b[0m"
}

func (p *page) print(format string, args ...any) {
	_, _ = fmt.Fprintf(p.Writer, format, args...) // a bufio.Writer gives its error once more to Flush
}

// field writes a name and a wrapped value under it, the name at an indent and the value aligned at another.
func (p *page) field(indent, column int, name, value string) {
	head := strings.Repeat(" ", indent) + name
	if name != "" && utf8.RuneCountInString(head) >= column {
		p.print("%s\n", head)
		head = ""
	}
	for _, l := range wrap(value, p.o.Width-column) {
		p.print("%s\n", strings.TrimRight(fmt.Sprintf("%-*s%s", column, head, l), " "))
		head = ""
	}
}

func (p *page) paragraph(indent int, s string) { p.field(indent, indent, "", s) }

func (p *page) value(s string) string {
	if p.o.Verbose {
		return line(s, 0)
	}
	return line(s, briefValue)
}

// device says what was judged, by what, and how.
func (p *page) device() {
	t, run, h := &p.Target, &p.Run, &p.Harness
	p.field(0, 10, "device", line(t.URL, 0))
	about := []string{}
	for _, f := range [][2]string{{"model", t.Model}, {"serial", t.Serial}, {"version", t.Version}} {
		if f[1] != "" {
			about = append(about, f[0]+" "+p.value(f[1]))
		}
	}
	if len(about) == 0 {
		about = append(about, "it does not tell its model, serial or version")
	}
	p.field(0, 10, "", strings.Join(about, ", "))
	if t.Fingerprint != "" {
		p.field(0, 10, "", "certificate "+line(t.Fingerprint, 0))
	}
	if len(t.Claims) > 0 {
		p.field(0, 10, "claims", p.value(strings.Join(t.Claims, ", ")))
	}
	p.field(0, 10, "judge", fmt.Sprintf("flowgate %s, commit %s, catalogue %s", line(h.Version, 0), short(h.Commit), line(h.Catalogue, 0)))
	p.field(0, 10, "run", fmt.Sprintf("%s, %s UTC, %s; allow %s, profile %s, seed %d, clock skew %+d ms",
		line(run.ID, 0), run.Started.UTC().Format(time.DateTime), millis(float64(run.Finished.Sub(run.Started).Milliseconds())),
		line(run.Allow, 0), line(run.Profile, 0), run.Seed, run.ClockSkewMS))
}

func (p *page) heading(word, title string, n int) {
	p.print("\n%s\n", p.paint(word, fmt.Sprintf("%s (%d)", title, n)))
}

// accused lists the checks of one word with their evidence.
func (p *page) accused(word string) {
	checks := p.with(word)
	if len(checks) == 0 {
		return
	}
	p.heading(word, strings.ToUpper(word), len(checks))
	for _, c := range checks {
		p.print("\n  %s\n", p.paint("", line(c.ID, 0)))
		p.paragraph(4, line(p.text(c), 0))
		p.paragraph(4, line(fmt.Sprintf("%s, %s: %s", c.Level, c.Standing, cite(c.Source)), 0))
		p.findings(violations(c))
	}
}

func (p *page) findings(findings []verdict.Finding) {
	more := 0
	if !p.o.Verbose && len(findings) > briefFindings {
		findings, more = findings[:briefFindings], len(findings)-briefFindings
	}
	for i, f := range findings {
		p.field(4, 10, "want", p.value(f.Want))
		p.field(4, 10, "got", p.value(f.Got))
		last := i+1 == len(findings) || findings[i+1].Exchange != f.Exchange
		if f.Exchange != "" && last {
			p.evidence(f.Exchange)
		}
		if f.Witness != "" {
			p.witness(f.Witness)
		}
	}
	if more > 0 {
		p.print("    and %s\n", plural(more, "more finding"))
	}
}

// evidence writes an exchange: what it was, the line that repeats it, and, verbose, both messages.
func (p *page) evidence(id string) {
	x := p.exchanges[id]
	if x == nil {
		p.print("    %s is not in this report\n", line(id, 0))
		return
	}
	if seen(x) != nil {
		p.witness(id)
		return
	}
	p.paragraph(4, fmt.Sprintf("%s: %s -> %s", line(x.ID, 0), line(p.request(x), 0), line(outcome(x), 0)))
	// Nothing is put before the lines of the command: they are for pasting.
	p.print("    %s\n", p.paint("quiet", block(x.Curl)))
	if !p.o.Verbose {
		return
	}
	if p.shown[id] {
		p.print("      (shown above)\n")
		return
	}
	p.shown[id] = true
	request := x.Request.Method + " " + x.Request.URL
	p.quoted(">", wire(request, x.Request.Headers, x.Request.Body, x.Request.Cut))
	p.quoted("<", wire(outcome(x), x.Response.Headers, x.Response.Body, x.Response.Cut))
}

func (p *page) quoted(mark, text string) {
	for l := range strings.Lines(text) {
		p.print("      %s\n", p.paint("quiet", strings.TrimRight(mark+" "+l, " \n")))
	}
}

// covered lists what waivers cover, and the waivers that cover nothing.
func (p *page) covered() {
	checks := p.with(waived)
	if len(checks) > 0 {
		p.heading(waived, "WAIVED", len(checks))
	}
	for _, c := range checks {
		p.print("  %s\n", line(c.ID, 0))
		p.paragraph(4, c.Verdict.String()+": "+p.value(c.Reason))
		p.paragraph(4, "waived: "+p.value(p.waiver(c)))
	}
	var idle []verdict.WaiverNote
	for _, n := range p.Waivers {
		if n.State != verdict.Applied {
			idle = append(idle, n)
		}
	}
	if len(idle) > 0 {
		p.heading("warned", "WAIVERS WITHOUT EFFECT", len(idle))
	}
	for _, n := range idle {
		p.paragraph(2, line(fmt.Sprintf("%s is %s: %s", n.Check, n.State, n.Reason), 0))
	}
}

// gap is what was not judged for one reason.
type gap struct {
	word, reason string
	ids          []string
}

// gaps groups what was not judged by its reason, the largest group first.
func (s subject) gaps() []gap {
	var out []gap
	for _, word := range []string{"not-run", "unclaimed"} {
		for _, c := range s.with(word) {
			i := slices.IndexFunc(out, func(g gap) bool { return g.word == word && g.reason == c.Reason })
			if i < 0 {
				i, out = len(out), append(out, gap{word: word, reason: c.Reason})
			}
			out[i].ids = append(out[i].ids, c.ID)
		}
	}
	slices.SortStableFunc(out, func(a, b gap) int {
		return cmp.Or(cmp.Compare(len(b.ids), len(a.ids)), strings.Compare(a.reason, b.reason))
	})
	return out
}

func (p *page) gaps() {
	groups := p.subject.gaps()
	if len(groups) == 0 {
		return
	}
	p.heading("warned", "NOT JUDGED", p.Summary.NotRun+p.Summary.Unclaimed)
	for _, g := range groups {
		p.paragraph(2, fmt.Sprintf("%d %s: %s", len(g.ids), plain(g.word), p.value(g.reason)))
		ids := g.ids
		if !p.o.Verbose && len(ids) > briefIDs {
			ids = append(slices.Clone(ids[:briefIDs]), fmt.Sprintf("and %d more", len(ids)-briefIDs))
		}
		p.paragraph(6, line(strings.Join(ids, ", "), 0))
	}
}

// met lists what is right, or lawful.
func (p *page) met() {
	for _, word := range []string{"noted", "pass"} {
		checks := p.with(word)
		if len(checks) > 0 {
			p.heading(word, strings.ToUpper(plain(word)), len(checks))
		}
		for _, c := range checks {
			p.paragraph(2, line(c.ID+": "+c.Reason, 0))
		}
	}
}

// questions lists what the device answers where the documents leave it open.
func (p *page) questions() {
	seen := p.observations()
	if len(seen) == 0 {
		return
	}
	p.heading("noted", "OPEN QUESTIONS, AS THIS DEVICE ANSWERS THEM", len(seen))
	column := 0
	for _, o := range seen {
		column = max(column, min(utf8.RuneCountInString(o.Key), 30)+4)
	}
	for _, o := range seen {
		answer := p.value(o.Answer)
		if o.Meaning != "" {
			answer += ": " + o.Meaning
		}
		p.field(2, column, line(o.Key, 0), answer)
	}
}

// end is what stands above the prompt.
func (p *page) end() {
	word := string(p.Verdict)
	p.print("\n")
	p.paragraph(0, tally(p.Summary))
	lines := wrap(strings.ToUpper(strings.ReplaceAll(line(word, 0), "-", " "))+separated(line(p.Reason, 0)), p.o.Width)
	for _, l := range lines {
		p.print("%s\n", p.paint(word, l))
	}
	if next := p.next(); next != "" {
		p.field(0, 6, "next", line(next, 0))
	}
}

func separated(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}

// wrap breaks text at spaces into lines of at most width runes; a longer word has a line of its own. Spaces that are
// not broken at stay as many as they are.
func wrap(s string, width int) []string {
	words := strings.Split(s, " ")
	lines, current, length := []string{}, words[0], utf8.RuneCountInString(words[0])
	for _, word := range words[1:] {
		n := utf8.RuneCountInString(word)
		if length+1+n > width {
			lines = append(lines, current)
			current, length = word, n
			continue
		}
		current, length = current+" "+word, length+1+n
	}
	return append(lines, current)
}
