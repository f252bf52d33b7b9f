package exchange_test

import (
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/flowgate-dev/flowgate/conformance/exchange"
)

func TestCurlLine(t *testing.T) {
	x := exchange.Exchange{Probe: "p", Request: exchange.Message{
		Method: "GET", URL: "https://10.0.0.1:8443/api/x?a=1", Body: []byte(`{"a":"it's"}`),
		Header: http.Header{
			"Accept": {"application/json"}, "Content-Type": {"application/json"}, "Authorization": {"Basic REDACTED_CREDENTIALS"},
			"User-Agent": {"flowgate"}, "X-Request-Id": {"r-x0001"}, "Accept-Encoding": {"identity"},
		},
	}}
	require.Equal(t, `curl -sS -X GET --user "$FLOWGATE_USER:$FLOWGATE_PASSWORD" -H 'Accept: application/json' -H 'Content-Type: application/json' `+
		`--data-raw '{"a":"it'\''s"}' 'https://10.0.0.1:8443/api/x?a=1'`, exchange.Curl(x, ""))
	require.True(t, strings.HasSuffix(exchange.Curl(x, "http://localhost:1/p/"), ` 'http://localhost:1/p/api/x?a=1'`))
	x.Request.URL = "/api/y"
	require.True(t, strings.HasSuffix(exchange.Curl(x, "http://localhost:1"), ` http://localhost:1/api/y`))
}

// shell runs a line as a person would paste it.
func shell(t require.TestingT, line string) {
	cmd := exec.Command("sh", "-c", line) //nolint:gosec // the line is what is tested
	if len(line) > 100_000 {              // longer than one argument may be, which does not matter in a terminal
		cmd = exec.Command("sh")
		cmd.Stdin = strings.NewReader(line)
	}
	cmd.Env = append(os.Environ(), "FLOWGATE_USER=admin", "FLOWGATE_PASSWORD=tr0ub4dor&3", "http_proxy=", "no_proxy=*")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%.2000s\n%s", line, out)
}

func needCurl(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("curl"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("curl is not installed, and CI needs it")
		}
		t.Skip("curl is not installed")
	}
}

// What curl sends is what the recorder sent, byte for byte.
func TestCurlSendsTheSame(t *testing.T) {
	needCurl(t)
	s, all := device(t, func(http.ResponseWriter, *http.Request) {})
	r := recorder(t, s.URL, nil)
	ctx := t.Context()
	compare := func(t require.TestingT, q exchange.Request) {
		*all = (*all)[:0]
		x, err := r.Do(ctx, "p", q)
		require.NoError(t, err)
		require.Empty(t, x.Error)
		shell(t, exchange.Curl(x, ""))
		require.Len(t, *all, 2)
		want, got := (*all)[0], (*all)[1]
		want.ID, got.ID = "", ""
		require.Equal(t, want, got, exchange.Curl(x, ""))
	}
	for _, q := range []exchange.Request{
		{Method: "GET", Path: "/a"},
		{Method: "HEAD", Path: "/a"},
		{Method: "PATCH", Path: "/a[1]{2}/../b?x=$HOME&y=`id`"},
		{Method: "GET", Path: "/", Body: []byte{}},
		{Method: "GET", Path: "/", Body: []byte("@/etc/passwd")},
		{Method: "GET", Path: "/", Body: []byte("a\x00b\\n%s\r\n\xff")},
		{Method: "GET", Path: "/", Body: []byte("-\x00")},
		{Method: "GET", Path: "/", Body: []byte(strings.Repeat(`{"a":"%\\"}`+"\n", 20_000))},
		{Method: "GET", Path: "/", Body: []byte(`{"a":"it's $HOME \"!\" ` + "`id`" + `"}`), ContentType: "-"},
		{Method: "POST", Path: "/", Body: []byte(strings.Repeat("x", 2000)), ContentType: "text/plain; a=\"b'c\""},
		{Method: "GET", Path: "/", Auth: exchange.None},
		{Method: "GET", Path: "/", Auth: exchange.WrongPassword},
		{Method: "GET", Path: "/", Auth: exchange.EmptyPassword},
		{Method: "GET", Path: "/", Auth: exchange.ShortPassword},
		{Method: "GET", Path: "/", Auth: exchange.LongPassword},
		{Method: "GET", Path: "/", Auth: exchange.WrongCase},
		{Method: "GET", Path: "/", Auth: exchange.UserCase},
		{Method: "GET", Path: "/", Auth: exchange.OwnBasic},
		{Method: "GET", Path: "/", Auth: exchange.WrongUser},
		{Method: "GET", Path: "/", Auth: exchange.Verbatim, Authorization: "Basic"},
		{Method: "GET", Path: "/", Auth: exchange.Verbatim, Authorization: "Basic %%%"},
		{Method: "GET", Path: "/", Auth: exchange.Verbatim, Authorization: "Flowgate nothing"},
	} {
		compare(t, q)
	}
	rapid.Check(t, func(t *rapid.T) {
		compare(t, exchange.Request{
			Method: "GET", Path: "/" + rapid.StringMatching(`[a-z'$&;!*()\[\]{},~]{0,8}`).Draw(t, "path"), Auth: exchange.None,
			Body: []byte(rapid.OneOf(rapid.String(), rapid.StringMatching(`["'\\$%@!\n-]{1,10}`)).Draw(t, "body")),
		})
	})
}

func TestCurlOfForeignRecordings(t *testing.T) {
	x := exchange.Exchange{Request: exchange.Message{Method: "GET", URL: "https://d/", Header: http.Header{}}}
	require.Equal(t, "curl -sS -X GET https://d/", exchange.Curl(x, ""))
	x.Request.Header.Set("Cookie", "SESSID=REDACTED_COOKIE")
	require.Equal(t, "curl -sS -X GET -H 'Cookie: SESSID=REDACTED_COOKIE' https://d/", exchange.Curl(x, ""))
	x.Request.Header.Set("Authorization", "Bearer REDACTED_CREDENTIALS")
	require.Contains(t, exchange.Curl(x, ""), "-H 'Authorization: Bearer REDACTED_CREDENTIALS'")
}
