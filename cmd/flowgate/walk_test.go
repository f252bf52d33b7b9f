package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/openapi"
)

// TestCurlWalksEveryOperation compares the script with the document: an operation that curl does not walk is missed.
func TestCurlWalksEveryOperation(t *testing.T) {
	script, err := os.ReadFile("testdata/script/curl.txtar")
	require.NoError(t, err)
	doc, err := openapi.Load()
	require.NoError(t, err)
	for _, op := range doc.Operations {
		require.Contains(t, string(script), op.ID, "curl.txtar does not walk %s %s", op.Method, op.Path)
		path := strings.NewReplacer("/api/mgmt.gateway_backup/1.0", "$API/$JOBS", "/api/mgmt.flowgateway_analytics/1.0/import_stats", "$API/$STATS", "/api/", "$API/").Replace(op.Path)
		require.Contains(t, string(script), path+"\n", "curl.txtar does not ask for %s", op.Path)
	}
}

// TestRequirementsPageIsUpToDate compares docs/requirements.md with what the command prints.
func TestRequirementsPageIsUpToDate(t *testing.T) {
	page, err := os.ReadFile("../../docs/requirements.md")
	require.NoError(t, err)
	code, out, complaints := call(t, "spec", "requirements")
	require.Equal(t, 0, code, complaints)
	if string(page) != out {
		old, now := strings.Split(string(page), "\n"), strings.Split(out, "\n")
		at := 0
		for at < min(len(old), len(now)) && old[at] == now[at] {
			at++
		}
		t.Fatalf("docs/requirements.md is out of date from line %d on; write it anew with make requirements", at+1)
	}
}
