package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	statsAt  = "/api/mgmt.flowgateway_analytics/1.0/import_stats"
	backupAt = "/api/mgmt.gateway_backup/1.0/backup"
	commonAt = "/api/common/1.0"
)

// TestRealClientsWalkAMock lets clients that are not ours log in by each way, ask for statistics by each template, start
// a backup, follow it and log out, against a mock that runs as its own process.
func TestRealClientsWalkAMock(t *testing.T) {
	notShort(t)
	scripts, err := filepath.Abs("testdata/clients")
	require.NoError(t, err)
	for name, c := range map[string]struct {
		script string
		find   func() string // the program that runs it; "" where there is none
	}{
		"curl":          {"walk.sh", shellWithCurl},
		"requests":      {"walk.py", pythonWithRequests},
		"Node's https":  {"walk.js", func() string { path, _ := exec.LookPath("node"); return path }},
		"Go's net/http": {"", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if c.find == nil {
				walkInGo(t, walkedMock(t, dir), filepath.Join(dir, "code"))
				return
			}
			program := c.find()
			if program == "" {
				if os.Getenv("CI") == "true" {
					t.Fatalf("%s is not installed", name)
				}
				t.Skipf("%s is not installed", name)
			}
			mock := walkedMock(t, dir)
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, program, filepath.Join(scripts, c.script))
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "URL="+mock.URL, "CA="+mock.CAFile, "CODE="+filepath.Join(dir, "code"))
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, "%s", out)
			require.Equal(t, "basic ok\nsession ok\noauth ok\n", string(out))
		})
	}
}

// walkedMock starts a mock that ends with the test.
func walkedMock(t *testing.T, dir string) started {
	cmd := exec.Command("flowgate", "mock", "--listen", "127.0.0.1:0", "--ca-file", "ca.pem", "--access-code-file", "code", "--job-duration", "20ms")
	cmd.Dir = dir
	mock := startMock(t, cmd)
	t.Cleanup(func() {
		require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
		require.NoError(t, cmd.Wait())
	})
	return mock
}

func shellWithCurl() string {
	if _, err := exec.LookPath("curl"); err != nil {
		return ""
	}
	path, _ := exec.LookPath("sh")
	return path
}

// pythonWithRequests is the first Python that has the library: Debian's is not always the first on PATH.
func pythonWithRequests() string {
	for _, python := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(python, "-c", "import requests").Run() == nil {
			return python
		}
	}
	return ""
}

// visitor is Go's client, logged in by one way.
type visitor struct {
	*http.Client
	url    string
	header http.Header
}

func (v *visitor) send(t *testing.T, method, path, body string) (int, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, v.url+path, strings.NewReader(body))
	require.NoError(t, err)
	r.Header = v.header.Clone()
	res, err := v.Do(r)
	require.NoError(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, text
}

func (v *visitor) must(t *testing.T, method, path, body string) []byte {
	t.Helper()
	status, text := v.send(t, method, path, body)
	require.Less(t, status, 300, "%s %s: %s", method, path, text)
	return text
}

func walkInGo(t *testing.T, mock started, codeFile string) {
	ca, err := os.ReadFile(mock.CAFile)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(ca))
	code, err := os.ReadFile(codeFile)
	require.NoError(t, err)
	for _, way := range []string{"basic", "session", "oauth"} {
		jar, err := cookiejar.New(nil)
		require.NoError(t, err)
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}
		v := &visitor{&http.Client{Transport: transport, Jar: jar}, mock.URL, http.Header{"Accept": {"application/json"}}}
		switch way {
		case "basic":
			v.header.Set("Authorization", "Basic YWRtaW46YWRtaW4=")
		case "session":
			v.must(t, "POST", commonAt+"/login", `{"username":"admin","password":"admin"}`)
		case "oauth":
			v.header.Set("Content-Type", "application/x-www-form-urlencoded")
			form := url.Values{"grant_type": {"access_code"}, "assertion": {strings.TrimSpace(string(code))}}
			var token struct {
				Text string `json:"access_token"`
			}
			require.NoError(t, json.Unmarshal(v.must(t, "POST", commonAt+"/oauth/token", form.Encode()), &token))
			v.header.Set("Authorization", "Bearer "+token.Text)
		}
		v.walk(t)
		if way == "session" {
			require.Empty(t, v.must(t, "POST", commonAt+"/logout", ""))
			status, text := v.send(t, "GET", backupAt, "")
			require.Equal(t, http.StatusUnauthorized, status)
			require.Contains(t, string(text), "AUTH_INVALID_SESSION")
		}
		transport.CloseIdleConnections()
	}
}

func (v *visitor) walk(t *testing.T) {
	require.Contains(t, string(v.must(t, "GET", statsAt, `{"stats_type":"flows_per_minute","interval_type":"minutes","time_interval":60,"source_ip":""}`)), "peak_n_flows")
	b := v.must(t, "GET", statsAt, `{"stats_type":"flows_per_minute","start_time":"14/12/2023 19:00:00","end_time":"14/12/2023 20:00:00","source_ip":""}`)
	c := v.must(t, "GET", statsAt, `[{"stats_type":"flows_per_minute","start_time":1702580400,"end_time":1702584000,"source_ip":""}]`)
	require.Contains(t, string(b), "2023-12-14 19:00:00+00:00")
	require.Equal(t, string(b), string(c))
	require.Empty(t, v.must(t, "POST", backupAt, `{"hostname":"localhost","security_pwd":"secret"}`))
	for !bytes.Contains(v.must(t, "GET", backupAt, ""), []byte(`"COMPLETED","timeStamp"`)) {
		require.NoError(t, t.Context().Err())
	}
}
