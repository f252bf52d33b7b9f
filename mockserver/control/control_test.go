package control

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/openapi"
)

func TestRoutesAndTheDocumentAreTheSameBothWays(t *testing.T) {
	doc, err := openapi.Parse(document)
	require.NoError(t, err)
	var documented, served []string
	for _, op := range doc.Operations {
		documented = append(documented, op.Method+" "+op.Path)
	}
	for _, r := range routes() {
		served = append(served, r.method+" "+r.path)
	}
	require.ElementsMatch(t, documented, served)
}
