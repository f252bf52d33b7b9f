package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	_ "embed" // the page

	"github.com/flowgate-dev/flowgate/conformance/exchange"
	"github.com/flowgate-dev/flowgate/conformance/verdict"
)

var (
	//go:embed page.html.tmpl
	pageTemplate string
	//go:embed page.css
	pageStyle string
	//go:embed page.js
	pageScript string
)

// HTML writes the report as one page that loads nothing: verdict and counts, every check with its promise, findings and
// exchanges, the open questions, and all exchanges, with filters and a search. Its policy forbids every load and every
// script and style but its own, which are named by their hashes; without scripts the page is whole and unfiltered.
func HTML(w io.Writer, r *verdict.Report) error {
	t, err := template.New("page").Parse(pageTemplate)
	if err == nil {
		err = t.Execute(w, study(r).page())
	}
	if err != nil {
		return fmt.Errorf("report: HTML: %w", err)
	}
	return nil
}

// What the template shows. Every text in it has been through visible; the template escapes it for its place.
type (
	htmlPage struct {
		Title, Policy string
		Style         template.CSS
		Script        template.JS
		Verdict       string // class of colour
		Headline      string
		Tally         string
		Reason, Next  string
		Total         int
		Ring          []htmlArc
		Facts         []htmlFacts
		Counts        []htmlChip
		Documents     []htmlChip
		Groups        []htmlGroup
		Waivers       []verdict.WaiverNote
		Questions     []observation
		Exchanges     []htmlExchange
		Harness       verdict.Harness
		Commit        string
	}
	htmlArc struct {
		Word           string
		N              int
		Length, Offset string // percent of the ring
	}
	htmlFacts struct {
		Title string
		Rows  []htmlFact
	}
	htmlFact struct{ Name, Value string }
	htmlChip struct {
		Word, Name string
		N          int
	}
	htmlGroup struct {
		Word, Title string
		Open        bool       // the list of checks
		Wide        bool       // each check of it too
		Gaps        []htmlFact // why the checks of a group were not judged, and how many
		Checks      []htmlCheck
	}
	htmlCheck struct {
		ID, Requirement, Word, Name     string
		Document, Title, Section, Field string
		Level, Standing, Hazard, Took   string
		Brief                           string // what the closed row says
		Text, Reason, Waiver            string
		Findings                        []htmlFinding
	}
	htmlFinding struct {
		Word, Name, Want, Got, Exchange string
		Known                           bool   // the exchange is in the report
		Witness                         string // exchange of the second observer, "" where the report has none
	}
	htmlExchange struct {
		ID, Method, Path, Outcome, Class string
		Probe, Started, FirstByte, Total string
		Error, Curl, Request, Response   string
	}
)

func (s subject) page() htmlPage {
	p := htmlPage{
		Title: "flowgate: " + line(strings.ReplaceAll(string(s.Verdict), "-", " "), 40) + " · " + line(s.Target.URL, 100),
		Style: template.CSS(pageStyle), Script: template.JS(pageScript), //nolint:gosec // both are files of this package
		Verdict: line(string(s.Verdict), 40), Headline: headline(s.Verdict), Tally: tally(s.Summary), Reason: line(s.Reason, 0), Next: line(s.next(), 0),
		Total: s.Summary.Total, Ring: ring(s.Summary), Facts: s.facts(), Documents: s.documents(), Harness: s.Harness, Commit: short(s.Harness.Commit),
	}
	p.Policy = fmt.Sprintf("default-src 'none'; script-src %s; style-src %s; base-uri 'none'; form-action 'none'", hashed(pageScript), hashed(pageStyle))
	p.Harness.Version, p.Harness.Catalogue = line(p.Harness.Version, 0), line(p.Harness.Catalogue, 0)
	for _, c := range counts(s.Summary) {
		p.Counts = append(p.Counts, htmlChip{Word: c.Word, Name: plain(c.Word), N: c.N})
		if g := s.group(c.Word); len(g.Checks) > 0 {
			p.Groups = append(p.Groups, g)
		}
	}
	for _, n := range s.Waivers {
		p.Waivers = append(p.Waivers, verdict.WaiverNote{Check: line(n.Check, 0), Reason: line(n.Reason, 0), State: line(n.State, 0)})
	}
	for _, o := range s.observations() {
		o.Key, o.Answer = line(o.Key, 0), line(o.Answer, 0)
		p.Questions = append(p.Questions, o)
	}
	for i := range s.Report.Exchanges {
		p.Exchanges = append(p.Exchanges, s.htmlExchange(&s.Report.Exchanges[i]))
	}
	return p
}

// hashed names a script or a style in a content security policy.
func hashed(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// ring divides a ring of the length 100 among the counts.
func ring(s verdict.Summary) []htmlArc {
	var out []htmlArc
	done := 0
	for _, c := range counts(s) {
		if c.N == 0 || s.Total == 0 {
			continue
		}
		part := func(n int) string { return fmt.Sprintf("%.3f", 100*float64(n)/float64(s.Total)) }
		out = append(out, htmlArc{Word: c.Word, N: c.N, Length: part(c.N), Offset: part(-done)})
		done += c.N
	}
	return out
}

func (s subject) facts() []htmlFacts {
	t, run := &s.Target, &s.Run
	facts := func(title string, pairs ...[2]string) htmlFacts {
		f := htmlFacts{Title: title}
		for _, p := range pairs {
			if p[1] != "" {
				f.Rows = append(f.Rows, htmlFact{p[0], line(p[1], 0)})
			}
		}
		return f
	}
	return []htmlFacts{
		facts("Device", [2]string{"address", t.URL}, [2]string{"model", t.Model}, [2]string{"serial", t.Serial}, [2]string{"version", t.Version},
			[2]string{"certificate", t.Fingerprint}, [2]string{"claims", strings.Join(t.Claims, ", ")}),
		facts("Run", [2]string{"id", run.ID}, [2]string{"started", run.Started.UTC().Format(time.DateTime) + " UTC"},
			[2]string{"took", millis(float64(run.Finished.Sub(run.Started).Milliseconds()))}, [2]string{"allow", run.Allow}, [2]string{"profile", run.Profile},
			[2]string{"seed", strconv.FormatUint(run.Seed, 10)}, [2]string{"clock skew", fmt.Sprintf("%+d ms", run.ClockSkewMS)}),
	}
}

// documents counts the checks of each document, in the order of the report.
func (s subject) documents() []htmlChip {
	var out []htmlChip
	at := map[string]int{}
	for i := range s.Checks {
		d := s.Checks[i].Source.Document
		word := line(string(d), 0)
		if _, ok := at[word]; !ok {
			at[word] = len(out)
			out = append(out, htmlChip{Word: word, Name: d.Title()})
		}
		out[at[word]].N++
	}
	return out
}

// group is the list of checks of one word. What calls for action is open; the rest is a click away.
func (s subject) group(word string) htmlGroup {
	name := plain(word)
	g := htmlGroup{Word: word, Title: strings.ToUpper(name[:1]) + name[1:]}
	g.Wide = word == "broken" || word == "failed"
	g.Open = g.Wide || word == "warned" || word == waived
	for _, c := range s.with(word) {
		g.Checks = append(g.Checks, s.htmlCheck(c))
	}
	for _, gap := range s.gaps() {
		if gap.word == word {
			g.Gaps = append(g.Gaps, htmlFact{strconv.Itoa(len(gap.ids)), line(gap.reason, 0)})
		}
	}
	g.Wide = g.Wide && len(g.Checks) <= 20
	return g
}

func (s subject) htmlCheck(c *verdict.Check) htmlCheck {
	word := label(c)
	out := htmlCheck{
		ID: line(c.ID, 0), Requirement: line(c.Requirement, 0), Word: word, Name: plain(word),
		Document: line(string(c.Source.Document), 0), Title: c.Source.Document.Title(), Section: line(c.Source.Section, 0), Field: line(c.Source.Field, 0),
		Level: line(string(c.Level), 0), Standing: line(string(c.Standing), 0), Hazard: line(c.Hazard, 0), Took: millis(c.DurationMS),
		Text: line(s.text(c), 0), Reason: line(c.Reason, 0), Brief: line(s.text(c), 0),
	}
	if c.Verdict != verdict.Pass {
		out.Brief = line(c.Reason, cellLimit)
	}
	if c.Waived {
		out.Waiver = line(s.waiver(c), 0)
	}
	findings := slices.Clone(c.Findings)
	slices.SortStableFunc(findings, func(a, b verdict.Finding) int { return cmp.Compare(b.Verdict, a.Verdict) })
	for _, f := range findings {
		witness := ""
		if s.exchanges[f.Witness] != nil {
			witness = line(f.Witness, 0)
		}
		out.Findings = append(out.Findings, htmlFinding{
			Witness: witness,
			Word:    f.Verdict.String(), Name: plain(f.Verdict.String()), Want: line(f.Want, 0), Got: line(f.Got, 0),
			Exchange: line(f.Exchange, 0), Known: s.exchanges[f.Exchange] != nil,
		})
	}
	return out
}

func (s subject) htmlExchange(x *verdict.Exchange) htmlExchange {
	_, path, _ := strings.Cut(s.request(x), " ")
	out := htmlExchange{
		ID: line(x.ID, 0), Method: line(x.Request.Method, 0), Path: line(path, 0), Outcome: outcome(x), Class: "bad",
		Probe: line(x.Probe, 0), Started: x.Timings.Started.UTC().Format("15:04:05.000") + " UTC", FirstByte: millis(x.Timings.FirstByte), Total: millis(x.Timings.Total),
		Error: line(x.Error, 0), Curl: block(x.Curl),
		Request:  wire(x.Request.Method+" "+x.Request.URL, x.Request.Headers, x.Request.Body, x.Request.Cut),
		Response: wire(strconv.Itoa(x.Response.Status), x.Response.Headers, x.Response.Body, x.Response.Cut),
	}
	if lines := seen(x); lines != nil {
		out.Path, out.Outcome, out.Class, out.Request, out.Response = line(x.Request.URL, 0), "seen", "good", strings.Join(lines, "\n"), "what the other end saw has no answer"
		return out
	}
	switch {
	case x.Error != "":
		out.Outcome = "no answer"
	case x.Response.Status/100 == 2 || x.Request.Method == exchange.MethodSend:
		out.Class = "good"
	case x.Response.Status/100 == 4:
		out.Class = "refused"
	}
	if x.Response.Status == 0 {
		out.Response = "no answer"
	}
	return out
}
