package mockserver_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/mockserver"
)

// official is the family's official Python client, as far as its requests show: what it sends when it connects, how it
// reads answers, and that it logs in anew once when it is told to. It breaks on an error with a third key.
type official struct {
	t      *testing.T
	a      *mockserver.Appliance
	code   string // access code; "" where it has a name and a password
	modern bool   // its class since 24.10: common 1.1, and Basic without asking

	cookie, authorization string
	sent                  []string // method and path of each request, with its status
}

func (o *official) send(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	o.t.Helper()
	r := httptest.NewRequestWithContext(o.t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Content-Type", "application/json") // on requests without a body too
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	if o.cookie != "" {
		r.Header.Set("Cookie", o.cookie)
	}
	if o.authorization != "" {
		r.Header.Set("Authorization", o.authorization)
	}
	w := httptest.NewRecorder()
	o.a.Handler().ServeHTTP(w, r)
	before, _, _ := strings.Cut(path, "?")
	o.sent = append(o.sent, method+" "+before+" "+http.StatusText(w.Code))
	if w.Code >= 400 {
		var keys map[string]any
		require.NoError(o.t, json.Unmarshal(w.Body.Bytes(), &keys), "%s", w.Body)
		require.Len(o.t, keys, 2, "a third key breaks this client: %s", w.Body)
	}
	return w
}

// connect does what the client does before its first call.
func (o *official) connect() {
	o.t.Helper()
	version := "1.0"
	if o.modern {
		version = "1.1"
	}
	w := o.send("GET", "/api/common/"+version+"/services", "")
	var services []struct {
		ID       string   `json:"id"`
		Versions []string `json:"versions"`
	}
	require.NoError(o.t, json.Unmarshal(w.Body.Bytes(), &services))
	require.NotEmpty(o.t, services)
	o.logIn()
}

func (o *official) logIn() {
	o.t.Helper()
	o.cookie, o.authorization = "", ""
	password := "Basic " + base64.StdEncoding.EncodeToString([]byte("admin:admin"))
	if o.modern {
		o.authorization = password
		return
	}
	var info struct {
		Methods []string `json:"supported_methods"`
	}
	require.NoError(o.t, json.Unmarshal(o.send("GET", commonPath+"auth_info", "").Body.Bytes(), &info))
	offers := func(method string) bool { return strings.Contains(strings.Join(info.Methods, " "), method) }
	switch {
	case o.code != "" && offers("OAUTH_2_0"):
		form := url.Values{"grant_type": {"access_code"}, "assertion": {"eyJhbGciOiJub25lIn0K." + o.code + "."}, "state": {"0123abcd"}}
		w := o.send("POST", tokenPath, form.Encode(), "Content-Type", formType)
		var token struct {
			Text  string `json:"access_token"`
			State string `json:"state"`
		}
		require.NoError(o.t, json.Unmarshal(w.Body.Bytes(), &token), "%s", w.Body)
		require.Equal(o.t, "0123abcd", token.State)
		scheme := map[int]string{1: "Bearer ", 3: "SignedBearer "}[len(strings.Split(token.Text, "."))]
		require.NotEmpty(o.t, scheme, "this client gives up on a token of two parts")
		o.authorization = scheme + token.Text
	case offers("COOKIE"): // which wins over Basic
		w := o.send("POST", loginPath, jsonLogin)
		require.Equal(o.t, http.StatusOK, w.Code, "%s", w.Body)
		var session struct {
			Key string `json:"session_key"`
			ID  string `json:"session_id"`
		}
		require.NoError(o.t, json.Unmarshal(w.Body.Bytes(), &session))
		o.cookie = session.Key + "=" + session.ID
	default:
		o.authorization = password
	}
}

// call makes a call, and makes it again after a new log-in where the error is one of these.
func (o *official) call(method, path, body string) *httptest.ResponseRecorder {
	o.t.Helper()
	w := o.send(method, path, body)
	var failure struct {
		ID string `json:"error_id"`
	}
	if w.Code < 400 {
		return w
	}
	require.NoError(o.t, json.Unmarshal(w.Body.Bytes(), &failure))
	switch failure.ID {
	case "AUTH_REQUIRED", "AUTH_INVALID_SESSION", "AUTH_EXPIRED_TOKEN", "AUTH_INVALID_CREDENTIALS":
		o.logIn()
		return o.send(method, path, body)
	}
	return w
}

// TestTheOfficialClientsRequestsOneByOne replays what it is known to send.
func TestTheOfficialClientsRequestsOneByOne(t *testing.T) {
	const services, services11, authInfo = "GET /api/common/1.0/services OK", "GET /api/common/1.1/services OK", "GET /api/common/1.0/auth_info OK"
	const login, token, call = "POST /api/common/1.0/login OK", "POST /api/common/1.0/oauth/token OK", "GET " + backupPath + " OK"
	const denied = "GET " + backupPath + " Unauthorized"
	hour := func(a *mockserver.Appliance) { a.Clock().Advance(time.Hour) }
	ended := func(a *mockserver.Appliance) { a.EndAccess("admin") }
	for name, c := range map[string]struct {
		ways   []mockserver.Way
		coded  bool
		modern bool
		upset  func(*mockserver.Appliance) // before the second call
		sent   []string
	}{
		"a session":           {sent: []string{services, authInfo, login, call, call}},
		"a session that ends": {upset: ended, sent: []string{services, authInfo, login, call, denied, authInfo, login, call}},
		"Basic alone":         {ways: []mockserver.Way{mockserver.Basic}, upset: ended, sent: []string{services, authInfo, call, call}},
		"a code":              {coded: true, sent: []string{services, authInfo, token, call, call}},
		"a token that ends":   {coded: true, upset: hour, sent: []string{services, authInfo, token, call, denied, authInfo, token, call}},
		"the newer class":     {modern: true, upset: ended, sent: []string{services11, call, call}},
	} {
		t.Run(name, func(t *testing.T) {
			a := standing(t, func(o *mockserver.Options) { o.Access.Ways = c.ways })
			client := &official{t: t, a: a, modern: c.modern}
			if c.coded {
				client.code = codeOf(t, a)
			}
			client.connect()
			require.Equal(t, http.StatusOK, client.call("GET", backupPath, "").Code)
			if c.upset != nil {
				c.upset(a)
			}
			require.Equal(t, http.StatusOK, client.call("GET", backupPath, "").Code)
			require.Equal(t, c.sent, client.sent)
		})
	}
}

// TestTheOfficialClientGetsItsErrorsInTwoKeys makes every kind of mistake that it can make.
func TestTheOfficialClientGetsItsErrorsInTwoKeys(t *testing.T) {
	a := staff(t)
	client := &official{t: t, a: a}
	client.connect()
	for path, body := range map[string]string{statsPath: `{"stats_type":"flows_per_day"}`, backupPath + "s": "", commonPath + "oauth/authorize": ""} {
		require.GreaterOrEqual(t, client.call("GET", path, body).Code, 400)
	}
	require.Equal(t, http.StatusOK, client.call("GET", statsPath, templateA).Code, "it sends bodies with GET")
	client.cookie, client.authorization = "SESSID=stale", ""
	require.Equal(t, http.StatusOK, client.call("GET", backupPath, "").Code)
	client.cookie, client.authorization = "", "Bearer stale"
	require.Equal(t, http.StatusUnauthorized, client.call("GET", backupPath, "").Code, "AUTH_INVALID_TOKEN is none that it logs in anew for")
	client.authorization = ""
	require.Equal(t, http.StatusNotFound, client.send("GET", "/api/common/2.0/services", "").Code, "which it takes for an older device")
}

// TestAWrongPasswordCostsTheOfficialClientTwoTries: it logs in anew for AUTH_INVALID_CREDENTIALS too, so that an account
// which is locked after three tries survives one connect with a wrong password, and not a second.
func TestAWrongPasswordCostsTheOfficialClientTwoTries(t *testing.T) {
	const services, authInfo, denied = "GET /api/common/1.0/services OK", "GET /api/common/1.0/auth_info OK", "GET " + backupPath + " Unauthorized"
	a := standing(t, func(o *mockserver.Options) {
		o.Users = map[string]string{"admin": "another"}
		o.Access.Ways, o.Access.LockWhen = []mockserver.Way{mockserver.Basic}, 3
	})
	right := []string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte("admin:another"))}
	connect := func() {
		client := &official{t: t, a: a}
		client.connect()
		refused(t, client.call("GET", backupPath, ""), 401, mockserver.InvalidCredentials)
		require.Equal(t, []string{services, authInfo, denied, authInfo, denied}, client.sent)
	}
	connect()
	require.Equal(t, http.StatusOK, nobody(t, a, "GET", backupPath, "", right...).Code)
	connect()
	connect()
	refused(t, nobody(t, a, "GET", backupPath, "", right...), 401, mockserver.InvalidCredentials)
}
