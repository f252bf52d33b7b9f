package mockserver_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"
	"pgregory.net/rapid"

	"github.com/flowgate-dev/flowgate/mockserver"
	"github.com/flowgate-dev/flowgate/mockserver/auth"
)

// staff is an appliance with an account of each kind, whose password is its name.
func staff(t testing.TB, with ...func(*mockserver.Options)) *mockserver.Appliance {
	t.Helper()
	return standing(t, append([]func(*mockserver.Options){func(o *mockserver.Options) {
		o.Access.Accounts = []auth.Account{
			{Name: "admin", Password: "admin"},
			{Name: "reader", Password: "reader", Role: auth.ReadOnly},
			{Name: "disabled", Password: "disabled", State: auth.Disabled},
			{Name: "left", Password: "left", Expires: moment},
			{Name: "new", Password: "new", State: auth.ChangePassword},
			{Name: "old", Password: "old", PasswordExpires: moment.Add(-time.Hour)},
		}
	}}, with...)...)
}

// as asks with the account of that name.
func as(t testing.TB, a *mockserver.Appliance, user, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	r.SetBasicAuth(user, user)
	return nobody(t, a, method, path, body, append([]string{"Authorization", r.Header.Get("Authorization")}, headers...)...)
}

// TestEveryErrorIDIsReached names each error id of the family with its status and a request that gets it.
func TestEveryErrorIDIsReached(t *testing.T) {
	const localBackup = `{"hostname":"localhost","security_pwd":"x"}`
	form := []string{"Content-Type", formType}
	for id, c := range map[string]struct {
		status int
		ask    func(t *testing.T, a *mockserver.Appliance) *httptest.ResponseRecorder
	}{
		"AUTH_REQUIRED": {401, func(t *testing.T, a *mockserver.Appliance) *httptest.ResponseRecorder {
			return nobody(t, a, "GET", backupPath, "")
		}},
		"AUTH_INVALID_CREDENTIALS": {401, func(t *testing.T, a *mockserver.Appliance) *httptest.ResponseRecorder {
			return nobody(t, a, "POST", loginPath, `{"username":"admin","password":"Admin"}`)
		}},
		"AUTH_INVALID_SESSION": {401, func(t *testing.T, a *mockserver.Appliance) *httptest.ResponseRecorder {
			return nobody(t, a, "GET", backupPath, "", "Cookie", "SESSID="+strings.Repeat("0", 64))
		}},
		"AUTH_INVALID_TOKEN": {401, func(t *testing.T, a *mockserver.Appliance) *httptest.ResponseRecorder {
			return nobody(t, a, "GET", backupPath, "", "Authorization", "Bearer nobody-got-this")
		}},
		"AUTH_EXPIRED_TOKEN": {401, func(t *testing.T, a *mockserver.Appliance) *httptest.ResponseRecorder {
			token := tokenFor(t, a, codeOf(t, a))
			a.Clock().Advance(time.Hour)
			return nobody(t, a, "GET", backupPath, "", "Authorization", "Bearer "+token)
		}},
		"AUTH_INVALID_CODE": {401, func(t *testing.T, a *mockserver.Appliance) *httptest.ResponseRecorder {
			return nobody(t, a, "POST", tokenPath, "grant_type=access_code&assertion=eyJub25jZSI6IiJ9", form...)
		}},
		"AUTH_EXPIRED_CODE": {401, func(t *testing.T, a *mockserver.Appliance) *httptest.ResponseRecorder {
			code := codeOf(t, a)
			a.Clock().Advance(30 * 24 * time.Hour)
			return nobody(t, a, "POST", tokenPath, url.Values{"grant_type": {"access_code"}, "assertion": {code}}.Encode(), form...)
		}},
		"AUTH_EXPIRED_PASSWORD": {403, func(t *testing.T, a *mockserver.Appliance) *httptest.ResponseRecorder {
			refused(t, as(t, a, "old", "GET", backupPath, ""), 403, mockserver.ExpiredPassword)
			return nobody(t, a, "POST", loginPath, "username=new&password=new")
		}},
		"AUTH_DISABLED_ACCOUNT": {403, func(t *testing.T, a *mockserver.Appliance) *httptest.ResponseRecorder {
			refused(t, as(t, a, "left", "GET", backupPath, ""), 403, mockserver.DisabledAccount)
			return nobody(t, a, "POST", loginPath, "username=disabled&password=disabled")
		}},
		"AUTH_FORBIDDEN": {403, func(t *testing.T, a *mockserver.Appliance) *httptest.ResponseRecorder {
			return as(t, a, "reader", "POST", backupPath, localBackup)
		}},
		"BAD_REQUEST": {400, func(t *testing.T, a *mockserver.Appliance) *httptest.ResponseRecorder {
			return as(t, a, "admin", "POST", backupPath, "{}")
		}},
		"RESOURCE_NOT_FOUND": {404, func(t *testing.T, a *mockserver.Appliance) *httptest.ResponseRecorder {
			return as(t, a, "admin", "GET", commonPath+"nothing", "")
		}},
		"HTTP_INVALID_METHOD": {405, func(t *testing.T, a *mockserver.Appliance) *httptest.ResponseRecorder {
			return as(t, a, "admin", "DELETE", statsPath, "")
		}},
		"HTTP_INVALID_HEADER": {400, func(t *testing.T, a *mockserver.Appliance) *httptest.ResponseRecorder {
			return nobody(t, a, "POST", loginPath, jsonLogin, "Content-Type", "image/png")
		}},
		"REQUEST_INVALID_INPUT": {400, func(t *testing.T, a *mockserver.Appliance) *httptest.ResponseRecorder {
			return nobody(t, a, "POST", loginPath, `{"username":"admin"}`)
		}},
		"URI_MISSING_PARAMETER": {400, func(t *testing.T, a *mockserver.Appliance) *httptest.ResponseRecorder {
			return as(t, a, "admin", "GET", commonPath+"oauth/authorize", "")
		}},
		"URI_INVALID_PARAMETER": {400, func(t *testing.T, a *mockserver.Appliance) *httptest.ResponseRecorder {
			return as(t, a, "admin", "GET", commonPath+"oauth/authorize?response_type=password", "")
		}},
		"RESOURCE_CONFLICT": {409, func(t *testing.T, a *mockserver.Appliance) *httptest.ResponseRecorder {
			require.NoError(t, a.SetDialect(map[dialectKey]string{"second-job": "conflict"}))
			require.Equal(t, http.StatusOK, as(t, a, "admin", "POST", backupPath, localBackup).Code)
			return as(t, a, "admin", "POST", backupPath, localBackup)
		}},
		"INTERNAL_ERROR": {500, func(t *testing.T, a *mockserver.Appliance) *httptest.ResponseRecorder {
			dry := staff(t, func(o *mockserver.Options) { o.Access.Random = strings.NewReader("") })
			return nobody(t, dry, "POST", loginPath, jsonLogin)
		}},
	} {
		t.Run(id, func(t *testing.T) {
			refused(t, c.ask(t, staff(t)), c.status, id)
		})
	}
}

func TestEveryCommonErrorIsToldInXMLToo(t *testing.T) {
	a := staff(t)
	for path, id := range map[string]string{
		commonPath + "oauth/authorize":                   mockserver.MissingParameter,
		commonPath + "oauth/authorize?response_type=%zz": mockserver.InvalidParameter,
		commonPath + "nothing":                           mockserver.NotFound,
	} {
		w := as(t, a, "admin", "GET", path, "", "Accept", "application/xml")
		require.Equal(t, "application/xml", w.Header().Get("Content-Type"))
		require.Contains(t, w.Body.String(), `<error error_id="`+id+`" error_text="`)
	}
}

func TestAReadOnlyAccountReadsEverythingAndStartsNothing(t *testing.T) {
	a := staff(t)
	for path, body := range map[string]string{statsPath: templateA, backupPath: "", restorePath: "", commonPath + "info": "", "/api/gateway/1.5/flow_sources": ""} {
		require.Equal(t, http.StatusOK, as(t, a, "reader", "GET", path, body).Code, path)
	}
	w := nobody(t, a, "POST", loginPath, "username=reader&password=reader")
	require.Equal(t, http.StatusOK, w.Code)
	cookie := strings.TrimSuffix(w.Header().Get("Set-Cookie"), "; Path=/")
	for _, path := range []string{backupPath, restorePath} {
		refused(t, as(t, a, "reader", "POST", path, `{"hostname":"localhost","security_pwd":"x"}`), 403, mockserver.Forbidden)
		refused(t, as(t, a, "reader", "POST", path, `{`), 403, mockserver.Forbidden, "read")
		refused(t, nobody(t, a, "POST", path, "{}", "Cookie", cookie), 403, mockserver.Forbidden)
	}
	require.Contains(t, as(t, a, "reader", "GET", backupPath, "").Body.String(), `"NONE"`, "nothing was started")
	require.Equal(t, http.StatusNoContent, nobody(t, a, "POST", logoutPath, "", "Cookie", cookie).Code, "but it may log out")
}

func TestWrongPasswordsLockAnAccountForAWhile(t *testing.T) {
	a := staff(t, func(o *mockserver.Options) { o.Access.LockWhen, o.Access.LockFor = 3, 30*time.Minute })
	cookie := session(t, a)
	guess := func() {
		refused(t, nobody(t, a, "POST", loginPath, "username=admin&password=guess"), 401, mockserver.InvalidCredentials)
	}
	guess()
	guess()
	require.Equal(t, http.StatusOK, as(t, a, "admin", "POST", loginPath, jsonLogin).Code, "a right password begins the count anew")
	require.Equal(t, http.StatusOK, as(t, a, "admin", "GET", backupPath, "").Code, "which is remembered now")
	for range 3 {
		guess()
	}
	refused(t, nobody(t, a, "POST", loginPath, jsonLogin), 401, mockserver.InvalidCredentials)
	refused(t, as(t, a, "admin", "GET", backupPath, ""), 401, mockserver.InvalidCredentials)
	require.Equal(t, http.StatusOK, nobody(t, a, "GET", backupPath, "", "Cookie", cookie).Code, "what was open stays open")
	require.Equal(t, http.StatusOK, as(t, a, "reader", "GET", backupPath, "").Code, "and other accounts")
	a.Clock().Advance(30 * time.Minute)
	require.Equal(t, http.StatusOK, as(t, a, "admin", "GET", backupPath, "").Code)
	for range 3 {
		guess()
	}
	_, err := a.Reset(t.Context())
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, as(t, a, "admin", "GET", backupPath, "").Code, "a reset unlocks")
	refused(t, nobody(t, a, "GET", backupPath, "", "Cookie", cookie), 401, mockserver.InvalidSession)
}

// TestNamesCannotBeToldApartByText compares everything that an unknown name, a wrong password and a locked account get.
func TestNamesCannotBeToldApartByText(t *testing.T) {
	a := staff(t, func(o *mockserver.Options) { o.Access.LockWhen = 1 })
	first := nobody(t, a, "POST", loginPath, "username=admin&password=wrong")
	for _, body := range []string{
		"username=nobody&password=wrong", "username=admin&password=wrong", "username=admin&password=admin",
		"username=disabled&password=wrong", "username=new&password=wrong", "username=%00&password=", "username=ADMIN&password=admin",
	} {
		w := nobody(t, a, "POST", loginPath, body)
		require.Equal(t, first.Code, w.Code, body)
		require.Equal(t, first.Body.String(), w.Body.String(), body)
		require.Equal(t, first.Header(), w.Header(), body)
	}
}

func TestHostileLoginsAreRefusedAndNothingFails(t *testing.T) {
	a := staff(t)
	for _, text := range []string{
		"' OR '1'='1", "admin'--", "admin' AND SLEEP(5)#", "*)(uid=*))(|(uid=*", "../../etc/passwd", "admin\x00", "аdmin", "ａｄｍｉｎ",
		"admin ", " admin", "admin\r\nX: y", strings.Repeat("a", 100_000), "<x/>", "&amp;", "{}", "%", "\xff\xfe",
	} {
		for _, body := range []string{
			url.Values{"username": {text}, "password": {text}}.Encode(), url.Values{"username": {"admin"}, "password": {text}}.Encode(),
			fmt.Sprintf(`<login username=%q password="admin"/>`, text), fmt.Sprintf(`{"username":%q,"password":"admin"}`, text),
		} {
			w := nobody(t, a, "POST", loginPath, body)
			require.Contains(t, []int{400, 401}, w.Code, "%.80q: %s", body, w.Body)
		}
		w := nobody(t, a, "GET", backupPath, "", "Cookie", "SESSID="+url.QueryEscape(text))
		require.Equal(t, http.StatusUnauthorized, w.Code)
		w = nobody(t, a, "POST", tokenPath, url.Values{"grant_type": {"access_code"}, "assertion": {text}}.Encode(), "Content-Type", formType)
		require.Contains(t, []int{400, 401}, w.Code, "%.80q: %s", text, w.Body)
	}
}

// TestAnyLoginBodyIsAnsweredWithoutAFailure sends what nobody thought of.
func TestAnyLoginBodyIsAnsweredWithoutAFailure(t *testing.T) {
	a := staff(t)
	rapid.Check(t, func(t *rapid.T) {
		body := rapid.OneOf(
			rapid.String(), rapid.StringMatching(`[a-z%&=+]{0,20}`), rapid.StringMatching(`<[a-z ="'/<>!\[\]?&;-]{0,30}`), rapid.StringMatching(`[{\[][a-z":,{}\[\]]{0,20}`),
		).Draw(t, "body")
		r := httptest.NewRequest(http.MethodPost, loginPath, strings.NewReader(body))
		w := httptest.NewRecorder()
		a.Handler().ServeHTTP(w, r)
		if w.Code != 400 && w.Code != 401 {
			t.Fatalf("%q: %d %s", body, w.Code, w.Body)
		}
	})
}

func TestTheJournalHoldsNoSecret(t *testing.T) {
	a := staff(t)
	cookie := session(t, a)
	code := codeOf(t, a)
	token := tokenFor(t, a, code)
	const password = "pw-4711-Xyz"
	for _, body := range []string{"username=admin&password=" + password, `<login username="admin" password="` + password + `"/>`, `{"username":"admin","password":"` + password + `"}`, `{"username":"admin","password":"` + password} {
		nobody(t, a, "POST", loginPath, body)
	}
	nobody(t, a, "POST", tokenPath+"?grant_type=access_code&assertion="+url.QueryEscape(code), "")
	w := as(t, a, "admin", "GET", commonPath+"oauth/authorize?response_type=token", "")
	require.Equal(t, http.StatusFound, w.Code)
	nobody(t, a, "GET", backupPath, "", "Authorization", "Bearer "+token)
	control := httptest.NewRecorder()
	a.ControlHandler().ServeHTTP(control, httptest.NewRequest(http.MethodGet, "/api/v1/journal", nil))
	text := control.Body.String()
	require.Contains(t, text, `"operation": "login"`)
	for _, secret := range []string{strings.TrimPrefix(cookie, "SESSID="), strings.TrimRight(code, "="), token, password} {
		require.NotContains(t, text, secret)
	}
}

// TestTheThirdKeyIsASwitch: a third key in an error breaks a real client, so it is off unless it is asked for.
func TestTheThirdKeyIsASwitch(t *testing.T) {
	a := staff(t)
	for _, w := range []*httptest.ResponseRecorder{
		nobody(t, a, "POST", loginPath, "{}"), nobody(t, a, "POST", loginPath, "username=&password="), nobody(t, a, "GET", backupPath, "", "Cookie", "SESSID=x"),
		as(t, a, "reader", "POST", backupPath, ""), as(t, a, "admin", "GET", commonPath+"oauth/authorize", ""), as(t, a, "admin", "POST", backupPath, "{}"),
	} {
		var body map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
		require.Len(t, body, 2, "%s", w.Body)
	}
	require.NoError(t, a.SetDialect(map[dialectKey]string{"error-info": "object"}))
	require.Contains(t, nobody(t, a, "POST", loginPath, "{}").Body.String(), `"error_info":{`)
}

func TestAccountsThatCannotBeAreRefused(t *testing.T) {
	hash := func(cost int) string {
		h, err := bcrypt.GenerateFromPassword([]byte("x"), cost)
		require.NoError(t, err)
		return string(h)
	}
	for says, list := range map[string][]auth.Account{
		"role":      {{Name: "a", Role: "root"}},
		"state":     {{Name: "a", State: "gone"}},
		"both":      {{Name: "a", Password: "x", Hash: hash(4)}},
		"twice":     {{Name: "a"}, {Name: "a"}},
		"bcrypt":    {{Name: "a", Hash: "md5"}},
		"same cost": {{Name: "a", Hash: hash(4)}, {Name: "b", Hash: hash(5)}},
	} {
		_, err := mockserver.New(mockserver.Options{Access: mockserver.Access{Accounts: list}})
		require.ErrorContains(t, err, says)
	}
	a := standing(t, func(o *mockserver.Options) {
		o.PasswordCost = 0
		o.Access.Accounts = []auth.Account{{Name: "x", Hash: hash(4)}, {Name: "admin", Password: "admin"}}
	})
	require.Equal(t, http.StatusOK, as(t, a, "x", "GET", backupPath, "").Code)
	_, err := mockserver.New(mockserver.Options{PasswordCost: 4, Access: mockserver.Access{Codes: []string{"eyJ9"}}})
	require.ErrorContains(t, err, "access code 1")
	stranger := codeOf(t, a)
	_, err = mockserver.New(mockserver.Options{PasswordCost: 4, Users: map[string]string{"eve": "eve"}, Access: mockserver.Access{Codes: []string{stranger}}})
	require.ErrorContains(t, err, `"admin"`)
	_, err = a.IssueCode("nobody")
	require.True(t, errors.Is(err, auth.ErrWrong))
}
