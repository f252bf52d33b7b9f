package verdict

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"

	"go.yaml.in/yaml/v4"
)

// Waiver is a claim that some checks are knowingly not met. The checks still run: a waiver under which nothing fails
// any more is stale, and a stale, unmatched or expired waiver makes the run incomplete.
type Waiver struct {
	Check   string    // glob of check ids, see MatchGlob
	Reason  string    // why the failure is known
	Model   string    // regular expression of the device's model; "" is any
	Version string    // regular expression of its software version; "" is any
	Owner   string    // who answers for it
	Ticket  string    // where it is tracked
	Expires time.Time // last day on which it counts, UTC
	Line    int       // in the file
	// Baseline says that the failure is known from an earlier report: the waiver may go without a check that ran.
	Baseline bool
}

// The states of a waiver in a run.
const (
	Applied   = "applied"   // a check failed or warned under it
	Stale     = "stale"     // its checks ran and none failed
	Unmatched = "unmatched" // it names no check that ran
	Expired   = "expired"
	OtherUnit = "other-device" // its model or version is not this device's
	Unjudged  = "not-run"      // it comes from a baseline, and its check did not run
)

// WaiverNote says what became of one waiver in a run.
type WaiverNote struct {
	Check  string `json:"check"` // the waiver's glob
	Reason string `json:"reason"`
	State  string `json:"state"` // applied, stale, unmatched, expired, other-device or not-run
}

// ParseWaivers reads a waiver file: a YAML list of {check, reason, expires, model?, version?, owner?, ticket?}. The
// error names the line and says what was expected.
func ParseWaivers(text []byte) ([]Waiver, error) {
	var nodes []yaml.Node
	if err := yaml.Unmarshal(text, &nodes); err != nil {
		return nil, fmt.Errorf("waivers: not a YAML list: %w (expected entries of check, reason and expires)", err)
	}
	out := make([]Waiver, 0, len(nodes))
	for i := range nodes {
		w, err := parseWaiver(&nodes[i])
		if err != nil {
			return nil, fmt.Errorf("waivers: line %d: %w", nodes[i].Line, err)
		}
		out = append(out, w)
	}
	return out, nil
}

func parseWaiver(node *yaml.Node) (Waiver, error) {
	var raw struct {
		Check, Reason, Model, Version, Owner, Ticket, Expires string
	}
	text, err := yaml.Marshal(node)
	if err != nil {
		return Waiver{}, err
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&raw); err != nil && !errors.Is(err, io.EOF) {
		return Waiver{}, fmt.Errorf("not a waiver: %w (known keys: check, reason, model, version, owner, ticket, expires)", err)
	}
	w := Waiver{
		Check: raw.Check, Reason: raw.Reason, Model: raw.Model, Version: raw.Version, Owner: raw.Owner, Ticket: raw.Ticket, Line: node.Line,
	}
	if err := ValidGlob(w.Check); err != nil {
		return w, fmt.Errorf("check: %w", err)
	}
	if w.Reason == "" {
		return w, errors.New("reason is missing: say why the failure is known")
	}
	for key, pattern := range map[string]string{"model": w.Model, "version": w.Version} {
		if _, err := regexp.Compile(pattern); err != nil {
			return w, fmt.Errorf("%s: %q is no regular expression: %w", key, pattern, err)
		}
	}
	if w.Expires, err = time.Parse(time.DateOnly, raw.Expires); err != nil {
		return w, fmt.Errorf("expires is %q (expected a date such as 2027-01-31)", raw.Expires)
	}
	return w, nil
}

// Apply marks the checks that waivers cover, notes what became of each waiver, and settles the report anew.
func Apply(r *Report, waivers []Waiver, now time.Time) {
	for i := range waivers {
		w := &waivers[i]
		note := WaiverNote{Check: w.Check, Reason: w.Reason, State: w.state(r, now)}
		if note.State == Applied {
			for k := range r.Checks {
				if c := &r.Checks[k]; c.violated() && MatchGlob(w.Check, c.ID) {
					c.Waived = true
				}
			}
		}
		r.Waivers = append(r.Waivers, note)
	}
	Settle(r)
}

func (c *Check) violated() bool { return c.Verdict == Failed || c.Verdict == Warned }

// state tells what a waiver does in this run.
func (w *Waiver) state(r *Report, now time.Time) string {
	switch {
	case !matches(w.Model, r.Target.Model), !matches(w.Version, r.Target.Version):
		return OtherUnit
	case now.After(w.Expires.AddDate(0, 0, 1)):
		return Expired
	}
	ran := false
	for i := range r.Checks {
		c := &r.Checks[i]
		if !MatchGlob(w.Check, c.ID) {
			continue
		}
		if c.violated() {
			return Applied
		}
		ran = ran || c.Verdict != NotRun
	}
	switch {
	case ran:
		return Stale
	case w.Baseline:
		return Unjudged
	}
	return Unmatched
}

func matches(pattern, text string) bool {
	re, err := regexp.Compile(pattern)
	return err == nil && re.MatchString(text)
}

// Settle counts the checks and decides the verdict of the run: broken before not conformant, before incomplete, before
// conformant. A report that already says broken or incomplete, with a Reason, is never made better. Nothing judged is
// not success.
func Settle(r *Report) {
	r.Summary = Count(r.Checks)
	s := &r.Summary
	judged := s.Passed + s.Noted + s.Warned + s.Failed + s.Waived
	spoiled := ""
	for _, w := range r.Waivers {
		if w.State == Stale || w.State == Unmatched || w.State == Expired {
			spoiled = fmt.Sprintf("the waiver of %s is %s", w.Check, w.State)
		}
	}
	switch {
	case r.Verdict == BrokenRun || s.Broken > 0:
		r.Verdict = BrokenRun
		if r.Reason == "" {
			r.Reason = "the harness itself broke in at least one check"
			r.Hint = "report the broken check with its exchange; the device is not at fault"
		}
	case s.Failed > 0:
		r.Verdict = NotConformant
	case judged == 0:
		r.Verdict, r.Reason = Incomplete, cmp.Or(r.Reason, "no check was judged")
		r.Hint = cmp.Or(r.Hint, "see the reasons in the report; --list shows what would run")
	case r.Verdict == Incomplete && r.Reason != "":
	case spoiled != "":
		r.Verdict, r.Reason, r.Hint = Incomplete, spoiled, "remove the waiver or correct it; a baseline is renewed by the --json of a new run"
	default:
		r.Verdict = Conformant
	}
}
