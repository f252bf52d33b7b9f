package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/flowgate-dev/flowgate/conformance/verdict"
)

// The elements of JUnit's format, as far as they are written here.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Skipped  int          `xml:"skipped,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string          `xml:"name,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Time       string          `xml:"time,attr"`
		Timestamp  string          `xml:"timestamp,attr"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Time    string        `xml:"time,attr"`
		Skipped *junitOutcome `xml:"skipped"`
		Error   *junitOutcome `xml:"error"`
		Failure *junitOutcome `xml:"failure"`
		Out     *junitOutput  `xml:"system-out"`
	}
	junitOutcome struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",cdata"`
	}
	junitOutput struct {
		Text string `xml:",cdata"`
	}
)

// JUnit writes the report as one suite of test cases, one for each check: a failure where it failed, an error where the
// harness broke, skipped with the reason where it did not run, is unclaimed or waived. A warned or noted check passes
// and says so in its output. The device's properties stand on the suite.
//
// A run that could not judge the device, or not all of it, has one more case named "run", an error or skipped: its
// other cases alone would look green.
func JUnit(w io.Writer, r *verdict.Report) error {
	s := study(r)
	suite := junitSuite{
		Name: "flowgate check", Time: seconds(float64(r.Run.Finished.Sub(r.Run.Started).Milliseconds())),
		Timestamp: r.Run.Started.UTC().Format("2006-01-02T15:04:05"), Properties: s.junitProperties(),
	}
	switch reason := s.cause(); r.Verdict {
	case verdict.BrokenRun:
		suite.Cases = append(suite.Cases, junitCase{Class: "flowgate", Name: "run", Time: seconds(0), Error: &junitOutcome{Message: reason, Type: "broken"}})
	case verdict.Incomplete:
		suite.Cases = append(suite.Cases, junitCase{Class: "flowgate", Name: "run", Time: seconds(0), Skipped: &junitOutcome{Message: reason}})
	}
	for i := range r.Checks {
		suite.Cases = append(suite.Cases, s.junitCase(&r.Checks[i]))
	}
	for i := range suite.Cases {
		c := &suite.Cases[i]
		suite.Tests++
		suite.Failures += one(c.Failure)
		suite.Errors += one(c.Error)
		suite.Skipped += one(c.Skipped)
	}
	out := junitSuites{
		Name: suite.Name, Tests: suite.Tests, Failures: suite.Failures, Errors: suite.Errors, Skipped: suite.Skipped,
		Time: suite.Time, Suites: []junitSuite{suite},
	}
	text, err := xml.MarshalIndent(out, "", "  ")
	if err == nil {
		_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, text)
	}
	if err != nil {
		return fmt.Errorf("report: JUnit: %w", err)
	}
	return nil
}

func one(o *junitOutcome) int {
	if o == nil {
		return 0
	}
	return 1
}

func seconds(ms float64) string { return strconv.FormatFloat(ms/1000, 'f', 6, 64) }

// junitProperties tell of the device and the run; those that are not known are left out.
func (s subject) junitProperties() []junitProperty {
	t, run, h := &s.Target, &s.Run, &s.Harness
	var out []junitProperty
	for _, p := range [][2]string{
		{"device.url", t.URL},
		{"device.model", t.Model},
		{"device.serial", t.Serial},
		{"device.version", t.Version},
		{"device.fingerprint", t.Fingerprint},
		{"device.claims", strings.Join(t.Claims, " ")},
		{"flowgate.verdict", string(s.Verdict)},
		{"flowgate.version", h.Version},
		{"flowgate.commit", h.Commit},
		{"flowgate.catalogue", h.Catalogue},
		{"run.id", run.ID},
		{"run.allow", run.Allow},
		{"run.profile", run.Profile},
		{"run.seed", strconv.FormatUint(run.Seed, 10)},
		{"run.finished", run.Finished.UTC().Format(time.RFC3339)},
		{"run.clock_skew_ms", strconv.FormatInt(run.ClockSkewMS, 10)},
	} {
		if p[1] != "" {
			out = append(out, junitProperty{p[0], line(p[1], 0)})
		}
	}
	for _, o := range s.observations() {
		out = append(out, junitProperty{line("dialect."+o.Key, 0), line(o.Answer, 0)})
	}
	return out
}

func (s subject) junitCase(c *verdict.Check) junitCase {
	out := junitCase{Class: "flowgate." + line(string(c.Source.Document), 0), Name: line(c.ID, 0), Time: seconds(c.DurationMS)}
	reason := line(c.Reason, 1000)
	switch label(c) {
	case "failed":
		out.Failure = &junitOutcome{Message: reason, Type: line(string(c.Standing), 0), Text: s.junitText(c)}
	case "broken":
		out.Error = &junitOutcome{Message: reason, Type: "broken", Text: s.junitText(c)}
	case waived:
		out.Skipped = &junitOutcome{Message: "waived: " + line(s.waiver(c), 0) + " (" + c.Verdict.String() + ": " + reason + ")"}
	case "not-run", "unclaimed":
		out.Skipped = &junitOutcome{Message: plain(c.Verdict.String()) + ": " + reason}
	case "warned", "noted":
		out.Out = &junitOutput{c.Verdict.String() + "\n" + s.junitText(c)}
	}
	return out
}

// junitText is all that a test report shows of a check: the promise, where it stands, and each finding with the line
// that repeats its request.
func (s subject) junitText(c *verdict.Check) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s\n%s\n", line(s.text(c), 0), line(fmt.Sprintf("%s, %s: %s", c.Level, c.Standing, cite(c.Source)), 0))
	for _, f := range c.Findings {
		if f.Verdict != c.Verdict {
			continue
		}
		fmt.Fprintf(&out, "\nwant %s\ngot  %s\n", line(f.Want, 0), line(f.Got, 0))
		if x := s.exchanges[f.Exchange]; x != nil {
			fmt.Fprintf(&out, "%s: %s -> %s\n%s\n", line(x.ID, 0), line(s.request(x), 0), line(outcome(x), 0), block(x.Curl))
		}
	}
	return out.String()
}
