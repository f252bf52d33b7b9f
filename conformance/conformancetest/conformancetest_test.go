package conformancetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/conformance/verdict"
	"github.com/flowgate-dev/flowgate/openapi/catalogue"
)

func TestAnAccountNamesThePlaceAndTheExchange(t *testing.T) {
	text := account(&verdict.Check{
		Verdict: verdict.Failed, Source: catalogue.Citation{Document: "backup", Section: "Backup Status", Field: "running.status"},
		Findings: []verdict.Finding{{Verdict: verdict.Failed, Want: "COMPLETED", Got: "DONE", Exchange: "x0007"}},
	})
	require.Equal(t, "failed (backup, Backup Status, running.status)\n  x0007 failed: want COMPLETED, got DONE", text)
}
