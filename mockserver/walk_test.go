package mockserver_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/mockserver/mockservertest"
	"github.com/flowgate-dev/flowgate/openapi"
)

// TestEveryOperationIsAnsweredAsDocumented sends each example of the document over HTTPS and judges what comes back by
// the document's schema of the answer.
func TestEveryOperationIsAnsweredAsDocumented(t *testing.T) {
	doc, err := openapi.Load()
	require.NoError(t, err)
	for _, op := range doc.Operations {
		bodies := []string{""}
		if op.Request != nil {
			bodies = nil
			for _, e := range op.Examples {
				bodies = append(bodies, string(e.Body))
			}
		}
		for _, body := range bodies {
			t.Run(op.ID, func(t *testing.T) {
				a := mockservertest.Start(t)
				r, err := http.NewRequestWithContext(t.Context(), op.Method, a.URL+op.Path, strings.NewReader(body))
				require.NoError(t, err)
				r.SetBasicAuth(mockservertest.User, mockservertest.Password)
				res, err := a.Client(t).Do(r)
				require.NoError(t, err)
				defer res.Body.Close()
				text, err := io.ReadAll(res.Body)
				require.NoError(t, err)
				want, ok := op.Success(res.StatusCode)
				require.True(t, ok, "%s: %s", res.Status, text)
				if want.Schema == nil {
					require.Empty(t, text)
					return
				}
				require.Equal(t, "application/json", res.Header.Get("Content-Type"))
				require.Empty(t, want.Schema.ValidateJSON(text), "%s", text)
			})
		}
	}
}
