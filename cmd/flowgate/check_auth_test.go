package main

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// tokenDevice hands out a token for one access code and shows the status of backups to it, and to nobody else.
func tokenDevice(t *testing.T, code string) (address string, bearers func() int) {
	t.Helper()
	var mu sync.Mutex
	n := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		deny := func(id string) {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"error_id": "`+id+`", "error_text": "no"}`)
		}
		switch {
		case strings.HasSuffix(r.URL.Path, "/auth_info"):
			_, _ = io.WriteString(w, `{"supported_methods": ["OAUTH_2_0"]}`)
		case strings.HasSuffix(r.URL.Path, "/oauth/token"):
			if r.FormValue("assertion") != code {
				deny("AUTH_INVALID_CODE")
				return
			}
			_, _ = io.WriteString(w, `{"access_token": "the-t0ken-0f-this-test", "token_type": "bearer", "expires_in": 3600}`)
		case r.Header.Get("Authorization") != "Bearer the-t0ken-0f-this-test":
			deny("AUTH_REQUIRED")
		case strings.HasSuffix(r.URL.Path, "/backup"):
			mu.Lock()
			n++
			mu.Unlock()
			const record = `"host": "", "username": "", "message": "", "path": "", "timeStamp": 0`
			_, _ = io.WriteString(w, `[{"last_successful": {`+record+`, "subdir": ""}, "running": {`+record+`, "status": "NONE"}}]`)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL, func() int {
		mu.Lock()
		defer mu.Unlock()
		return n
	}
}

func TestCheckLogsInWithAnAccessCode(t *testing.T) {
	const code = "eyJwcm4iOiAidGhlLWNvZGUtb2YtdGhpcy10ZXN0In0="
	u, bearers := tokenDevice(t, code)
	file := write(t, "code", code+"\n")
	for _, flags := range [][]string{{"--auth", "oauth"}, {"--auth", "auto"}, {}} {
		before := bearers()
		args := append([]string{"check", u, "--run", "backup/status/list", "--access-code-file", file}, flags...)
		code, out, complaints := call(t, args...)
		require.Equal(t, 0, code, "%s\n%s", out, complaints)
		require.Greater(t, bearers(), before)
	}
	dir := t.TempDir()
	json := filepath.Join(dir, "r.json")
	exit, out, complaints := call(t, "check", u, "--run", "backup/status", "--access-code-file", file, "--json", json, "--har", filepath.Join(dir, "x.har"),
		"--record", filepath.Join(dir, "record"), "--verbose")
	require.Equal(t, 0, exit, "%s\n%s", out, complaints)
	text, err := os.ReadFile(json)
	require.NoError(t, err)
	har, err := os.ReadFile(filepath.Join(dir, "x.har"))
	require.NoError(t, err)
	for _, secret := range []string{code, "the-t0ken-0f-this-test", base64.StdEncoding.EncodeToString([]byte(code))} {
		require.NotContains(t, out+complaints+string(text)+string(har), secret)
	}
}

func TestALogInThatIsNotPossibleSaysWhatToDo(t *testing.T) {
	u, _ := tokenDevice(t, "the-right-code")
	t.Setenv("FLOWGATE_PASSWORD", "x")
	for name, c := range map[string]struct {
		flags []string
		want  int
		says  string
	}{
		"no code":                {[]string{"--auth", "oauth"}, 2, "hint: name its file with --access-code-file"},
		"no name":                {[]string{"--auth", "session"}, 2, "hint: give --user NAME"},
		"no such way":            {[]string{"--auth", "kerberos"}, 2, "auto, basic, session or oauth"},
		"no such file":           {[]string{"--access-code-file", "/no/such/file"}, 2, "--access-code-file"},
		"empty file":             {[]string{"--access-code-file", write(t, "empty", "\n")}, 2, "write the access code on its first line"},
		"two from standard in":   {[]string{"--access-code-file", "-", "--password-file", "-"}, 2, "cannot both be standard input"},
		"wrong code":             {[]string{"--access-code-file", write(t, "code", "wrong")}, 3, "POST /api/common/1.0/oauth/token was answered with status 401 AUTH_INVALID_CODE"},
		"only a password":        {[]string{"--user", "qa"}, 3, "offers OAUTH_2_0 only"},
		"a session is not there": {[]string{"--user", "qa", "--auth", "session"}, 3, "session: POST /api/common/1.0/login"},
		"negative guesses":       {[]string{"--brute-force", "-1"}, 2, "expected 0 to 1000"},
		"negative wait":          {[]string{"--wait-expiry", "-1s"}, 2, "expected 0 or more"},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, complaints := call(t, append([]string{"check", u, "--run", "backup/status/list"}, c.flags...)...)
			require.Equal(t, c.want, code, "%s\n%s", out, complaints)
			require.Contains(t, strings.Join(strings.Fields(out+complaints), " "), c.says)
		})
	}
	code, out, complaints := call(t, "check", u, "--auth", "oauth", "--access-code-file", write(t, "code", "the-right-code"), "--run", "backup/status", "--dry-run")
	require.Equal(t, 0, code, complaints)
	require.Contains(t, out, "# observe: login/enter")
	require.NotContains(t, out, "the-right-code")
}
