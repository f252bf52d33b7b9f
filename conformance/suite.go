package conformance

import (
	"fmt"
	"slices"
	"strings"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/probes"
	"github.com/flowgate-dev/flowgate/conformance/rules"
	"github.com/flowgate-dev/flowgate/openapi"
	"github.com/flowgate-dev/flowgate/openapi/catalogue"
)

// suite is every probe and every check.
type suite struct {
	doc    *openapi.Document
	probes []check.Probe
	byName map[string]*check.Probe
	checks []check.Check // in the order of the requirements, then by id

	requirements []catalogue.Requirement // those of the catalogue, then those of further documents
	siblings     []sibling
}

// newSuite builds the one table of checks, those of further documents last. A check that names an unknown probe or
// requirement is a mistake in the program, and the error says which; ErrOptions marks what is wrong with the documents.
func newSuite(further []*openapi.Document) (*suite, error) {
	doc, err := openapi.Load()
	if err != nil {
		return nil, err
	}
	s := &suite{doc: doc, probes: probes.All(doc), byName: map[string]*check.Probe{}, requirements: catalogue.Requirements()}
	if s.siblings, err = siblings(doc, further); err != nil {
		return nil, err
	}
	rows := slices.Concat(
		analyticsChecks(), flowChecks(), statusChecks(), jobChecks(), targetChecks(), errorChecks(), commonChecks(), loginChecks(),
	)
	for i := range s.siblings {
		requirements, more := s.siblings[i].checks()
		s.requirements, rows = append(s.requirements, requirements...), append(rows, more...)
		s.probes = append(s.probes, probes.Siblings(s.siblings[i].operations)...)
	}
	return s, s.assemble(rows)
}

// assemble makes checks of rows.
func (s *suite) assemble(rows []row) error {
	for i := range s.probes {
		s.byName[s.probes[i].Name] = &s.probes[i]
	}
	order := map[string]int{}
	known := map[string]catalogue.Requirement{}
	for i, r := range s.requirements {
		order[r.ID], known[r.ID] = i, r
	}
	for _, row := range rows {
		r, ok := known[row.requirement]
		if !ok {
			return fmt.Errorf("conformance: check %s names no requirement of the catalogue", row.id())
		}
		c := check.Check{ID: row.id(), Requirement: r, Probes: row.probes, Rule: row.rule}
		for _, name := range row.probes {
			p := s.byName[name]
			if p == nil {
				return fmt.Errorf("conformance: check %s needs a probe %q, which does not exist", c.ID, name)
			}
			c.Hazard, c.Profile = max(c.Hazard, p.Hazard), max(c.Profile, p.Profile)
			c.Target = c.Target || p.Target
		}
		s.checks = append(s.checks, c)
	}
	slices.SortStableFunc(s.checks, func(a, b check.Check) int {
		if d := order[a.Requirement.ID] - order[b.Requirement.ID]; d != 0 {
			return d
		}
		return strings.Compare(a.ID, b.ID)
	})
	return nil
}

// row is one line of the table of checks.
type row struct {
	requirement string
	name        string // after the requirement's id; "" where a requirement has one check
	probes      []string
	rule        check.Rule
}

func (r row) id() string {
	if r.name == "" {
		return r.requirement
	}
	return r.requirement + "/" + r.name
}

// grid names the probes that ask a template at every granularity.
func grid(slug string) []string {
	return []string{"stats/" + slug + "/per-second", "stats/" + slug + "/per-minute", "stats/" + slug + "/per-hour"}
}

func analyticsChecks() []row {
	rows := []row{
		{"analytics/overview/all-sources", "", grid("type-c"), rules.AllSources("C")},
		{"analytics/authentication/methods", "", []string{probes.ScoutCommon}, rules.Fact("getAuthInfo")},
		{"analytics/agreement/minutes-with-hours", "", []string{"agree/minutes-with-hours"}, rules.AddUp("agree/minutes-with-hours")},
		{"analytics/agreement/seconds-with-minutes", "", []string{"agree/seconds-with-minutes"}, rules.AddUp("agree/seconds-with-minutes")},
		{"analytics/agreement/peaks", "minutes-in-hours", []string{"agree/minutes-with-hours"}, rules.Peaks("agree/minutes-with-hours")},
		{"analytics/agreement/peaks", "seconds-in-minutes", []string{"agree/seconds-with-minutes"}, rules.Peaks("agree/seconds-with-minutes")},
		{"analytics/agreement/b-with-c", "", []string{"agree/b-with-c"}, rules.WithC("B")},
		{"analytics/agreement/a-with-c", "", []string{"agree/a-with-c"}, rules.WithC("A")},
		{"analytics/agreement/sub-windows", "", []string{"agree/sub-windows"}, rules.SubWindows("agree/sub-windows")},
		{"analytics/agreement/sub-windows", "days", []string{probes.LongWindows}, rules.SubWindows(probes.LongWindows)},
		{"analytics/agreement/b-with-c", "days", []string{probes.LongWindows}, rules.LongB},
		{"analytics/agreement/sources-with-all", "", []string{"agree/sources-with-all"}, rules.SourcesWithAll},
		{"analytics/agreement/ipv6-spelling", "", []string{"agree/ipv6-spelling"}, rules.Spelling},
		{"analytics/request/type-b/zone", "", []string{probes.ScoutZone}, rules.Zone},
		{"analytics/request/type-b/start-time", "early-day", []string{"stats/type-b/early-day"}, rules.EarlyDay},
		{"analytics/request/type-b/start-time", "leap-day", []string{"stats/type-b/leap-day"}, rules.LeapDay},
	}
	for _, t := range []string{"type-b", "type-c"} {
		probe := fmt.Sprintf(probes.ShortWindow, t)
		rows = append(rows,
			row{"analytics/request/" + t + "/start-time", "uneven", []string{probe}, rules.UnevenWindow(probe)},
			row{"analytics/request/" + t + "/stats-type/per-hour", "short-window", []string{probe}, rules.ShortWindow(probe)})
	}
	for _, day := range probes.CalendarDays {
		rows = append(rows, row{"analytics/request/type-b/start-time", day, []string{probes.Calendar}, rules.CalendarDay(day)})
	}
	for _, t := range catalogue.Templates() {
		rows = append(rows, requestChecks(t)...)
		rows = append(rows, responseChecks(t)...)
	}
	for _, u := range probes.Units {
		rows = append(rows, row{"analytics/request/type-a/interval-type/" + u.Name, "", []string{"stats/type-a/unit/" + u.Name}, rules.Unit(u.Name)})
		if u.Name != "months" { // of which nobody knows how many days they have
			rows = append(rows, row{"analytics/request/type-a/interval-type/" + u.Name, "same-length", []string{probes.SameLength}, rules.SameLength(probes.SameLength, u.Name)})
		}
	}
	for _, c := range corpus.Negative() {
		probe, twin := probes.NegativeOf(&c), probes.TwinOf(c.Template)
		rows = append(rows, row{c.Requirement, strings.TrimPrefix(c.ID, c.Requirement+"/"), []string{probe, twin}, rules.Negative(&c, probe, twin)})
	}
	return rows
}

func requestChecks(t catalogue.Template) []row {
	prefix := "analytics/request/" + t.Slug
	all := grid(t.Slug)
	rows := []row{
		{prefix + "/resource", "", append(all[:len(all):len(all)], probes.TwinOf(t.Name)), rules.Answered(t.Name)},
		{prefix + "/body-form", "", []string{probes.ScoutForm}, rules.BodyForm(t.Name)},
		{prefix + "/body-is-read", "", all, rules.BodyRead(t.Name)},
		{prefix + "/example", "", []string{"stats/" + t.Slug + "/example"}, rules.Example(t.Name)},
		{prefix + "/source-ip/empty", "", all, rules.AllSources(t.Name)},
		{prefix + "/source-ip/ipv4", "", []string{"stats/" + t.Slug + "/by-source"}, rules.OneSource(t.Name, "ipv4")},
		{prefix + "/source-ip/ipv6", "", []string{"stats/" + t.Slug + "/by-source"}, rules.OneSource(t.Name, "ipv6")},
	}
	for _, word := range []string{"second", "minute", "hour"} {
		rows = append(rows, row{prefix + "/stats-type/per-" + word, "", all, rules.PerUnit(t.Name, word)})
	}
	return rows
}

func responseChecks(t catalogue.Template) []row {
	prefix := "analytics/response/" + t.Slug
	all := grid(t.Slug)
	rows := []row{
		{prefix + "/status", "", all, rules.Success(t.Name)},
		{prefix + "/media-type", "", all, rules.MediaType(corpus.ImportStats, t.Name)},
		{prefix + "/list", "", append(all[:len(all):len(all)], "stats/"+t.Slug+"/by-source"), rules.List(t.Name)},
		{prefix + "/item", "", all, rules.Item(t.Name)},
		{prefix + "/extra-keys", "", all, rules.ExtraRowKeys(t.Name)},
		{prefix + "/time", "", all, rules.Time(t.Name)},
		{prefix + "/time/form", "", all, rules.TimeForm(t.Name)},
		{prefix + "/source-ip", "", all, rules.SourceIP(t.Name)},
		{prefix + "/within-total/n-bad-bytes", "", all, rules.WithinTotal(t.Name, "n_bad_bytes", "n_bytes")},
		{prefix + "/within-total/n-bad-packets", "", all, rules.WithinTotal(t.Name, "n_bad_packets", "n_packets")},
		{prefix + "/window", "", all, rules.Window(t.Name)},
		{prefix + "/window/coverage", "", all, rules.Coverage(t.Name)},
		{prefix + "/alignment", "", all, rules.Alignment(t.Name)},
		{prefix + "/unique", "", all, rules.Unique(t.Name)},
		{prefix + "/source-filter", "", append(all[:len(all):len(all)], "stats/"+t.Slug+"/by-source"), rules.SourceFilter(t.Name)},
	}
	repeat := all
	if t.Name != "A" {
		repeat = []string{"agree/repeat/" + t.Slug}
		rows = append(rows, row{prefix + "/repeatable", "after-refusal", []string{probes.AfterRefusal(t)}, rules.AfterRefusal(probes.AfterRefusal(t))})
	}
	rows = append(rows, row{prefix + "/repeatable", "", repeat, rules.Repeatable(t.Name)})
	for _, f := range []string{"n_flows", "n_bytes", "n_bad_bytes", "n_packets", "n_bad_packets"} {
		rows = append(rows, row{prefix + "/" + strings.ReplaceAll(f, "_", "-"), "", all, rules.Count(t.Name, f)})
	}
	for _, f := range []string{"n_flows", "n_bytes", "n_packets"} {
		slug := "peak-" + strings.ReplaceAll(f, "_", "-")
		rows = append(rows,
			row{prefix + "/" + slug, "", all, rules.Peak(t.Name, "peak_"+f)},
			row{prefix + "/within-total/" + slug, "", all, rules.WithinTotal(t.Name, "peak_"+f, f)})
	}
	return rows
}

// commonChecks note what the Common API offers.
func commonChecks() []row {
	scout := []string{probes.ScoutCommon}
	return []row{
		{"common/services", "", scout, rules.Fact("getServices")},
		{"common/auth-info", "", scout, rules.Fact("getAuthInfo")},
		{"common/info", "", scout, rules.Fact("getInfo")},
		{"common/ping", "", scout, rules.Fact("ping")},
	}
}
