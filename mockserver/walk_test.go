package mockserver_test

import (
	"io"
	"net/http"
	"net/url"
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
		if op.Tag == "image" {
			continue // archives and forms instead of JSON: image_test.go
		}
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
				code, err := a.IssueCode(mockservertest.User)
				require.NoError(t, err)
				// What the document has no example of: parameters of the address.
				query := map[string]url.Values{
					"authorize": {"response_type": {"code"}}, "token": {"grant_type": {"access_code"}, "assertion": {code}},
				}[op.ID]
				r, err := http.NewRequestWithContext(t.Context(), op.Method, a.URL+op.Path+"?"+query.Encode(), strings.NewReader(body))
				require.NoError(t, err)
				r.Header.Set("Accept", "application/json")
				client := a.Client(t)
				client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
				if strings.HasPrefix(op.ID, "logout") {
					r.AddCookie(begin(t, client, a.URL))
				} else {
					r.SetBasicAuth(mockservertest.User, mockservertest.Password)
				}
				res, err := client.Do(r)
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

// begin logs in and returns the session's cookie.
func begin(t *testing.T, client *http.Client, at string) *http.Cookie {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, at+loginPath, strings.NewReader("username=admin&password=admin"))
	require.NoError(t, err)
	res, err := client.Do(r)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.Len(t, res.Cookies(), 1)
	return res.Cookies()[0]
}
