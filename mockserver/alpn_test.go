package mockserver_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/mockserver/mockservertest"
)

// TestClientsAgreeOnAProtocol lets clients offer what old and new ones do: `curl --http1.0` names HTTP/1.0 alone, and many
// name nothing.
func TestClientsAgreeOnAProtocol(t *testing.T) {
	a := mockservertest.Start(t)
	for _, c := range []struct {
		offered []string
		agreed  string
		version string // of the request that is sent; none is over h2
	}{
		{[]string{"http/1.0"}, "http/1.0", "1.0"},
		{[]string{"http/1.0", "http/1.1"}, "http/1.1", "1.1"},
		{[]string{"h2", "http/1.1"}, "h2", ""},
		{nil, "", "1.1"},
	} {
		conn, err := tls.Dial("tcp", a.URL[len("https://"):], &tls.Config{NextProtos: c.offered, InsecureSkipVerify: true}) //nolint:gosec // only looks
		require.NoError(t, err, c.offered)
		require.Equal(t, c.agreed, conn.ConnectionState().NegotiatedProtocol)
		if c.version != "" {
			_, err = fmt.Fprintf(conn, "GET /api/common/1.0/services HTTP/%s\r\nHost: mock\r\nConnection: close\r\n\r\n", c.version)
			require.NoError(t, err, c.offered)
			answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
			require.NoError(t, err, c.offered)
			require.Equal(t, http.StatusOK, answer.StatusCode, c.offered)
			require.NoError(t, answer.Body.Close())
		}
		_ = conn.Close() // the other side may have ended first
	}
}
