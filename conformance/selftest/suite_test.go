package selftest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/conformance"
	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/conformancetest"
	"github.com/flowgate-dev/flowgate/conformance/verdict"
	"github.com/flowgate-dev/flowgate/mockserver"
	"github.com/flowgate-dev/flowgate/mockserver/mockservertest"
)

// The appliance that ships is judged over TLS as a user would, by observation only.
func TestTheApplianceConformsAsSubtests(t *testing.T) {
	m := mockservertest.Start(t, func(o *mockserver.Options) { o.Sources = 8 })
	report := conformancetest.Run(t, conformance.Target{
		URL: m.URL, User: mockservertest.User, Password: mockservertest.Password, Transport: m.Client(t).Transport,
	}, conformance.Options{Profile: 1})
	require.Equal(t, verdict.Conformant, report.Verdict, report.Reason)
	judged := report.Summary.Passed + report.Summary.Noted
	require.GreaterOrEqual(t, judged, 250, "an observing run of the standard profile judges at least 250 checks")
}

// What a person sees while a run goes on is not taken back by the report: of an appliance that conforms, nothing is told.
func TestNothingIsToldOfAnApplianceThatConforms(t *testing.T) {
	m := mockservertest.Start(t, func(o *mockserver.Options) {
		o.PlainHTTP, o.Sources, o.JobDuration = true, 4, 50*time.Millisecond
	})
	var told []string
	result, err := conformance.Run(t.Context(), conformance.Target{URL: m.URL, User: mockservertest.User, Password: mockservertest.Password}, conformance.Options{
		Allow: check.Destroy, Profile: check.Standard, Confirm: m.State().Serial, Run: []string{"backup/**", "restore/**", "common/**"},
		Progress: func(p conformance.Progress) {
			for _, c := range p.Failed {
				told = append(told, c.ID+": "+c.Reason)
			}
		},
	})
	require.NoError(t, err)
	require.Zero(t, result.Report.Summary.Failed)
	require.Empty(t, told)
}
