package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/flowgate-dev/flowgate/conformance/verdict"
)

// GitHub drops a step summary whole when it has more than 1 MiB. The parts of ours end where so many bytes of it are
// written, so that half of that is never passed.
const (
	tableEnd    = 160 << 10
	detailsEnd  = 400 << 10
	markdownEnd = 500 << 10
)

const (
	cellLimit  = 240  // runes of one value in a table
	valueLimit = 1000 // runes of one value elsewhere
	bodyLimit  = 1500 // bytes of one body
)

// Markdown writes the report as the summary of a CI step (GitHub's dialect): the verdict, a table of what failed and
// warned, each failure with its exchange behind a fold, what was not judged, and the open questions. It is never larger
// than 512 KiB; what is left out is counted.
func Markdown(w io.Writer, r *verdict.Report) error {
	m := &sheet{subject: study(r)}
	m.title()
	accused := m.accused()
	m.table(accused)
	m.details(accused)
	m.gaps()
	m.questions()
	m.print("<sub>flowgate %s, commit %s, catalogue %s</sub>\n", escape(m.Harness.Version, 100), escape(short(m.Harness.Commit), 0), escape(m.Harness.Catalogue, 100))
	if _, err := io.WriteString(w, m.String()); err != nil {
		return fmt.Errorf("report: Markdown: %w", err)
	}
	return nil
}

// sheet is a Markdown text in the making.
type sheet struct {
	strings.Builder
	subject
}

func (m *sheet) print(format string, args ...any) { fmt.Fprintf(m, format, args...) }

// fits writes a piece if the text does not pass end with it, and reports whether it did.
func (m *sheet) fits(end int, piece string) bool {
	if m.Len()+len(piece) > end {
		return false
	}
	m.WriteString(piece)
	return true
}

// accused lists what broke, failed and warned, the gravest first.
func (s subject) accused() []*verdict.Check {
	return append(append(s.with("broken"), s.with("failed")...), s.with("warned")...)
}

func (m *sheet) title() {
	m.print("## %s flowgate: %s\n\n", sign(string(m.Verdict)), escape(strings.ReplaceAll(string(m.Verdict), "-", " "), 0))
	if m.Reason != "" {
		m.print("<strong>%s</strong>\n\n", escape(m.Reason, valueLimit))
	}
	if next := m.next(); next != "" {
		m.print("Next: %s\n\n", escape(next, valueLimit))
	}
	t, run := &m.Target, &m.Run
	m.print("| | |\n|---|---|\n")
	for _, row := range [][2]string{
		{"Device", t.URL},
		{"Model", t.Model},
		{"Serial", t.Serial},
		{"Version", t.Version},
		{"Certificate", t.Fingerprint},
		{"Run", fmt.Sprintf("%s UTC, %s, allow %s, profile %s, seed %d", run.Started.UTC().Format(time.DateTime),
			millis(float64(run.Finished.Sub(run.Started).Milliseconds())), run.Allow, run.Profile, run.Seed)},
	} {
		if row[1] != "" {
			m.print("| %s | %s |\n", row[0], code(row[1], cellLimit))
		}
	}
	m.print("| Checks | %s |\n\n", tally(m.Summary))
}

// sign is a mark that is seen before the word is read.
func sign(word string) string {
	switch word {
	case string(verdict.Conformant), "pass":
		return "✅"
	case string(verdict.NotConformant), "failed":
		return "❌"
	case "broken":
		return "💥"
	}
	return "⚠️"
}

func (m *sheet) table(checks []*verdict.Check) {
	if len(checks) == 0 {
		return
	}
	m.print("### What is wrong\n\n| | check | want | got | document |\n|---|---|---|---|---|\n")
	for i, c := range checks {
		want, got := "", c.Reason
		if v := violations(c); len(v) > 0 {
			want, got = v[0].Want, v[0].Got
		}
		if !m.fits(tableEnd, fmt.Sprintf("| %s %s | %s | %s | %s | %s |\n", sign(label(c)), label(c), code(c.ID, cellLimit), code(want, cellLimit),
			code(got, cellLimit), escape(cite(c.Source), cellLimit))) {
			m.print("\nand %s\n", plural(len(checks)-i, "more check"))
			break
		}
	}
	m.print("\n")
}

func (m *sheet) details(checks []*verdict.Check) {
	for i, c := range checks {
		if !m.fits(detailsEnd, m.detail(c)) {
			m.print("The exchanges of %s are in the JSON and HTML reports.\n\n", plural(len(checks)-i, "more check"))
			return
		}
	}
}

// detail is one check with its evidence, behind a fold.
func (m *sheet) detail(c *verdict.Check) string {
	var out strings.Builder
	fmt.Fprintf(&out, "<details><summary>%s %s</summary>\n\n%s\n\n%s, %s: %s\n\n", sign(label(c)), code(c.ID, valueLimit), escape(m.text(c), valueLimit),
		escape(string(c.Level), 20), escape(string(c.Standing), 20), escape(cite(c.Source), valueLimit))
	shown := map[string]bool{}
	findings := violations(c)
	for i, f := range findings {
		if i == briefFindings {
			fmt.Fprintf(&out, "and %s\n\n", plural(len(findings)-i, "more finding"))
			break
		}
		fmt.Fprintf(&out, "want %s  \ngot %s\n\n", code(f.Want, valueLimit), code(f.Got, valueLimit))
		if x := m.exchanges[f.Exchange]; x != nil && !shown[f.Exchange] {
			out.WriteString(markdownExchange(x))
		}
		shown[f.Exchange] = true
		if x := m.exchanges[f.Witness]; x != nil && !shown[f.Witness] {
			out.WriteString(markdownWitness(x))
			shown[f.Witness] = true
		}
	}
	return out.String() + "</details>\n\n"
}

func markdownExchange(x *verdict.Exchange) string {
	command, more := clip(x.Curl, 0, 2*bodyLimit)
	if more > 0 {
		command = "# too long to be shown whole: see the JSON or HTML report\n" + command
	}
	request, cut := clip(x.Request.Body, x.Request.Cut, bodyLimit)
	answer, missing := clip(x.Response.Body, x.Response.Cut, bodyLimit)
	return fence("sh", block(command)) + fence("http",
		wire(line(x.Request.Method+" "+x.Request.URL, valueLimit), head(x.Request.Headers), request, cut)+
			"\n"+wire(line(outcome(x), valueLimit), head(x.Response.Headers), answer, missing))
}

// head is the first of many headers, none of them longer than a line of evidence needs to be.
func head(headers [][2]string) [][2]string {
	out := make([][2]string, 0, len(headers))
	for i, h := range headers {
		if i == 20 {
			return append(out, [2]string{"...", plural(len(headers)-i, "more header")})
		}
		out = append(out, [2]string{line(h[0], 60), line(h[1], cellLimit)})
	}
	return out
}

// fence writes text as a block that no line of it can end.
func fence(language, text string) string {
	mark := "```"
	for strings.Contains(text, mark) {
		mark += "`"
	}
	return fmt.Sprintf("%s%s\n%s\n%s\n\n", mark, language, strings.TrimSuffix(text, "\n"), mark)
}

func (m *sheet) gaps() {
	groups := m.subject.gaps()
	if len(groups) == 0 {
		return
	}
	m.print("<details><summary>Not judged: %d</summary>\n\n| checks | why | which |\n|---|---|---|\n", m.Summary.NotRun+m.Summary.Unclaimed)
	for _, g := range groups {
		m.fits(markdownEnd, fmt.Sprintf("| %d %s | %s | %s |\n", len(g.ids), plain(g.word), escape(g.reason, cellLimit), code(strings.Join(g.ids, ", "), cellLimit)))
	}
	m.print("\n</details>\n\n")
}

func (m *sheet) questions() {
	seen := m.observations()
	if len(seen) == 0 {
		return
	}
	m.print("<details><summary>Open questions of the documents, as this device answers them: %d</summary>\n\n| question | answer | meaning |\n|---|---|---|\n", len(seen))
	for _, o := range seen {
		m.fits(markdownEnd, fmt.Sprintf("| %s %s | %s | %s |\n", code(o.Key, cellLimit), escape(o.Ask, 0), code(o.Answer, cellLimit), escape(o.Meaning, 0)))
	}
	m.print("\n</details>\n\n")
}

// code is text of a device, inline: printed as it is, in a typewriter face, where no name is mentioned and no markup
// begins. It is the tag and not backticks, for those need a fence of their own length and cannot hold a table's bar.
func code(s string, limit int) string {
	if s == "" {
		return ""
	}
	return "<code>" + escape(s, limit) + "</code>"
}

// escape writes text so that Markdown, in a table or not, finds nothing in it to interpret: whatever could begin a
// markup, a tag, an entity, a link or a mention becomes a numeric entity, which never counts as syntax.
func escape(s string, limit int) string {
	var out strings.Builder
	previous := ' '
	for _, r := range line(s, limit) {
		switch {
		case r == '.' && (previous == 'w' || previous == 'W'), strings.ContainsRune("\\`*_[]<>#|&~:@$", r):
			fmt.Fprintf(&out, "&#%d;", r)
		default:
			out.WriteRune(r)
		}
		previous = r
	}
	return out.String()
}
