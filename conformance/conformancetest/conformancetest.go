// Package conformancetest runs the suite as Go subtests: one for each check that was selected, named by its id, so that
// go test -run selects like --run does.
package conformancetest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/flowgate-dev/flowgate/conformance"
	"github.com/flowgate-dev/flowgate/conformance/verdict"
)

// Run judges target and reports every check as a subtest: failed checks fail it, checks that did not run are skipped
// with their reason, and a waived failure is logged. A device that could not be judged at all fails t itself. It
// returns the report.
func Run(t *testing.T, target conformance.Target, o conformance.Options) *verdict.Report {
	t.Helper()
	result, err := conformance.Run(t.Context(), target, o)
	if err != nil {
		t.Fatalf("conformancetest: %v", err)
	}
	for i := range result.Report.Checks {
		c := &result.Report.Checks[i]
		t.Run(c.ID, func(t *testing.T) { tell(t, c) })
	}
	if code := result.Report.ExitCode(false); code == verdict.ExitUnreachable || code == verdict.ExitIncomplete {
		t.Errorf("conformancetest: %s: %s (hint: %s)", result.Report.Verdict, result.Report.Reason, result.Report.Hint)
	}
	return result.Report
}

// tell turns a check's verdict into that of a subtest.
func tell(t *testing.T, c *verdict.Check) {
	t.Helper()
	switch {
	case c.Verdict == verdict.NotRun || c.Verdict == verdict.Unclaimed:
		t.Skipf("%s: %s", c.Verdict, c.Reason)
	case c.Waived:
		t.Logf("waived: %s", c.Reason)
	case c.Verdict >= verdict.Failed:
		t.Error(account(c))
	case c.Verdict == verdict.Warned:
		t.Log(account(c))
	}
}

// account is a check's findings, a line each.
func account(c *verdict.Check) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s, %s, %s)", c.Verdict, c.Source.Document, c.Source.Section, c.Source.Field)
	for _, f := range c.Findings {
		fmt.Fprintf(&b, "\n  %s %s: want %s, got %s", f.Exchange, f.Verdict, f.Want, f.Got)
	}
	return b.String()
}
