package report_test

import (
	"io"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/flowgate-dev/flowgate/conformance/report"
	"github.com/flowgate-dev/flowgate/conformance/verdict"
	"github.com/flowgate-dev/flowgate/openapi/catalogue"
)

func text(o report.TextOptions) func(io.Writer, *verdict.Report) error {
	return func(w io.Writer, r *verdict.Report) error { return report.Text(w, r, o) }
}

func TestText(t *testing.T) {
	golden(t, "sample.txt", rendered(t, text(report.TextOptions{}), sample()))
	golden(t, "sample-verbose.txt", rendered(t, text(report.TextOptions{Verbose: true, Width: 120}), sample()))
	golden(t, "calm.txt", rendered(t, text(report.TextOptions{Width: 60}), calm()))
}

var colours = regexp.MustCompile("\x1b\\[[0-9;]*m")

// Colour adds escape sequences and nothing else, and without it there is none.
func TestColourIsAllThatColourAdds(t *testing.T) {
	without := string(rendered(t, text(report.TextOptions{}), sample()))
	with := string(rendered(t, text(report.TextOptions{Color: true}), sample()))
	require.NotContains(t, without, "\x1b")
	require.Greater(t, len(colours.FindAllString(with, -1)), 20)
	require.Equal(t, without, colours.ReplaceAllString(with, ""))
	require.Contains(t, with, "\x1b[1;31mFAILED (1)\x1b[0m")
}

func TestWhatIsPastedIsWhatWasSent(t *testing.T) {
	for _, verbose := range []bool{false, true} {
		require.Contains(t, string(rendered(t, text(report.TextOptions{Width: 20, Verbose: verbose}), sample())), curlBody+"\n")
	}
}

func TestLinesKeepToTheWidth(t *testing.T) {
	for _, width := range []int{50, 72, 100} {
		for l := range strings.Lines(string(rendered(t, text(report.TextOptions{Width: width}), calm()))) {
			l = strings.TrimRight(l, "\n")
			require.Equal(t, strings.TrimRight(l, " "), l, "space at the end")
			if words := strings.Fields(l); len(words) > 2 && !strings.Contains(l, "curl ") && !strings.Contains(l, curlBody[len(curlBody)-40:]) {
				require.LessOrEqual(t, utf8.RuneCountInString(l), width, l)
			}
		}
	}
}

// A long list is told in brief, and whole when asked.
func TestBriefAndVerbose(t *testing.T) {
	r := calm()
	failed := &r.Checks[1]
	for range 5 {
		failed.Findings = append(failed.Findings, verdict.Finding{Verdict: verdict.Failed, Want: "w", Got: strings.Repeat("g", 500)})
	}
	for i := range 6 {
		c := checkOf("backup/gap/"+string(rune('a'+i)), verdict.NotRun)
		c.Reason = "not selected"
		r.Checks = append(r.Checks, c)
	}
	verdict.Settle(r)
	brief := string(rendered(t, text(report.TextOptions{}), r))
	whole := string(rendered(t, text(report.TextOptions{Verbose: true}), r))
	require.Contains(t, brief, "and 5 more findings")
	require.Contains(t, brief, "backup/gap/d, and 2 more")
	require.Less(t, strings.Index(brief, "6 not run: not selected"), strings.Index(brief, "2 not run: not allowed"), "the largest gap first")
	require.Equal(t, 5, strings.Count(whole, strings.Repeat("g", 500)))
	require.Contains(t, whole, "backup/gap/f")
	require.Contains(t, whole, "both are answered", "what was noted")
	require.NotContains(t, brief, "both are answered")
	require.Equal(t, 1, strings.Count(whole, "(shown above)"), "x0002 is the evidence of two checks")
}

// Findings of one exchange share its evidence, which follows the last of them.
func TestEvidenceStandsOnce(t *testing.T) {
	r := calm()
	failed := &r.Checks[1]
	failed.Findings = append(failed.Findings[:1], verdict.Finding{Verdict: verdict.Failed, Want: "no more than 9", Got: "12", Exchange: "x0001"})
	out := string(rendered(t, text(report.TextOptions{}), r))
	require.Equal(t, 1, strings.Count(out, curlBody))
	require.Contains(t, out, "    got   12\n    x0001: GET ")
}

func TestADeviceThatDoesNotTellWhatItIs(t *testing.T) {
	r := calm()
	r.Target = verdict.Target{URL: "http://192.0.2.7"}
	out := string(rendered(t, text(report.TextOptions{}), r))
	require.True(t, strings.HasPrefix(out, "device    http://192.0.2.7\n          it does not tell its model, serial or version\njudge "), out[:200])
}

func TestTheLastLinesSayWhatToDo(t *testing.T) {
	tail := func(r *verdict.Report) string {
		lines := strings.Split(strings.TrimSpace(string(rendered(t, text(report.TextOptions{Width: 500}), r))), "\n")
		return strings.Join(lines[len(lines)-3:], "\n")
	}
	require.Equal(t, "10 checks: 1 broken, 1 failed, 2 warned, 1 waived, 1 noted, 1 unclaimed, 2 not run, 1 passed\n"+
		"BROKEN: the harness itself broke in at least one check\nnext  report the broken check with its exchange", tail(sample()))
	require.Contains(t, tail(calm()), "NOT CONFORMANT\nnext  to try one again: flowgate check --replay analytics/response/type-a/peak-n-flows --from")
	good := calm()
	good.Checks = good.Checks[:1]
	verdict.Settle(good)
	require.True(t, strings.HasSuffix(tail(good), "1 check: 1 passed\nCONFORMANT"), tail(good))
	good.Verdict, good.Reason = verdict.Incomplete, "a required part did not run"
	require.Contains(t, tail(good), "INCOMPLETE: a required part did not run\nnext  see what was not judged")
}

// Whatever a device says, a terminal gets printable text and line feeds.
func TestNothingOfADeviceReachesTheTerminalRaw(t *testing.T) {
	raw := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.RuneFrom(nil, unicode.Cc, unicode.Cf, unicode.Co)), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }))
	rapid.Check(t, func(t *rapid.T) {
		r := calm()
		s := raw.Draw(t, "said")
		r.Target = verdict.Target{URL: s, Model: s, Serial: s, Version: s, Fingerprint: s, Claims: []string{s}}
		r.Run.ID, r.Reason, r.Hint, r.Verdict, r.Harness.Commit = s, s, s, verdict.Overall(s), s
		r.Dialect = map[string]string{s: s, "epoch-form": s}
		r.Waivers = append(r.Waivers, verdict.WaiverNote{Check: "**", State: verdict.Applied, Reason: s}, verdict.WaiverNote{Check: s, State: s, Reason: s})
		for i := range r.Checks {
			c := &r.Checks[i]
			c.ID, c.Requirement, c.Reason, c.Hazard = c.ID+s, s, s, s
			c.Level, c.Standing, c.Source = catalogue.Level(s), catalogue.Standing(s), catalogue.Citation{Section: s, Field: s}
			for k := range c.Findings {
				c.Findings[k].Want, c.Findings[k].Got = s, s
			}
		}
		for i := range r.Exchanges {
			x := &r.Exchanges[i]
			x.Probe, x.Error, x.Curl, x.Request.URL, x.Response.Body = s, s, s, s, s
			x.Response.Headers = [][2]string{{s, s}}
		}
		var out strings.Builder
		require.NoError(t, report.Text(&out, r, report.TextOptions{Verbose: true}))
		require.True(t, utf8.ValidString(out.String()))
		for _, c := range out.String() {
			require.True(t, unicode.IsPrint(c) || c == '\n' || c == '\t' && strings.Contains(s, "\t"), "%q", c)
		}
	})
}
