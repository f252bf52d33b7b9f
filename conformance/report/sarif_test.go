package report_test

import (
	"encoding/json"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/conformance/report"
	"github.com/flowgate-dev/flowgate/conformance/verdict"
)

// sarif is what the tests read of a log: as a stranger would, by the names of the standard.
type sarif struct {
	Version string
	Runs    []struct {
		Tool struct {
			Driver struct {
				Name  string
				Rules []struct {
					ID                   string
					ShortDescription     struct{ Text string }
					DefaultConfiguration struct{ Level string }
				}
			}
		}
		Invocations []struct {
			ExecutionSuccessful        bool
			ToolExecutionNotifications []struct {
				Level   string
				Message struct{ Text string }
			}
		}
		Results []sarifResult
	}
}

type sarifResult struct {
	RuleID    string `json:"ruleId"`
	RuleIndex int
	Level     string
	Message   struct{ Text string }
	Locations []struct {
		LogicalLocations []struct{ Name, FullyQualifiedName string }
	}
	PartialFingerprints map[string]string
	Suppressions        []struct{ Kind, Status, Justification string }
	WebRequest          *struct {
		Target, Method string
		Body           struct{ Text string }
	}
	WebResponse *struct {
		StatusCode         int
		NoResponseReceived bool
		Headers            map[string]string
	}
}

func readSARIF(t *testing.T, r *verdict.Report) sarif {
	t.Helper()
	var log sarif
	require.NoError(t, json.Unmarshal(rendered(t, report.SARIF, r), &log))
	require.Equal(t, "2.1.0", log.Version)
	require.Len(t, log.Runs, 1)
	return log
}

func TestSARIF(t *testing.T) {
	text := rendered(t, report.SARIF, sample())
	golden(t, "sample.sarif", text)
	require.NotContains(t, string(text), ": null")
	var values func(v any)
	values = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, e := range v {
				values(k)
				values(e)
			}
		case []any:
			for _, e := range v {
				values(e)
			}
		case string:
			for _, c := range v {
				require.True(t, unicode.IsPrint(c) || c == '\n' || c == '\t', "%q", v)
			}
		}
	}
	var log any
	require.NoError(t, json.Unmarshal(text, &log))
	values(log)
}

// Failed and warned findings are results, and nothing else is: passed, noted and broken ones accuse no device.
func TestSARIFHasAResultForEachViolation(t *testing.T) {
	r := sample()
	r.Exchanges[0].Response.Headers = append(r.Exchanges[0].Response.Headers, [2]string{"Vary", "A"}, [2]string{"Vary", "B"})
	run := readSARIF(t, r).Runs[0]
	got := []string{}
	prints := map[string]bool{}
	for _, r := range run.Results {
		got = append(got, r.Level+" "+r.RuleID)
		require.Equal(t, r.RuleID, run.Tool.Driver.Rules[r.RuleIndex].ID)
		require.False(t, prints[r.PartialFingerprints["flowgate/v1"]], "two results have one fingerprint")
		prints[r.PartialFingerprints["flowgate/v1"]] = true
	}
	const peak, waived = "error analytics/response/type-a/peak-n-flows", "error backup/status/running/completed"
	require.Equal(t, []string{peak, peak, peak, "warning analytics/response/type-b/time/form", "warning analytics/a-requirement/of-another-version", waived}, got)

	first := run.Results[0]
	require.Equal(t, "analytics/Template Type A: Response Body/peak_n_flows", first.Locations[0].LogicalLocations[0].FullyQualifiedName)
	require.Equal(t, "peak_n_flows", first.Locations[0].LogicalLocations[0].Name)
	require.Equal(t, "GET", first.WebRequest.Method)
	require.Equal(t, "{\"stats_type\":\n\"flows_per_minute\"}", first.WebRequest.Body.Text)
	require.Equal(t, 200, first.WebResponse.StatusCode)
	require.Equal(t, "application/json", first.WebResponse.Headers["Content-Type"])
	require.Equal(t, "A, B", first.WebResponse.Headers["Vary"])
	require.Nil(t, run.Results[2].WebRequest, "a finding without an exchange")
	require.Equal(t, "analytics/Errors | <i>all</i>", run.Results[4].Locations[0].LogicalLocations[0].FullyQualifiedName)
	require.Empty(t, first.Suppressions)
	last := run.Results[5]
	require.Equal(t, "known as BUG-7 <until> 6.2", last.Suppressions[0].Justification)
	require.Equal(t, "accepted", last.Suppressions[0].Status)
	require.True(t, last.WebResponse.NoResponseReceived)

	require.Len(t, run.Tool.Driver.Rules, 10)
	require.Equal(t, "peak_n_flows is a string, the peak value of n_flows: a whole number that is not negative.", run.Tool.Driver.Rules[1].ShortDescription.Text)
	require.Equal(t, "warning", run.Tool.Driver.Rules[2].DefaultConfiguration.Level)
}

// Two runs that found the same have the same fingerprints, and what was got does not matter.
func TestSARIFFingerprintsOutliveARun(t *testing.T) {
	prints := func(r *verdict.Report) []string {
		out := []string{}
		for _, result := range readSARIF(t, r).Runs[0].Results {
			out = append(out, result.PartialFingerprints["flowgate/v1"])
		}
		return out
	}
	before := prints(calm())
	later := calm()
	later.Run.ID, later.Checks[1].Findings[0].Got = "another", "a number, in 5 of 9 rows"
	require.Equal(t, before, prints(later))
	later.Checks[1].Findings[0].Want = "something else"
	require.NotEqual(t, before[0], prints(later)[0])
	require.Equal(t, before[1:], prints(later)[1:])
	later.Checks[1].Findings[2].Want = "something else"
	after := prints(later)
	require.NotEqual(t, after[0], after[1], "the same want twice in one check")
}

func TestSARIFTellsOfARunThatJudgedNothing(t *testing.T) {
	broken := readSARIF(t, sample()).Runs[0].Invocations[0]
	require.False(t, broken.ExecutionSuccessful)
	require.Len(t, broken.ToolExecutionNotifications, 2)
	require.Equal(t, "error", broken.ToolExecutionNotifications[0].Level)
	require.Contains(t, broken.ToolExecutionNotifications[0].Message.Text, "hint: report the broken check")
	require.Contains(t, broken.ToolExecutionNotifications[1].Message.Text, "backup/status/last-successful: ")

	r := calm()
	r.Checks, r.Verdict, r.Reason = nil, verdict.Incomplete, "no check was judged"
	log := readSARIF(t, r)
	require.True(t, log.Runs[0].Invocations[0].ExecutionSuccessful)
	require.Equal(t, "warning", log.Runs[0].Invocations[0].ToolExecutionNotifications[0].Level)
	require.NotNil(t, log.Runs[0].Results)

	require.Empty(t, readSARIF(t, calm()).Runs[0].Invocations[0].ToolExecutionNotifications)
}
