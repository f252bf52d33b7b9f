package exchange_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/conformance/exchange"
)

// A device that gives back all that it is sent, and what it will be sent, in every encoding, gets no secret
// into any file or line.
func TestNoSinkShowsASecret(t *testing.T) {
	const account, vault = "tr0ub4dor&3", `z"ebra <cro/ss+ing> é`
	s, _ := device(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Echo", r.Header.Get("Authorization"))
		w.Header().Set("Set-Cookie", "SESSID=0badcafe0badcafe; Path=/")
		for _, e := range encodings {
			_, _ = fmt.Fprintf(w, "%s\n%s\n%s\n", e.encode(account), e.encode(vault), e.encode("0badcafe0badcafe"))
		}
	})
	r := recorder(t, s.URL, nil)
	for _, q := range []exchange.Request{
		{Method: "POST", Path: "/login", Body: []byte(`{"username":"admin","password":"` + inJSON(account) + `"}`)},
		{Method: "POST", Path: "/backup?security_pwd=x", Body: []byte(`{"security_pwd":"` + inJSON(vault) + `"}`), Secrets: []string{vault}},
		{Method: "GET", Path: "/0badcafe0badcafe", Body: []byte("password=" + account), ContentType: "text/plain"},
	} {
		x := do(t, r, q)
		require.NotEmpty(t, x.Leaks)
		require.NotEmpty(t, x.Response.Body)
	}
	all := r.Exchanges()
	var out bytes.Buffer
	require.NoError(t, exchange.WriteHAR(&out, all, "v"))
	dir := t.TempDir()
	require.NoError(t, exchange.WriteDir(dir, all))
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	require.Len(t, files, len(all)+1)
	for _, name := range files {
		data, err := os.ReadFile(name) //nolint:gosec // a file of the test
		require.NoError(t, err)
		out.Write(data)
	}
	for _, x := range all {
		_, _ = io.WriteString(&out, exchange.Curl(x, "")+"\n"+fmt.Sprintf("%+v\n", x))
	}
	for _, value := range []string{account, vault, "0badcafe0badcafe"} {
		for _, e := range encodings {
			require.False(t, strings.Contains(out.String(), e.encode(value)), e.name)
			require.False(t, strings.Contains(out.String(), inJSON(e.encode(value))), e.name)
		}
	}
	require.False(t, strings.Contains(out.String(), "tr0ub"), "a part of the password")
}
