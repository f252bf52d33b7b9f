package selftest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/conformance"
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
