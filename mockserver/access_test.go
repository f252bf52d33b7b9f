package mockserver_test

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/mockserver"
	"github.com/flowgate-dev/flowgate/mockserver/auth"
)

const (
	commonPath = "/api/common/1.0/"
	loginPath  = commonPath + "login"
	logoutPath = commonPath + "logout"
	tokenPath  = commonPath + "oauth/token"
	formType   = "application/x-www-form-urlencoded"
	jsonLogin  = `{"username":"admin","password":"admin"}`
)

// nobody sends a request without credentials, and asks for JSON.
func nobody(t testing.TB, a *mockserver.Appliance, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	return ask(t, a, method, path, body, append([]string{"Authorization", "", "Accept", "application/json"}, headers...)...)
}

// session logs in and returns the value of the Cookie header.
func session(t testing.TB, a *mockserver.Appliance) string {
	t.Helper()
	w := nobody(t, a, "POST", loginPath, jsonLogin)
	require.Equal(t, http.StatusOK, w.Code, "%s", w.Body)
	var body struct {
		Key string `json:"session_key"`
		ID  string `json:"session_id"`
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
	require.Equal(t, "SESSID", body.Key)
	require.Regexp(t, "^[0-9a-f]{64}$", body.ID)
	require.Equal(t, "SESSID="+body.ID+"; Path=/", w.Header().Get("Set-Cookie"))
	return "SESSID=" + body.ID
}

// tokenFor exchanges an assertion for a token.
func tokenFor(t testing.TB, a *mockserver.Appliance, assertion string) string {
	t.Helper()
	w := nobody(t, a, "POST", tokenPath, url.Values{"grant_type": {"access_code"}, "assertion": {assertion}}.Encode(), "Content-Type", formType)
	require.Equal(t, http.StatusOK, w.Code, "%s", w.Body)
	var body struct {
		Token string `json:"access_token"`
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
	require.NotContains(t, body.Token, ".", "a token has one part")
	return body.Token
}

func codeOf(t testing.TB, a *mockserver.Appliance) string {
	t.Helper()
	code, err := a.IssueCode("admin")
	require.NoError(t, err)
	return code
}

func TestAnyWayToLogInOpensEveryService(t *testing.T) {
	a := standing(t)
	token := tokenFor(t, a, codeOf(t, a))
	ways := map[string][]string{
		"basic":        {"Authorization", "Basic YWRtaW46YWRtaW4="},
		"session":      {"Cookie", session(t, a)},
		"bearer":       {"Authorization", "Bearer " + token},
		"signed":       {"Authorization", "SignedBearer " + token},
		"three parts":  {"Authorization", "SignedBearer eyJhbGciOiJub25lIn0=." + token + "."},
		"small letter": {"Authorization", "bearer " + token},
	}
	for name, header := range ways {
		t.Run(name, func(t *testing.T) {
			for path, body := range map[string]string{
				statsPath: templateA, backupPath: "", restorePath: "", commonPath + "info": "", commonPath + "ping": "",
				"/api/cascade.aaa/1.0/keepalive": "", "/api/gateway/1.5/flow_sources": "",
			} {
				w := nobody(t, a, "GET", path, body, header...)
				require.Less(t, w.Code, 300, "%s: %s", path, w.Body)
			}
			refused(t, nobody(t, a, "GET", imagePath, "", header...), 404, mockserver.NotFound, "no backup")
		})
	}
}

func TestLoginTakesJSONAFormAndXML(t *testing.T) {
	a := standing(t)
	for name, c := range map[string]struct{ kind, body string }{
		"JSON":                      {"application/json", jsonLogin},
		"JSON, a purpose":           {"application/json", `{"username":"admin","password":"admin","purpose":"test"}`},
		"JSON, labelled as curl":    {formType, jsonLogin},
		"form":                      {formType, "username=admin&password=admin&purpose=a+test"},
		"XML attributes":            {"text/xml", `<login username="admin" password="admin"/>`},
		"XML elements":              {"application/xml", `<?xml version="1.0"?><login><username>admin</username><password>admin</password></login>`},
		"no type":                   {"", jsonLogin},
		"a type with a charset":     {"application/json; charset=utf-8", jsonLogin},
		"form, percent signs":       {formType, "username=%61dmin&password=admin"},
		"JSON in the midst of room": {"application/json", "\n " + jsonLogin + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			w := nobody(t, a, "POST", loginPath, c.body, "Content-Type", c.kind)
			require.Equal(t, http.StatusOK, w.Code, "%s", w.Body)
		})
	}
}

func TestALogoutEndsTheSession(t *testing.T) {
	a := standing(t)
	for _, way := range []struct{ method, path string }{{"POST", logoutPath}, {"GET", logoutPath}, {"GET", logoutPath + ".json"}, {"POST", logoutPath + ".xml"}} {
		cookie := session(t, a)
		other := session(t, a)
		w := nobody(t, a, way.method, way.path, "", "Cookie", cookie)
		require.Equal(t, http.StatusNoContent, w.Code)
		require.Empty(t, w.Body.String())
		refused(t, nobody(t, a, "GET", backupPath, "", "Cookie", cookie), 401, mockserver.InvalidSession)
		again := nobody(t, a, way.method, way.path, "", "Cookie", cookie)
		require.Equal(t, http.StatusUnauthorized, again.Code)
		require.Contains(t, again.Body.String(), mockserver.InvalidSession)
		require.Equal(t, http.StatusOK, nobody(t, a, "GET", backupPath, "", "Cookie", other).Code, "only that session")
	}
	refused(t, nobody(t, a, "POST", logoutPath, ""), 401, mockserver.AuthRequired)
	refused(t, ask(t, a, "POST", logoutPath, "", "Accept", "application/json"), 401, mockserver.AuthRequired)
}

func TestLegacyServicesNegotiateAndTheOthersDoNot(t *testing.T) {
	a := standing(t)
	const both, plain = "application/json", "application/xml"
	for _, c := range []struct{ path, accept, want string }{
		{commonPath + "info", "", plain},
		{commonPath + "info", "*/*", plain},
		{commonPath + "info", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", plain},
		{commonPath + "info", "application/json", both},
		{commonPath + "info", "application/json, text/plain, */*", both},
		{commonPath + "info", "application/json;q=0.5, application/xml", plain},
		{commonPath + "info", "application/json;q=0, */*", plain},
		{commonPath + "info.json", "application/xml", both},
		{commonPath + "info.xml", "application/json", plain},
		{commonPath + "info.xml.json", "application/xml", both}, // no such resource: one suffix
		{commonPath + "info.json.xml", "application/json", plain},
		{"/api/common/1.1/services", "", plain},
		{"/api/common/1.1/services.json", "", both},
		{"/api/gateway/1.5/flow_sources", "", plain},
		{backupPath, "", both},
		{backupPath, "application/xml", both},
		{commonPath + "nothing", "", plain},
		{commonPath + "nothing", "application/json", both},
		{backupPath + ".json", "application/xml", both}, // no such resource: no suffixes here
		{backupPath + "s", "application/xml", both},
	} {
		w := ask(t, a, "GET", c.path, "", "Accept", c.accept)
		require.Equal(t, c.want, w.Header().Get("Content-Type"), "%s, Accept: %s", c.path, c.accept)
		if c.want == both {
			require.True(t, json.Valid(w.Body.Bytes()), "%s", w.Body)
			continue
		}
		require.NoError(t, xml.Unmarshal(w.Body.Bytes(), new(struct{ XMLName xml.Name })), "%s", w.Body)
	}
	for _, path := range []string{backupPath + ".json", commonPath + "info.xml.json", commonPath + "info.json.xml"} {
		require.Equal(t, http.StatusNotFound, ask(t, a, "GET", path, "").Code, path)
	}
	w := nobody(t, a, "GET", commonPath+"ping", "", "Accept", "*/*")
	require.Regexp(t, `<error error_id="AUTH_REQUIRED" error_text="[^"]+"></error>`, w.Body.String())
	require.Equal(t, "application/json", nobody(t, a, "POST", tokenPath, "", "Accept", "*/*").Header().Get("Content-Type"), "as OAuth 2.0 has it")
	require.Equal(t, "application/xml", nobody(t, a, "POST", tokenPath, "", "Accept", "text/xml").Header().Get("Content-Type"))
}

func TestAWayThatIsSwitchedOffIsNeitherTakenNorNamed(t *testing.T) {
	for _, c := range []struct {
		on      []mockserver.Way
		methods string
	}{
		{nil, `["BASIC","COOKIE","OAUTH_2_0"]`},
		{[]mockserver.Way{mockserver.Basic}, `["BASIC"]`},
		{[]mockserver.Way{mockserver.OAuth, mockserver.Session}, `["COOKIE","OAUTH_2_0"]`},
		{[]mockserver.Way{mockserver.Session}, `["COOKIE"]`},
		{[]mockserver.Way{mockserver.OAuth}, `["OAUTH_2_0"]`},
	} {
		a := standing(t, func(o *mockserver.Options) { o.Access.Ways = c.on })
		require.Contains(t, nobody(t, a, "GET", commonPath+"auth_info", "").Body.String(), `"supported_methods":`+c.methods)
		on := func(w mockserver.Way, method string) bool { return strings.Contains(c.methods, method) }
		basic := ask(t, a, "GET", backupPath, "")
		require.Equal(t, on(mockserver.Basic, "BASIC"), basic.Code == http.StatusOK, "%s", basic.Body)
		login := nobody(t, a, "POST", loginPath, jsonLogin)
		if on(mockserver.Session, "COOKIE") {
			require.Equal(t, http.StatusOK, nobody(t, a, "GET", backupPath, "", "Cookie", session(t, a)).Code)
		} else {
			refused(t, login, 404, mockserver.NotFound)
			refused(t, nobody(t, a, "GET", backupPath, "", "Cookie", "SESSID=0"), 401, mockserver.AuthRequired)
		}
		if on(mockserver.OAuth, "OAUTH_2_0") {
			require.Equal(t, http.StatusOK, nobody(t, a, "GET", backupPath, "", "Authorization", "Bearer "+tokenFor(t, a, codeOf(t, a))).Code)
		} else {
			refused(t, nobody(t, a, "POST", tokenPath, ""), 404, mockserver.NotFound)
			refused(t, nobody(t, a, "GET", backupPath, "", "Authorization", "Bearer x"), 401, mockserver.AuthRequired)
		}
		challenge := nobody(t, a, "GET", backupPath, "").Header().Get("WWW-Authenticate")
		switch {
		case on(mockserver.Basic, "BASIC"):
			require.Contains(t, challenge, "Basic realm=")
		case on(mockserver.OAuth, "OAUTH_2_0"):
			require.Contains(t, challenge, "Bearer realm=")
		default:
			require.Empty(t, challenge)
		}
	}
	for _, ways := range [][]mockserver.Way{{}, {"digest"}} {
		_, err := mockserver.New(mockserver.Options{PasswordCost: 4, Access: mockserver.Access{Ways: ways}})
		require.ErrorContains(t, err, "oauth")
	}
}

func TestSessionsEndByTheAppliancesClock(t *testing.T) {
	a := standing(t, func(o *mockserver.Options) {
		o.Access.SessionIdle, o.Access.SessionLife = 10*time.Minute, 25*time.Minute
	})
	ping := func(cookie string) *httptest.ResponseRecorder {
		return nobody(t, a, "GET", commonPath+"ping", "", "Cookie", cookie)
	}
	idle, busy := session(t, a), session(t, a)
	a.Clock().Advance(9 * time.Minute)
	require.Equal(t, http.StatusNoContent, ping(busy).Code)
	a.Clock().Advance(time.Minute)
	refused(t, ping(idle), 401, mockserver.InvalidSession)
	a.Clock().Advance(8 * time.Minute)
	require.Equal(t, http.StatusNoContent, ping(busy).Code)
	a.Clock().Advance(7 * time.Minute)
	refused(t, ping(busy), 401, mockserver.InvalidSession)
	require.Empty(t, ping(busy).Header().Get("WWW-Authenticate"), "a stale cookie gets no challenge")
}

func TestASecondSessionEndsTheFirstWhereOneIsAll(t *testing.T) {
	a := standing(t, func(o *mockserver.Options) {
		o.Access.OneSession = true
		o.Access.Accounts = []auth.Account{{Name: "eve", Password: "eve"}, {Name: "admin", Password: "admin"}}
	})
	w := nobody(t, a, "POST", loginPath, "username=eve&password=eve")
	eve := strings.TrimSuffix(w.Header().Get("Set-Cookie"), "; Path=/")
	first := session(t, a)
	second := session(t, a)
	refused(t, nobody(t, a, "GET", backupPath, "", "Cookie", first), 401, mockserver.InvalidSession)
	for _, cookie := range []string{second, eve} {
		require.Equal(t, http.StatusOK, nobody(t, a, "GET", backupPath, "", "Cookie", cookie).Code)
	}
}
