package exchange_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/flowgate-dev/flowgate/conformance/exchange"
)

var update = flag.Bool("update", false, "write golden files anew")

// sample are the exchanges of the golden files.
func sample() []exchange.Exchange {
	at := time.Date(2025, 1, 16, 18, 32, 0, 123456789, time.UTC)
	return []exchange.Exchange{
		{
			ID: "x0001", Probe: "statistics/type-c", Step: "minute", Operation: "importStats", Variant: "C", Started: at,
			FirstByte: 1500 * time.Microsecond, Total: 2 * time.Millisecond,
			Request: exchange.Message{
				Method: "GET", URL: "https://192.0.2.1/api/mgmt.flowgateway_analytics/1.0/import_stats", Proto: "HTTP/1.1",
				Header: http.Header{"Authorization": {"Basic REDACTED_CREDENTIALS"}, "Content-Type": {"application/json"}},
				Body:   []byte(`{"stats_type":"flows_per_minute","start_time":1702580400,"end_time":1702584000,"source_ip":""}`),
			},
			Response: exchange.Message{
				Status: 200, Proto: "HTTP/1.1", Header: http.Header{"Content-Type": {"application/json"}, "Warning": {" odd ", `"quoted"`}},
				Body: []byte("[\n]\n"),
			},
		},
		{
			ID: "x0002", Probe: "job/backup/dead-host", Step: "start", Operation: "startBackup", Auth: exchange.WrongUser, Started: at.Add(time.Second),
			Leaks: []exchange.Leak{{Secret: "security_pwd", Where: "body"}},
			Request: exchange.Message{
				Method: "POST", URL: "https://192.0.2.1/api/mgmt.gateway_backup/1.0/backup", Proto: "HTTP/1.1", Header: http.Header{},
				Body: []byte(`{"hostname":"192.0.2.99","security_pwd":"REDACTED_SECURITY_PWD"}`),
			},
			Response: exchange.Message{Status: 500, Proto: "HTTP/1.1", Header: http.Header{}, Body: []byte("\x00\xff-- x --\n"), Cut: 17},
		},
		{
			ID: "x0003", Probe: "status/backup", Started: at.Add(2 * time.Second), Total: 30 * time.Second,
			Error:    "timeout: no whole answer within 30s",
			Request:  exchange.Message{Method: "GET", URL: "https://192.0.2.1/api/mgmt.gateway_backup/1.0/backup", Header: http.Header{}},
			Response: exchange.Message{Header: http.Header{}},
		},
	}
}

func TestGoldenDirectory(t *testing.T) {
	golden := filepath.Join("testdata", "golden")
	if *update {
		require.NoError(t, exchange.WriteDir(golden, sample()))
	}
	got, err := exchange.ReadDir(golden)
	require.NoError(t, err)
	require.Equal(t, sample(), got)
	dir := t.TempDir()
	require.NoError(t, exchange.WriteDir(dir, sample()))
	for _, name := range []string{"index.txt", "x0001.txtar", "x0002.txtar", "x0003.txtar"} {
		want, err := os.ReadFile(filepath.Join(golden, name))
		require.NoError(t, err)
		have, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Equal(t, string(want), string(have))
	}
}

func TestGoldenHAR(t *testing.T) {
	golden := filepath.Join("testdata", "golden.har")
	var out bytes.Buffer
	require.NoError(t, exchange.WriteHAR(&out, sample(), "0.1.0"))
	if *update {
		require.NoError(t, os.WriteFile(golden, out.Bytes(), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), out.String())
	got, err := exchange.ReadHAR(&out)
	require.NoError(t, err)
	require.Equal(t, sample(), got)
}

func drawMessage(t *rapid.T, request bool) exchange.Message {
	m := exchange.Message{Header: http.Header{}, Proto: rapid.SampledFrom([]string{"", "HTTP/1.1", "HTTP/2.0"}).Draw(t, "proto")}
	body := rapid.OneOf(
		rapid.Just([]byte(nil)),
		rapid.Just([]byte{}),
		rapid.SliceOfN(rapid.Byte(), 1, 40),
		rapid.Map(rapid.String(), func(s string) []byte { return []byte(s) }),
		rapid.Map(rapid.StringMatching(`(-- [a-z]+ --\n?|\r?\n|[{}":,a-z0-9\\])*`), func(s string) []byte { return []byte(s) }),
	)
	m.Body = body.Draw(t, "body")
	m.Cut = rapid.SampledFrom([]int{0, 0, 5}).Draw(t, "cut")
	for range rapid.IntRange(0, 3).Draw(t, "headers") {
		name := http.CanonicalHeaderKey(rapid.StringMatching(`[a-z][a-z0-9-]{0,8}`).Draw(t, "name"))
		m.Header.Add(name, rapid.StringMatching(`["' \t:;=A-Za-zé]{0,12}`).Draw(t, "value"))
	}
	if request {
		m.Method = rapid.SampledFrom([]string{"GET", "POST"}).Draw(t, "method")
		m.URL = "https://d/" + rapid.StringMatching(`[a-z/?&=%0-9]{0,12}`).Draw(t, "url")
	} else {
		m.Status = rapid.IntRange(200, 599).Draw(t, "status")
	}
	return m
}

func drawExchanges(t *rapid.T) []exchange.Exchange {
	n := rapid.IntRange(1, 4).Draw(t, "n")
	out := make([]exchange.Exchange, n)
	for i := range out {
		text := func(label string) string { return rapid.String().Draw(t, label) }
		x := exchange.Exchange{
			ID: fmt.Sprintf("x%04d", i+1), Probe: text("probe"), Step: text("step"), Operation: text("operation"), Variant: text("variant"),
			Auth:    rapid.SampledFrom([]exchange.Auth{exchange.Account, exchange.None, exchange.WrongUser, exchange.Verbatim}).Draw(t, "auth"),
			Started: time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "s"), rapid.Int64Range(0, 999999999).Draw(t, "ns")).UTC(),
			Request: drawMessage(t, true), Response: drawMessage(t, false),
		}
		x.Total = time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "total"))
		x.FirstByte = time.Duration(rapid.Int64Range(0, int64(x.Total)).Draw(t, "first"))
		if rapid.Bool().Draw(t, "lost") {
			x.Response = exchange.Message{Header: http.Header{}}
			x.Error = "refused: " + text("error")
		}
		if rapid.Bool().Draw(t, "leaky") {
			x.Leaks = []exchange.Leak{{Secret: "password", Where: "body"}}
		}
		out[i] = x
	}
	r := exchange.NewRedactor("")
	for i := range out {
		r.Redact(&out[i], 0)
	}
	return out
}

func TestRoundTrips(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		all := drawExchanges(t)
		require.NoError(t, exchange.WriteDir(dir, all))
		got, err := exchange.ReadDir(dir)
		require.NoError(t, err)
		require.Equal(t, fix(all), fix(got))

		var har bytes.Buffer
		require.NoError(t, exchange.WriteHAR(&har, all, "v"))
		require.True(t, json.Valid(har.Bytes()))
		got, err = exchange.ReadHAR(&har)
		require.NoError(t, err)
		require.Equal(t, fix(all), fix(got))
	})
}

// fix makes absent and empty lists alike; bodies are left as they are.
func fix(all []exchange.Exchange) []exchange.Exchange {
	for i := range all {
		if len(all[i].Leaks) == 0 {
			all[i].Leaks = nil
		}
	}
	return all
}

const browserHAR = `{"log":{"version":"1.2","creator":{"name":"WebInspector","version":"537.36"},"pages":[{"id":"page_1"}],"entries":[
 {"startedDateTime":"2025-03-01T10:00:00.000+02:00","time":12.5,"_resourceType":"xhr","pageref":"page_1",
  "request":{"method":"POST","url":"https://gw/api/common/1.0/login?x=1","httpVersion":"http/2.0","headers":[
    {"name":":authority","value":"gw"},{"name":"cookie","value":"lang=en"},{"name":"content-type","value":"application/x-www-form-urlencoded"}],
   "queryString":[],"cookies":[],"headersSize":-1,"bodySize":30,"postData":{"mimeType":"application/x-www-form-urlencoded","params":[
    {"name":"username","value":"bob"},{"name":"password","value":"correct%20horse"}]}},
  "response":{"status":200,"statusText":"","httpVersion":"http/2.0","headers":[{"name":"set-cookie","value":"SESSID=ffeeddccbbaa00; Secure"}],
   "cookies":[{"name":"SESSID","value":"ffeeddccbbaa00"}],"content":{"size":2,"mimeType":"application/json","text":"e30=","encoding":"base64"},
   "redirectURL":"","headersSize":-1,"bodySize":2},"cache":{},"timings":{"blocked":-1,"send":0.5,"wait":10,"receive":2}},
 {"startedDateTime":"2025-03-01T08:00:01Z","time":0,"request":{"method":"GET","url":"https://gw/x/ffeeddccbbaa00?y=correct+horse","httpVersion":"h2","headers":[
    {"name":"Authorization","value":"Bearer abcdefgh12345"}],"queryString":[],"cookies":[],"headersSize":-1,"bodySize":0},
  "response":{"status":0,"statusText":"","httpVersion":"","headers":[],"cookies":[],"content":{"size":0,"mimeType":"x-unknown"},"redirectURL":"",
   "headersSize":-1,"bodySize":-1,"_error":"net::ERR_CONNECTION_REFUSED"},"cache":{},"timings":{"send":-1,"wait":-1,"receive":-1}}]}}`

func TestHARofABrowser(t *testing.T) {
	got, err := exchange.ReadHAR(strings.NewReader("\ufeff" + browserHAR))
	require.NoError(t, err)
	require.Len(t, got, 2)
	login, lost := got[0], got[1]
	require.Equal(t, []string{"x0001", "", "", "", ""}, []string{login.ID, login.Probe, login.Step, login.Operation, login.Variant})
	require.Equal(t, "username=bob&password=REDACTED_PASSWORD", string(login.Request.Body))
	require.Equal(t, http.Header{"Cookie": {"lang=REDACTED_COOKIE"}, "Content-Type": {"application/x-www-form-urlencoded"}}, login.Request.Header)
	require.Equal(t, "{}", string(login.Response.Body))
	require.Equal(t, "2025-03-01T08:00:00Z", login.Started.Format(time.RFC3339))
	require.Equal(t, 10500*time.Microsecond, login.FirstByte)
	require.Empty(t, login.Leaks)
	require.Equal(t, "net::ERR_CONNECTION_REFUSED", lost.Error)
	require.False(t, lost.Answered())
	all := fmt.Sprint(got)
	for _, s := range []string{"ffeeddccbbaa00", "correct", "abcdefgh12345"} {
		require.NotContains(t, all, s)
	}
}

func TestRecordingsThatCannotBeRead(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "no HTTP archive",
		`{"log":{"entries":[]}}`:   "no entries",
		`{"log":{"entries":[{}]}}`: "entry 1",
		`{"log":{"entries":[{"startedDateTime":"2025-03-01T08:00:01Z","request":{"postData":{"text":"!","_encoding":"base64"}}}]}}`:       "no base64",
		`{"log":{"entries":[{"_id":"a","startedDateTime":"2025-03-01T08:00:01Z"},{"_id":"a","startedDateTime":"2025-03-01T08:00:01Z"}]}}`: "twice",
		`{"log":{"entries":[{"startedDateTime":"2025-03-01T08:00:01Z","response":{"content":{"text":"x","encoding":"rot13"}}}]}}`:         "rot13",
	} {
		_, err := exchange.ReadHAR(strings.NewReader(text))
		require.ErrorContains(t, err, want)
	}
	write := func(files map[string]string) string {
		dir := t.TempDir()
		for name, data := range files {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600))
		}
		return dir
	}
	const index = "flowgate exchanges v1\n"
	for _, c := range []struct {
		files map[string]string
		want  string
	}{
		{nil, "--record"},
		{map[string]string{"index.txt": index}, "names no exchange"},
		{map[string]string{"index.txt": "something\n"}, "index.txt:1"},
		{map[string]string{"index.txt": index + "../x.txtar\n"}, "index.txt:2"},
		{map[string]string{"index.txt": index + "x1.txtar\n"}, "x1.txtar"},
		{map[string]string{"index.txt": index, "x1.txtar": ""}, "is not in index.txt"},
		{map[string]string{"index.txt": index + "x1.txtar\n", "x1.txtar": "-- exchange --\nFoo: bar\n"}, `"Foo" is no field`},
		{map[string]string{"index.txt": index + "x1.txtar\n", "x1.txtar": "-- exchange --\nTotal: soon\n"}, "line 1"},
		{map[string]string{"index.txt": index + "x1.txtar\n", "x1.txtar": "-- request --\nnothing\n"}, "line 1"},
		{map[string]string{"index.txt": index + "x1.txtar\n", "x1.txtar": "-- exchange --\n-- request --\n"}, "part response is missing"},
		{map[string]string{"index.txt": index + "x1.txtar\n", "x1.txtar": "-- exchange --\n-- exchange --\n"}, "twice"},
		{map[string]string{"index.txt": index + "x1.txtar\n", "x1.txtar": "-- other --\n"}, `"other" is not known`},
		{map[string]string{"index.txt": index + "x1.txtar\n", "x1.txtar": "-- request.body.base64 --\n!\n"}, "no base64"},
	} {
		_, err := exchange.ReadDir(write(c.files))
		require.ErrorContains(t, err, c.want)
	}
	require.ErrorContains(t, exchange.WriteDir(write(map[string]string{"letter.txt": ""}), sample()), "letter.txt")
	require.ErrorContains(t, exchange.WriteDir(t.TempDir(), []exchange.Exchange{{ID: "../a"}}), "no id for a file")
	require.ErrorContains(t, exchange.WriteDir(t.TempDir(), []exchange.Exchange{{ID: "a"}, {ID: "a"}}), "no id for a file")
}

func TestHandWrittenFilesAreRedacted(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "index.txt"), []byte("flowgate exchanges v1\na.txtar\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.txtar"), []byte("-- exchange --\n-- request --\nAuthorization: Basic YWRtaW46bGV0bWVpbjIyMg==\n-- response --\n-- response.body --\nletmein222\n"), 0o600))
	got, err := exchange.ReadDir(dir)
	require.NoError(t, err)
	require.Equal(t, "REDACTED_PASSWORD", string(got[0].Response.Body))
	require.Equal(t, "Basic REDACTED_CREDENTIALS", got[0].Request.Header.Get("Authorization"))
}
