package conformance

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
	"github.com/flowgate-dev/flowgate/conformance/rules"
	"github.com/flowgate-dev/flowgate/conformance/verdict"
	"github.com/flowgate-dev/flowgate/openapi/catalogue"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

// report judges the exchanges and assembles the report.
func (r *run) report(exchanges []exchange.Exchange) *verdict.Report {
	e := rules.Prepare(exchanges)
	rep := &verdict.Report{
		Schema:  verdict.Schema,
		Harness: verdict.Harness{Version: r.o.Version, Commit: r.o.Commit, Catalogue: catalogue.Version},
		Target:  r.identify(exchanges),
		Run: verdict.Run{
			ID: r.id, Started: r.started, Finished: r.o.Now(), Seed: r.o.Seed, Allow: r.o.Allow.String(),
			Profile: r.o.Profile.String(), ClockSkewMS: e.Skew.Milliseconds(),
		},
		Dialect: map[string]string{},
	}
	rep.Target.Claims = e.Claims
	for k, v := range rules.Habits(e) {
		rep.Dialect[string(k)] = v
	}
	r.locked = r.refusedAll(received(exchanges))
	gap := r.judge(e, rep)
	rep.Exchanges = reported(exchanges)
	r.conclude(rep, e, gap)
	verdict.Settle(rep)
	verdict.Apply(rep, r.o.Waivers, r.o.Now())
	return rep
}

// judge fills in the checks: every check of the suite, and every requirement that no check can judge. It returns the
// reason of the first gap that makes the run incomplete, "" where there is none.
func (r *run) judge(e *check.Evidence, rep *verdict.Report) string {
	gap := ""
	absent := r.absent(e)
	byRequirement := map[string][]int{}
	for i := range r.suite.checks {
		id := r.suite.checks[i].Requirement.ID
		byRequirement[id] = append(byRequirement[id], i)
	}
	for _, req := range r.suite.requirements {
		if len(byRequirement[req.ID]) == 0 {
			rep.Checks = append(rep.Checks, entry(req, req.ID, check.Observe, "cannot be tested: "+req.Untested))
		}
		for _, i := range byRequirement[req.ID] {
			c, missing := r.check(e, i, absent[req.Source.Document], rep.Dialect)
			rep.Checks = append(rep.Checks, c)
			if missing && gap == "" && req.Level == catalogue.Must {
				gap = fmt.Sprintf("%s could not be judged: %s", c.ID, c.Reason)
			}
		}
	}
	return gap
}

func entry(req catalogue.Requirement, id string, h check.Hazard, reason string) verdict.Check {
	return verdict.Check{
		ID: id, Requirement: req.ID, Level: req.Level, Standing: req.Standing, Source: req.Source,
		Hazard: h.String(), Reason: reason, Findings: []verdict.Finding{},
	}
}

// check judges one check. gap reports that it was selected and could not be judged for want of evidence.
func (r *run) check(e *check.Evidence, i int, absent bool, observed map[string]string) (v verdict.Check, gap bool) {
	c := &r.suite.checks[i]
	v = entry(c.Requirement, c.ID, c.Hazard, r.selected[i])
	if v.Reason != "" {
		return v, false
	}
	if r.locked {
		v.Reason = "the device " + cmp.Or(r.barred, "refused the credentials in every request")
		return v, false
	}
	if absent {
		v.Verdict, v.Reason = verdict.Unclaimed, "the device does not list this service, and does not have it"
		return v, false
	}
	began := r.o.Now()
	j := judgement(c, e)
	v.DurationMS = float64(r.o.Now().Sub(began).Microseconds()) / 1000
	if len(j.Findings) == 0 {
		v.Reason = j.Reason
		if why := r.why(c); why != "" {
			v.Reason = why
		}
		return v, j.Gap || r.unfinished(c)
	}
	for _, f := range j.Findings {
		f.Verdict = weigh(f.Verdict, c.Requirement)
		v.Verdict = verdict.Join(v.Verdict, f.Verdict)
		v.Findings = append(v.Findings, f)
	}
	v.Reason = reason(v)
	for k, a := range j.Dialect {
		if _, ok := observed[string(k)]; !ok || k != dialect.ErrorInfo {
			observed[string(k)] = a
		}
	}
	return v, false
}

// judgement calls a rule; one that panics is a fault of the harness and not of the device.
func judgement(c *check.Check, e *check.Evidence) (j check.Judgement) {
	defer func() {
		if p := recover(); p != nil {
			j = check.Judgement{Findings: []verdict.Finding{{Verdict: verdict.Broken, Want: "a judgement", Got: fmt.Sprintf("the rule broke: %v", p)}}}
		}
	}()
	return c.Rule(e)
}

// weigh turns a rule's verdict into the requirement's: a violated should warns, a may is noted, and where the documents
// are silent or contradict themselves there is no pass.
func weigh(v verdict.Verdict, req catalogue.Requirement) verdict.Verdict {
	switch {
	case v == verdict.Failed && req.Level == catalogue.Should:
		return verdict.Warned
	case v == verdict.Failed && req.Level == catalogue.May:
		return verdict.Noted
	case v == verdict.Pass && (req.Standing == catalogue.Silent || req.Standing == catalogue.Contradicted):
		return verdict.Noted
	}
	return v
}

// reason is the gravest finding in one line.
func reason(c verdict.Check) string {
	for _, f := range c.Findings {
		if f.Verdict != c.Verdict {
			continue
		}
		switch f.Verdict {
		case verdict.Failed, verdict.Warned:
			return "expected " + f.Want + "; got " + f.Got
		default:
			return f.Got
		}
	}
	return ""
}

// why says which probe of a check did not run to its end; "" where all did, or where the exchanges are recorded.
func (r *run) why(c *check.Check) string {
	for _, p := range c.Probes {
		if t := r.trouble[p]; t != "" {
			return t
		}
	}
	return ""
}

// unfinished reports that a probe of the check was cut short by the device or by a job of somebody else.
func (r *run) unfinished(c *check.Check) bool { return !r.o.recorded && r.why(c) != "" }

// absent tells the documents whose service the device neither claims nor has.
func (r *run) absent(e *check.Evidence) map[catalogue.Document]bool {
	out := map[catalogue.Document]bool{}
	for _, d := range []catalogue.Document{catalogue.Analytics, catalogue.Backup} {
		out[d] = !rules.Claimed(e, d) && !rules.Offered(e, d)
	}
	for i := range r.suite.siblings {
		out[catalogue.SiblingDocument(r.suite.siblings[i].doc)] = r.suite.siblings[i].absent(e)
	}
	return out
}

// reception is how a device took the requests.
type reception struct {
	answered, welcome int    // requests; welcome are those of the account that were not refused for its credentials
	last              string // why the last unanswered one was not
}

func received(exchanges []exchange.Exchange) reception {
	var c reception
	for i := range exchanges {
		x := &exchanges[i]
		if x.Answered() {
			c.answered++
		} else {
			c.last = x.Error
		}
		if x.Auth == exchange.Account && x.Operation != "" && x.Answered() && x.Response.Status != 401 && x.Response.Status != 403 {
			c.welcome++
		}
	}
	return c
}

// refusedAll reports that a live device never let the account in: that says nothing of its API.
func (r *run) refusedAll(c reception) bool { return c.answered > 0 && c.welcome == 0 && !r.o.recorded }

// conclude says whether the device could be judged at all.
func (r *run) conclude(rep *verdict.Report, e *check.Evidence, gap string) {
	c := received(e.Exchanges)
	switch {
	case c.answered == 0 && len(e.Exchanges) > 0:
		rep.Verdict, rep.Reason = verdict.BrokenRun, fmt.Sprintf("%s could not be reached: %s", rep.Target.URL, c.last)
		rep.Hint = "check the address and the network; for a self-signed certificate give --ca, --fingerprint or --insecure"
	case r.barred != "":
		rep.Verdict, rep.Reason, rep.Hint = verdict.BrokenRun, rep.Target.URL+" "+r.barred, r.hint
	case r.refusedAll(c):
		rep.Verdict, rep.Reason = verdict.BrokenRun, fmt.Sprintf("%s refused the credentials in every request", rep.Target.URL)
		rep.Hint = "give --user, and the password in FLOWGATE_PASSWORD or --password-file"
	case r.gone != "":
		rep.Verdict, rep.Reason = verdict.BrokenRun, r.gone
		rep.Hint = "look at the last exchanges of the report; the device may have crashed or locked the account"
	case gap != "":
		rep.Verdict, rep.Reason = verdict.Incomplete, gap
	}
}

// identity is what the device says of itself so far.
func (r *run) identity() verdict.Target {
	if r.recorder == nil {
		return verdict.Target{}
	}
	return r.identify(r.recorder.Select(func(x *exchange.Exchange) bool { return x.Operation == "getInfo" }))
}

// identify reads the device's identity off the exchanges.
func (r *run) identify(exchanges []exchange.Exchange) verdict.Target {
	t := verdict.Target{URL: r.target.URL, Fingerprint: r.fingerprint()}
	for i := range exchanges {
		x := &exchanges[i]
		if x.Operation != "getInfo" || !x.OK() {
			continue
		}
		var info struct {
			Version string `json:"sw_version"`
			Serial  string `json:"serial"`
			Model   string `json:"model"`
		}
		if json.Unmarshal(x.Response.Body, &info) == nil {
			t.Model, t.Serial, t.Version = info.Model, info.Serial, info.Version
		}
		break
	}
	return t
}

// bodyLimit is how much of a body a report shows; recordings keep more.
const bodyLimit = 4 << 10

// limitOf is the limit of a request's body: what the harness wrote down itself is shown as a whole, within reason.
func limitOf(x *exchange.Exchange) int {
	if x.Noted() {
		return 16 * bodyLimit
	}
	return bodyLimit
}

// reported turns exchanges into those of a report.
func reported(exchanges []exchange.Exchange) []verdict.Exchange {
	out := make([]verdict.Exchange, 0, len(exchanges))
	for i := range exchanges {
		x := &exchanges[i]
		out = append(out, verdict.Exchange{
			ID: x.ID, Probe: x.Probe, Request: message(&x.Request, limitOf(x)), Response: message(&x.Response, bodyLimit), Error: x.Error,
			Curl:    exchange.Curl(*x, ""),
			Timings: verdict.Timings{Started: x.Started, FirstByte: millis(x.FirstByte), Total: millis(x.Total)},
		})
	}
	return out
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func message(m *exchange.Message, limit int) verdict.Message {
	v := verdict.Message{Method: m.Method, URL: m.URL, Status: m.Status, Headers: [][2]string{}, Cut: m.Cut}
	body := string(m.Body)
	if len(body) > limit {
		v.Cut += len(body) - limit
		body = body[:limit]
	}
	v.Body = strings.ToValidUTF8(body, "\uFFFD")
	for name, values := range m.Header {
		for _, value := range values {
			v.Headers = append(v.Headers, [2]string{name, value})
		}
	}
	slices.SortFunc(v.Headers, func(a, b [2]string) int { return strings.Compare(a[0]+a[1], b[0]+b[1]) })
	return v
}
