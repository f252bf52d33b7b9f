package exchange_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/flowgate-dev/flowgate/conformance/exchange"
)

// answered is an exchange whose answer has this body.
func answered(body string) exchange.Exchange {
	return exchange.Exchange{
		Request:  exchange.Message{Method: "GET", URL: "https://device/x", Header: http.Header{}},
		Response: exchange.Message{Status: 200, Header: http.Header{}, Body: []byte(body)},
	}
}

// redacted is a response body after redaction, with what leaked.
func redacted(body string, secrets ...string) (string, []exchange.Leak) {
	r := exchange.NewRedactor("admin")
	for _, s := range secrets {
		r.Keep("secret", s)
	}
	x := answered(body)
	r.Redact(&x, 0)
	return string(x.Response.Body), x.Leaks
}

// encodings are the ways in which a secret may come back.
var encodings = []struct {
	name   string
	encode func(string) string
}{
	{"plain", func(s string) string { return s }},
	{"base64", func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }},
	{"base64 url", func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }},
	{"basic", func(s string) string { return base64.StdEncoding.EncodeToString([]byte("admin:" + s)) }},
	{"base64 within", func(s string) string {
		return base64.StdEncoding.EncodeToString([]byte(`{"nonce":"` + s + `","exp":1}`))
	}},
	{"query", url.QueryEscape},
	{"path", url.PathEscape},
	{"lower query", func(s string) string { return lowerHex(url.QueryEscape(s)) }},
	{"json", inJSON},
	{"json ascii", func(s string) string {
		var out strings.Builder
		for _, c := range s {
			if c > 0xffff {
				c -= 0x10000
				fmt.Fprintf(&out, `\u%04x\u%04X`, 0xd800+c>>10, 0xdc00+c&0x3ff)
				continue
			}
			fmt.Fprintf(&out, `\u%04X`, c)
		}
		return out.String()
	}},
	{"json twice", func(s string) string { return inJSON(inJSON(s)) }},
	{"query in json", func(s string) string { return inJSON(url.QueryEscape(s)) }},
	{"html", html.EscapeString},
	{"base64 in query", func(s string) string { return url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(s))) }},
}

func inJSON(s string) string {
	b, _ := json.Marshal(s)
	return string(b[1 : len(b)-1])
}

func lowerHex(s string) string {
	out := []byte(s)
	for i := range out {
		if out[i] == '%' && i+2 < len(out) {
			copy(out[i:], bytes.ToLower(out[i:i+3]))
		}
	}
	return string(out)
}

// secret draws values that no text holds by chance.
func secret(t *rapid.T) string {
	s := rapid.StringMatching(`[A-Za-z0-9 !-/:-@\[-~éß🔑]{6,24}`).Draw(t, "secret") + rapid.StringMatching(`[a-zA-Z]#[0-9]`).Draw(t, "tail")
	return strings.TrimSpace(s)
}

func TestNoEncodingOfASecretIsShown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := secret(t)
		e := rapid.SampledFrom(encodings).Draw(t, "encoding")
		quoted, _ := json.Marshal(e.encode(s))
		if strings.HasPrefix(e.name, "json") { // these are what stands between the quotes
			quoted = []byte(`"` + e.encode(s) + `"`)
		}
		for _, body := range []string{
			`{"error_id":"X","error_text":` + string(quoted) + `,"n":[1,"a"]}`,
			`[` + string(quoted) + `]`,
			`{` + string(quoted) + `:1}`,
			`<p>it was ` + e.encode(s) + ` there</p>`,
			e.encode(s),
			`{"broken": ` + e.encode(s) + `, "error_text": "x`,
		} {
			out, leaks := redacted(body, s)
			require.NotEmpty(t, leaks, body)
			for _, e := range encodings {
				require.NotContains(t, out, e.encode(s), "%s of %q in %s", e.name, s, body)
			}
			require.Equal(t, json.Valid([]byte(body)), json.Valid([]byte(out)), "%s\n%s", body, out)
			again, _ := redacted(out, s)
			require.Equal(t, out, again)
		}
	})
}

func TestEveryPlaceIsRedacted(t *testing.T) {
	const s = "c0rrect h0rse/battery+staple\""
	r := exchange.NewRedactor("admin")
	r.Keep("password", s)
	for _, e := range encodings {
		x := exchange.Exchange{
			Probe: s, // a name is never touched
			Error: "dial " + e.encode(s) + " failed",
			Request: exchange.Message{
				Method: "GET", URL: "https://device/x/" + e.encode(s) + "?q=" + e.encode(s), Body: []byte(e.encode(s)),
				Header: http.Header{"X-Sent": {e.encode(s)}},
			},
			Response: exchange.Message{
				Status: 200, Body: []byte(e.encode(s)),
				Header: http.Header{"X-Got": {e.encode(s)}, "Set-Cookie": {"a=" + e.encode(s) + "; Path=/"}, "Www-Authenticate": {"Basic realm=" + e.encode(s)}},
			},
		}
		r.Redact(&x, 0)
		require.Equal(t, s, x.Probe)
		all := fmt.Sprint(x.Error, x.Request, x.Response)
		for _, e := range encodings {
			require.NotContains(t, all, e.encode(s), e.name)
		}
		require.NotContains(t, all, string(x.Request.Body)+"x")
		require.Contains(t, x.Leaks, exchange.Leak{Secret: "password", Where: "body"}, e.name)
		require.Contains(t, x.Leaks, exchange.Leak{Secret: "password", Where: "X-Got"}, e.name)
		require.NotContains(t, fmt.Sprint(x.Leaks), "X-Sent")
	}
}

func TestRedactionByKey(t *testing.T) {
	for _, c := range []struct{ body, want string }{
		{`{"password":"hunter22","security_pwd" : "zebra crossing","n":1}`, `{"password":"REDACTED_PASSWORD","security_pwd" : "REDACTED_SECURITY_PWD","n":1}`},
		{`[{"a":{"Session_ID":"00ff00ff"}}]`, `[{"a":{"Session_ID":"REDACTED_SESSION"}}]`},
		{`{"pass\u0077ord":"x"}`, `{"pass\u0077ord":"REDACTED_PASSWORD"}`},
		{`{"password":""}`, `{"password":""}`},
		{`{"password":null,"password":true}`, `{"password":null,"password":true}`},
		{`{"password":12345,"b":12345}`, `{"password":0,"b":12345}`},
		{`{"password":["a",{"b":"c"}],"d":"e"}`, `{"password":["REDACTED_PASSWORD",{"b":"REDACTED_PASSWORD"}],"d":"e"}`},
		{`{"password":"ab`, `{"password":"REDACTED_PASSWORD`},
		{`{"password": hunter, "x": 1}`, `{"password": "REDACTED_PASSWORD", "x": 1}`},
		{`{"session_key":"SESSID","session_id":"0123"}`, `{"session_key":"REDACTED_SESSION","session_id":"REDACTED_SESSION"}`},
		{`username=a&password=b%20c&x=y`, `username=a&password=REDACTED_PASSWORD&x=y`},
		{`<r><password>abc</password><user>d</user></r>`, `<r><password>REDACTED_PASSWORD</password><user>d</user></r>`},
		{`<html>{"access_token": "abc"}</html>`, `<html>{"access_token": "REDACTED_SESSION"}</html>`},
		{`{"error_text":"the field password is missing","error_info":{"field":"security_pwd"}}`, `{"error_text":"the field password is missing","error_info":{"field":"security_pwd"}}`},
	} {
		got, leaks := redacted(c.body)
		require.Equal(t, c.want, got)
		require.Empty(t, leaks)
		again, _ := redacted(got)
		require.Equal(t, got, again)
	}
}

// Weak secrets are made of the words and numbers that honest answers are full of.
func TestHonestAnswersAreLeftAlone(t *testing.T) {
	for _, body := range []string{
		`[{"time":"2024-01-08 22:11:00+00:00","source_ip":"10.1.2.3","n_flows":1234,"peak_n_flows":"1234","n_bytes":123456}]`,
		`{"error_id":"BAD_REQUEST","error_text":"back_up: password must be a string"}`,
		`{"host":"backbone","username":"admin","status":"COMPLETED","path":"/mnt/data/flowgateway-backup"}`,
		`{"a" : [1.0e3, {}],  "a":"\u00e9\/"}`,
	} {
		for _, weak := range []string{"1234", "2024", "back", "password", "admin", "none", "a", "", "0", "10.1", `": "`, "COMPLETED", "123456"} {
			out, leaks := redacted(body, weak)
			if weak != "10.1" {
				require.Equal(t, body, out, weak)
				require.Empty(t, leaks)
			}
		}
	}
	out, leaks := redacted(`{"error_text":"bad password 123456!"}`, "123456")
	require.Equal(t, `{"error_text":"bad password REDACTED_SECRET!"}`, out)
	require.Len(t, leaks, 1)
	out, _ = redacted(`{"error_text":"no r4t."}`, "r4t.", "no")
	require.Equal(t, `{"error_text":"no REDACTED_SECRET"}`, out)
	out, _ = redacted(`{"echo":1234567890,"n":99912345678901}`, "1234567890")
	require.Equal(t, `{"echo":"REDACTED_SECRET","n":99912345678901}`, out)
}

func TestSecretsAreLearned(t *testing.T) {
	r := exchange.NewRedactor("admin")
	login := exchange.Exchange{
		Request: exchange.Message{URL: "https://d/login", Header: http.Header{}, Body: []byte(`{"username":"admin","password":"p4ss/phrase"}`)},
		Response: exchange.Message{
			Status: 200, Header: http.Header{"Set-Cookie": {"SESSID=00112233445566778899; Path=/; Secure"}},
			Body: []byte(`{"session_key":"SESSID","session_id":"00112233445566778899"}`),
		},
	}
	r.Redact(&login, 0)
	require.Empty(t, login.Leaks, "handing out a session is no leak")
	require.Equal(t, "SESSID=REDACTED_COOKIE; Path=/; Secure", login.Response.Header.Get("Set-Cookie"))
	require.Equal(t, `{"session_key":"REDACTED_SESSION","session_id":"REDACTED_SESSION"}`, string(login.Response.Body))
	x := answered(`{"error_text":"session 00112233445566778899 of p4ss/phrase","SESSID":1}`)
	x.Request.Header.Set("Cookie", "SESSID=00112233445566778899; lang=en")
	r.Redact(&x, 0)
	require.Equal(t, `{"error_text":"session REDACTED_SESSION of REDACTED_PASSWORD","SESSID":1}`, string(x.Response.Body))
	require.Equal(t, "SESSID=REDACTED_COOKIE; lang=REDACTED_COOKIE", x.Request.Header.Get("Cookie"))
	require.Equal(t, []exchange.Leak{{Secret: "password", Where: "body"}, {Secret: "session", Where: "body"}}, x.Leaks)

	basic := answered(`"open sesame!"`)
	basic.Request.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("bob:open sesame!")))
	r.Redact(&basic, 0)
	require.Equal(t, `"REDACTED_PASSWORD"`, string(basic.Response.Body))
}

func TestLongerSecretWins(t *testing.T) {
	out, _ := redacted(`["horse-battery-newest","horse-battery"]`, "horse-battery", "horse-battery-newest")
	require.Equal(t, `["REDACTED_SECRET","REDACTED_SECRET"]`, out)
}

func TestCompressedBodies(t *testing.T) {
	pack := func(s string) string {
		var out bytes.Buffer
		z := gzip.NewWriter(&out)
		_, _ = z.Write([]byte(s))
		_ = z.Close()
		return out.String()
	}
	for text, shown := range map[string]bool{"nothing here": true, "the s3cr3t phrase": false} {
		r := exchange.NewRedactor("")
		r.Keep("password", "s3cr3t phrase")
		x := answered(pack(text))
		x.Response.Header.Set("Content-Encoding", "gzip")
		r.Redact(&x, 0)
		require.Equal(t, shown, string(x.Response.Body) == pack(text), text)
		require.Equal(t, shown, len(x.Leaks) == 0, text)
	}
}

// The end of a torn answer may hold the beginning of a secret.
func TestTornBodies(t *testing.T) {
	r := exchange.NewRedactor("")
	r.Keep("password", "s3cr3t phrase")
	x := answered("it is s3cr3t phr")
	x.Error = "broken off: after 16 bytes"
	r.Redact(&x, 0)
	require.Equal(t, "it is REDACTED_PASSWORD", string(x.Response.Body))
}

func FuzzRedact(f *testing.F) {
	f.Add([]byte(`{"password":"a\"b","x":[1,{"assertion":{}}]}`), "hunter2222")
	f.Add([]byte(`{"error_text":"aHVudGVyMjIyMg=="}`), "hunter2222")
	f.Add([]byte(`"\ud83d\udd11%zz&amp;&#x41;+\\`), "&A+B C D")
	f.Add([]byte(`{"a":"\nhunter2222"}`), "nhunter2222")
	f.Fuzz(func(t *testing.T, body []byte, secret string) {
		out, _ := redacted(string(body), secret)
		if json.Valid(body) {
			require.True(t, json.Valid([]byte(out)), "%q → %q", body, out)
		}
	})
}

func BenchmarkRedactLongBody(b *testing.B) {
	for name, extra := range map[string]string{"innocent": "{}", "secret": `"s3cret number 1"`} {
		b.Run(name, func(b *testing.B) { benchmarkRedact(b, extra) })
	}
}

func benchmarkRedact(b *testing.B, extra string) {
	row := `{"time":"2024-01-08 22:11:00+00:00","source_ip":"10.1.2.3","n_flows":1234,"n_bytes":123456,"peak_n_flows":"12"},`
	body := []byte("[" + strings.Repeat(row, 30_000) + extra + "]")
	r := exchange.NewRedactor("admin")
	for i := range 8 {
		r.Keep("secret", fmt.Sprintf("s3cret number %d", i))
	}
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		x := answered("")
		x.Response.Body = body
		r.Redact(&x, 0)
	}
}

// Four bytes are too few to be found inside longer base64, but their own is.
func TestShortSecretsInBase64(t *testing.T) {
	for body, want := range map[string]string{
		`"` + base64.StdEncoding.EncodeToString([]byte("k3y!")) + `"`:       `"REDACTED_SECRET"`,
		`"` + base64.StdEncoding.EncodeToString([]byte("admin:k3y!")) + `"`: `"REDACTED_SECRET"`,
		`"say k3y! now"`: `"say REDACTED_SECRET now"`,
		`"mok3y!"`:       `"mok3y!"`,
	} {
		got, _ := redacted(body, "k3y!")
		require.Equal(t, want, got)
	}
}

// A secret that comes back under its own key, in a header or in text that is no JSON, is a leak all the same.
func TestASecretUnderItsOwnKeyIsALeakOutsideJSONToo(t *testing.T) {
	for name, x := range map[string]exchange.Exchange{
		"header": {Response: exchange.Message{Status: 200, Header: http.Header{"X-Request": {`{"security_pwd": "the-secret-one"}`}}}},
		"text":   {Response: exchange.Message{Status: 200, Body: []byte("security_pwd=the-secret-one&host=a")}},
	} {
		r := exchange.NewRedactor("qa")
		r.Keep("security_pwd", "the-secret-one")
		r.Redact(&x, 0)
		require.Len(t, x.Leaks, 1, name)
		require.Equal(t, "security_pwd", x.Leaks[0].Secret, name)
	}
}
