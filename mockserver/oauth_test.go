package mockserver_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/mockserver"
	"github.com/flowgate-dev/flowgate/mockserver/auth"
)

func TestAnAccessCodeIsTakenInEachOfItsForms(t *testing.T) {
	a := standing(t)
	code := codeOf(t, a)
	for name, assertion := range map[string]string{
		"alone": code, "padded header": "eyJhbGciOiJub25lIn0=." + code + ".", "header with a line's end": "eyJhbGciOiJub25lIn0K." + code + ".",
		"a line's end": code + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			for _, query := range []bool{false, true} {
				values := url.Values{"grant_type": {"access_code"}, "assertion": {assertion}, "state": {"a b&c"}}
				w := nobody(t, a, "POST", tokenPath, values.Encode(), "Content-Type", formType)
				if query {
					w = nobody(t, a, "POST", tokenPath+"?"+values.Encode(), "")
				}
				require.Equal(t, http.StatusOK, w.Code, "%s", w.Body)
				var body map[string]any
				require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
				require.Len(t, body, 4)
				require.Equal(t, "bearer", body["token_type"])
				require.EqualValues(t, 3600, body["expires_in"])
				require.Equal(t, "a b&c", body["state"])
			}
		})
	}
	for _, assertion := range []string{"eyJhbGciOiJIUzI1NiJ9." + code + ".", "eyJhbGciOiJub25lIn0=." + code + ".x", code + ".", code[1:], code + "A"} {
		w := nobody(t, a, "POST", tokenPath, url.Values{"grant_type": {"access_code"}, "assertion": {assertion}}.Encode(), "Content-Type", formType)
		refused(t, w, 401, mockserver.InvalidCode)
	}
	w := nobody(t, a, "POST", tokenPath, url.Values{"grant_type": {"access_code"}, "assertion": {code}}.Encode(), "Content-Type", formType)
	require.NotContains(t, w.Body.String(), "state", "nothing is echoed that was not sent")
}

func TestTokenRequestsThatLackSomething(t *testing.T) {
	a := standing(t)
	for body, word := range map[string]string{
		"assertion=x": "grant_type", "grant_type=access_code": "assertion", "grant_type=password&assertion=x": "grant_type",
		"grant_type=access_code&assertion=": "assertion", "%zz": "form", "state=1&state=2": "twice",
	} {
		refused(t, nobody(t, a, "POST", tokenPath, body, "Content-Type", formType), 400, mockserver.InvalidInput, word)
	}
	refused(t, nobody(t, a, "POST", tokenPath+"?grant_type=access_code", ""), 400, mockserver.MissingParameter, "assertion")
	refused(t, nobody(t, a, "POST", tokenPath+"?grant_type=x&assertion=y", ""), 400, mockserver.InvalidParameter, "grant_type")
	refused(t, nobody(t, a, "POST", tokenPath, "grant_type=access_code", "Content-Type", "text/plain"), 400, mockserver.InvalidHeader)
}

func TestACodeSaysWhoseItIsAndWhenItEnds(t *testing.T) {
	a := standing(t)
	w := ask(t, a, "GET", commonPath+"oauth/authorize?response_type=code&client_id=c&desc=d&state=s%26t&redirect_uri="+url.QueryEscape("https://client.example/back?x=1"), "")
	require.Equal(t, http.StatusFound, w.Code)
	require.Empty(t, w.Body.String())
	to, err := url.Parse(w.Header().Get("Location"))
	require.NoError(t, err)
	require.Equal(t, "client.example", to.Host)
	require.Equal(t, "1", to.Query().Get("x"))
	require.Equal(t, "s&t", to.Query().Get("state"))
	code := to.Query().Get("code")
	raw, err := base64.StdEncoding.DecodeString(code)
	require.NoError(t, err)
	var claims map[string]any
	require.NoError(t, json.Unmarshal(raw, &claims))
	require.Len(t, claims, 7)
	require.Equal(t, "admin", claims["prn"])
	require.EqualValues(t, moment.Unix(), claims["iat"])
	require.EqualValues(t, moment.Unix()+30*24*3600, claims["exp"])
	require.Equal(t, http.StatusOK, nobody(t, a, "GET", backupPath, "", "Authorization", "SignedBearer "+tokenFor(t, a, code)).Code)
}

func TestATokenComesInTheFragment(t *testing.T) {
	a := standing(t)
	w := ask(t, a, "GET", commonPath+"oauth/authorize?response_type=token&state=s", "")
	require.Equal(t, http.StatusFound, w.Code)
	before, fragment, found := strings.Cut(w.Header().Get("Location"), "#")
	require.True(t, found)
	require.Equal(t, "/oauth/done", before)
	values, err := url.ParseQuery(fragment)
	require.NoError(t, err)
	require.Equal(t, "s", values.Get("state"))
	require.Equal(t, "3600", values.Get("expires_in"))
	bearer := []string{"Authorization", "Bearer " + values.Get("access_token")}
	require.Equal(t, http.StatusOK, nobody(t, a, "GET", backupPath, "", bearer...).Code)
	refused(t, nobody(t, a, "GET", commonPath+"oauth/authorize?response_type=code", "", bearer...), 403, mockserver.Forbidden)
	for _, to := range []string{"javascript:alert(1)", "//elsewhere.example/x", "ftp://client.example/", "https://client.example/#x", "relative", "\x01"} {
		w := ask(t, a, "GET", commonPath+"oauth/authorize?response_type=code&redirect_uri="+url.QueryEscape(to), "", "Accept", "application/json")
		refused(t, w, 400, mockserver.InvalidParameter, "redirect_uri")
	}
}

func TestWhatIsRevokedIsGoodForNothing(t *testing.T) {
	a := standing(t)
	code := codeOf(t, a)
	token, cookie := tokenFor(t, a, code), session(t, a)
	other := codeOf(t, a)
	otherToken := tokenFor(t, a, other)
	require.True(t, a.RevokeCode(code))
	require.False(t, a.RevokeCode(code))
	refused(t, nobody(t, a, "POST", tokenPath, url.Values{"grant_type": {"access_code"}, "assertion": {code}}.Encode(), "Content-Type", formType), 401, mockserver.InvalidCode)
	refused(t, nobody(t, a, "GET", backupPath, "", "Authorization", "Bearer "+token), 401, mockserver.InvalidToken)
	require.Equal(t, http.StatusOK, nobody(t, a, "GET", backupPath, "", "Authorization", "Bearer "+otherToken).Code)
	require.Equal(t, 3, a.EndAccess("admin"), "a session, a code, a token")
	refused(t, nobody(t, a, "GET", backupPath, "", "Authorization", "Bearer "+otherToken), 401, mockserver.InvalidToken)
	refused(t, nobody(t, a, "GET", backupPath, "", "Cookie", cookie), 401, mockserver.InvalidSession)
}

func TestCodesThatWereIssuedEarlierAreGoodAgainAfterAReset(t *testing.T) {
	code := codeOf(t, standing(t))
	a := standing(t, func(o *mockserver.Options) { o.Access.Codes = []string{code} })
	fresh := codeOf(t, a)
	tokenFor(t, a, code)
	_, err := a.Reset(t.Context())
	require.NoError(t, err)
	tokenFor(t, a, code)
	refused(t, nobody(t, a, "POST", tokenPath, url.Values{"grant_type": {"access_code"}, "assertion": {fresh}}.Encode(), "Content-Type", formType), 401, mockserver.InvalidCode)
}

// TestATokenOfAnAccountThatEndedEndsWithIt: whatever let an account in, its state counts with each request.
func TestATokenOfAnAccountThatEndedEndsWithIt(t *testing.T) {
	a := standing(t, func(o *mockserver.Options) {
		o.Access.Accounts = []auth.Account{{Name: "admin", Password: "admin", Expires: moment.Add(time.Minute)}}
	})
	code := codeOf(t, a)
	token, cookie := tokenFor(t, a, code), session(t, a)
	a.Clock().Advance(time.Minute)
	refused(t, nobody(t, a, "GET", backupPath, "", "Authorization", "Bearer "+token), 403, mockserver.DisabledAccount)
	refused(t, nobody(t, a, "GET", backupPath, "", "Cookie", cookie), 403, mockserver.DisabledAccount)
	refused(t, nobody(t, a, "POST", tokenPath, url.Values{"grant_type": {"access_code"}, "assertion": {code}}.Encode(), "Content-Type", formType), 403, mockserver.DisabledAccount)
	refused(t, ask(t, a, "GET", backupPath, ""), 403, mockserver.DisabledAccount)
}

func TestAccessIsSteeredFromOutside(t *testing.T) {
	a := staff(t, func(o *mockserver.Options) { o.Access.LockWhen = 1 })
	var issued struct {
		Code string `json:"access_code"`
	}
	require.NoError(t, json.Unmarshal([]byte(askControl(t, a, "POST", "/api/v1/access/codes", `{"user":"admin"}`)), &issued))
	token, cookie := tokenFor(t, a, issued.Code), session(t, a)
	nobody(t, a, "POST", loginPath, "username=reader&password=wrong")
	require.JSONEq(t, `{"sessions":1,"access_codes":1,"tokens":1,"locked":["reader"]}`, askControl(t, a, "GET", "/api/v1/access", ""))
	require.JSONEq(t, `{"ended":1}`, askControl(t, a, "POST", "/api/v1/access/end", `{"access_code":"`+issued.Code+`"}`))
	refused(t, nobody(t, a, "GET", backupPath, "", "Authorization", "Bearer "+token), 401, mockserver.InvalidToken)
	require.JSONEq(t, `{"ended":0}`, askControl(t, a, "POST", "/api/v1/access/end", `{"access_code":"`+issued.Code+`"}`))
	require.Equal(t, http.StatusOK, nobody(t, a, "GET", backupPath, "", "Cookie", cookie).Code)
	require.JSONEq(t, `{"ended":1}`, askControl(t, a, "POST", "/api/v1/access/end", `{"user":"admin"}`))
	refused(t, nobody(t, a, "GET", backupPath, "", "Cookie", cookie), 401, mockserver.InvalidSession)
	for path, body := range map[string]string{"codes": `{"user":"nobody"}`, "end": `{}`} {
		w := controlled(t, a, "POST", "/api/v1/access/"+path, body)
		require.Equal(t, http.StatusBadRequest, w.Code)
		require.Contains(t, w.Body.String(), `"hint"`)
	}
	require.Equal(t, http.StatusBadRequest, controlled(t, a, "POST", "/api/v1/access/end", `{"user":"a","access_code":"b"}`).Code)
}
