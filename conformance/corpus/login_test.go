package corpus_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/conformance/corpus"
)

func TestWhatALogInHandsOutIsReadInEachForm(t *testing.T) {
	const id = "0123456789abcdef"
	set := http.Header{"Set-Cookie": {"SESSID=" + id + "; Path=/"}}
	for name, c := range map[string]struct {
		header http.Header
		body   string
		want   string
	}{
		"a cookie":                  {set, "", "SESSID=" + id},
		"a cookie, and JSON":        {set, `{"session_key": "SESSID", "session_id": "` + id + `"}`, "SESSID=" + id},
		"JSON":                      {nil, `{"session_key": "OTHER", "session_id": "` + id + `"}`, "OTHER=" + id},
		"attributes":                {nil, `<session session_key="OTHER" session_id="` + id + `"/>`, "OTHER=" + id},
		"elements":                  {nil, `<login><session_key>OTHER</session_key><session_id>` + id + `</session_id></login>`, "OTHER=" + id},
		"another cookie, and JSON":  {http.Header{"Set-Cookie": {"TRACK=1"}}, `{"session_key": "SESSID", "session_id": "` + id + `"}`, "SESSID=" + id},
		"a cookie that is taken":    {http.Header{"Set-Cookie": {"SESSID=gone; Max-Age=0"}}, "", ""},
		"an empty cookie":           {http.Header{"Set-Cookie": {"SESSID="}}, "", ""},
		"a page":                    {nil, "<html><body>Sign in</body></html>", ""},
		"a key without its session": {nil, `{"session_key": "SESSID"}`, ""},
	} {
		require.Equal(t, c.want, corpus.Cookie(c.header, []byte(c.body)), name)
	}
	require.Equal(t, corpus.Token{Value: "t", Life: time.Hour}, corpus.ReadToken([]byte(`{"access_token": "t", "expires_in": 3600}`)))
	require.Equal(t, corpus.Token{Value: "t", Life: time.Hour}, corpus.ReadToken([]byte(`<token access_token="t" expires_in="3600"/>`)))
	require.Equal(t, corpus.Token{Value: "t"}, corpus.ReadToken([]byte(`<token access_token="t"/>`)))
	require.Equal(t, corpus.Token{Value: "t"}, corpus.ReadToken([]byte(`{"access_token": "t", "expires_in": "3600"}`)))
	require.Zero(t, corpus.ReadToken([]byte("garbage")))
}

func TestWaysAreReadAsJSONAndAsXML(t *testing.T) {
	const inXML = `<auth_info><supported_methods><method>COOKIE</method></supported_methods></auth_info>`
	for body, want := range map[string][]string{
		`{"supported_methods": ["OAUTH_2_0", "BASIC"]}`: {"BASIC", "OAUTH_2_0"},
		`{"supported_methods": []}`:                     {},
		inXML:                                           {"COOKIE"},
		`<html><body>BASIC</body></html>`:               nil,
		`{"login_banner": "BASIC"}`:                     nil,
		`["BASIC"]`:                                     nil,
		``:                                              nil,
	} {
		list, ok := corpus.Methods([]byte(body))
		require.Equal(t, want != nil, ok, body)
		require.Equal(t, len(want), len(list), body)
		for i := range want {
			require.Equal(t, want[i], list[i])
		}
	}
}

func TestSourcesAreReadAsJSONAndAsXML(t *testing.T) {
	for _, body := range []string{
		`[{"ipaddr": "192.0.2.1", "status": "N/A"}]`,
		`<flow_sources><flow_source ipaddr="192.0.2.1" status="N/A"/></flow_sources>`,
		`<flow_sources><flow_source><ipaddr>192.0.2.1</ipaddr><status>N/A</status></flow_source></flow_sources>`,
	} {
		list, ok := corpus.FlowSources([]byte(body))
		require.True(t, ok, body)
		require.Equal(t, []map[string]any{{"ipaddr": "192.0.2.1", "status": "N/A"}}, list)
	}
	for _, body := range []string{"", "null", "{}", "<html", "Good morning"} {
		_, ok := corpus.FlowSources([]byte(body))
		require.False(t, ok, body)
	}
}

func TestWhatMustNotLeadInIsNotWhatLeadsIn(t *testing.T) {
	const user, password, code = "qa", "pass-of-qa", "Y29kZS1vZi1xYQ=="
	good := string(corpus.LoginBody(user, password))
	own := 0
	for _, l := range append(corpus.WrongLogIns(user, password), corpus.MalformedLogIns(password)...) {
		require.NotEqual(t, good, string(l.Body), l.Name)
		require.NotEqual(t, string(corpus.LoginForm(user, password)), string(l.Body), l.Name)
		if l.Own {
			own++
		}
	}
	require.Equal(t, 4, own, "an account is asked with a wrong password four times at most, and never in a row")
	for _, h := range corpus.Hostile(user) {
		require.NotEqual(t, user, h.Text, h.Name)
		require.NotEmpty(t, h.Text, h.Name)
	}
	for _, c := range corpus.WrongCodes(user, code, time.Unix(1e9, 0)) {
		require.NotEqual(t, code, c.Text, c.Name)
	}
	require.NotEqual(t, "0000", corpus.Altered("0000"))
	require.Len(t, corpus.Altered(corpus.MadeUp), len(corpus.MadeUp))
}
