package exchange_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/conformance/exchange"
)

func TestCredentialsAreSentAsTheyStand(t *testing.T) {
	s, all := device(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Cookie", r.Header.Get("Cookie"))
	})
	r := recorder(t, s.URL, func(o *exchange.Options) {
		o.Authorize = func(req *http.Request) { req.Header.Set("Cookie", "SESSID=of-the-run") }
	})
	x := do(t, r, exchange.Request{Method: "GET", Path: "/a", Auth: exchange.Verbatim, Cookie: "SESSID=made-up-session"})
	require.Empty(t, (*all)[0].Auth, "no empty Authorization header")
	require.Equal(t, "SESSID=REDACTED_COOKIE", x.Request.Header.Get("Cookie"))
	require.NotContains(t, x.Response.Header.Get("X-Cookie"), "made-up-session")
	do(t, r, exchange.Request{Method: "GET", Path: "/a", Auth: exchange.OwnBasic})
	require.Equal(t, "Basic "+base64.StdEncoding.EncodeToString([]byte("admin:tr0ub4dor&3")), (*all)[1].Auth, "whatever the run logs in with")
	do(t, r, exchange.Request{Method: "GET", Path: "/a", Auth: exchange.None, Cookie: "SESSID=x", Authorization: "Basic x"})
	require.Empty(t, (*all)[2].Auth)
}

func TestAReplyIsShownRawAndRecordedRedacted(t *testing.T) {
	const session = "5e55105e55105e55105e55105e5510aa"
	s, _ := device(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Set-Cookie", "SESSID="+session+"; Path=/")
		_, _ = fmt.Fprintf(w, `{"session_id": %q}`, session)
	})
	r := recorder(t, s.URL, nil)
	var body string
	x := do(t, r, exchange.Request{Method: "POST", Path: "/login", Auth: exchange.None, Reply: func(m exchange.Message) { body = string(m.Body) }})
	require.Contains(t, body, session)
	text, err := json.Marshal(x)
	require.NoError(t, err)
	require.NotContains(t, string(text), session)
}

func TestARenamedExchangeIsTheSameButForItsName(t *testing.T) {
	s, _ := device(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	r := recorder(t, s.URL, nil)
	first, second := do(t, r, exchange.Request{Method: "GET", Path: "/a"}), do(t, r, exchange.Request{Method: "GET", Path: "/a"})
	r.Rename(first.ID, "login/ended")
	all := r.Exchanges()
	require.Equal(t, "login/ended", all[0].Probe)
	require.Equal(t, exchange.Ended, all[0].Auth)
	require.Equal(t, http.StatusUnauthorized, all[0].Response.Status)
	require.Equal(t, second.Probe, all[1].Probe)
	require.Equal(t, exchange.Account, all[1].Auth)
}

// What a log-in hands out is a secret wherever it comes back, also in an address, and in earlier exchanges too.
func TestWhatALogInHandsOutIsASecretEverywhere(t *testing.T) {
	const handed = "h4nded+out/by-4-l0gin=="
	for name, answer := range map[string]func(w http.ResponseWriter){
		"a code in an address": func(w http.ResponseWriter) {
			w.Header().Set("Location", "https://x.example/?code="+url.QueryEscape(handed))
		},
		"a code with its plus": func(w http.ResponseWriter) { w.Header().Set("Location", "https://x.example/?state=1&code="+handed) },
		"a token in a fragment": func(w http.ResponseWriter) {
			w.Header().Set("Location", "https://x.example/#access_token="+url.QueryEscape(handed)+"&state=1")
		},
		"an access code in a body": func(w http.ResponseWriter) { _, _ = fmt.Fprintf(w, `{"access_code": %q}`, handed) },
		"a token in a body":        func(w http.ResponseWriter) { _, _ = fmt.Fprintf(w, `{"access_token": %q}`, handed) },
		"a session in XML": func(w http.ResponseWriter) {
			_, _ = fmt.Fprintf(w, `<login><session_id>%s</session_id></login>`, handed)
		},
		"a session in attributes": func(w http.ResponseWriter) {
			_, _ = fmt.Fprintf(w, `<session session_key="SESSID" session_id="%s"/>`, handed)
		},
		"a token in attributes": func(w http.ResponseWriter) {
			_, _ = fmt.Fprintf(w, `<token access_token='%s' expires_in="3600"/>`, handed)
		},
		"a cookie and nothing else": func(w http.ResponseWriter) { w.Header().Set("Set-Cookie", "SESSID="+handed) },
	} {
		t.Run(name, func(t *testing.T) {
			forms := []string{handed, url.QueryEscape(handed), base64.StdEncoding.EncodeToString([]byte(handed))[:24]}
			s, _ := device(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/login" {
					answer(w)
					return
				}
				for _, form := range forms {
					_, _ = fmt.Fprintf(w, "seen: %s\n", form)
				}
			})
			r := recorder(t, s.URL, nil)
			do(t, r, exchange.Request{Method: "GET", Path: "/before"})
			do(t, r, exchange.Request{Method: "POST", Path: "/login", Auth: exchange.None})
			do(t, r, exchange.Request{Method: "GET", Path: "/after"})
			text, err := json.Marshal(r.Exchanges())
			require.NoError(t, err)
			for _, form := range forms {
				require.NotContains(t, string(text), form)
			}
		})
	}
}
