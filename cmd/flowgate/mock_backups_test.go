package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	backupAPI  = "/api/mgmt.gateway_backup/1.0/backup"
	restoreAPI = "/api/mgmt.gateway_backup/1.0/restore"
)

// mockProcess is flowgate mock as its own process.
type mockProcess struct {
	started
	cmd    *exec.Cmd
	client *http.Client
}

func newMockProcess(t *testing.T, args ...string) *mockProcess {
	t.Helper()
	cmd := exec.Command("flowgate", append([]string{"mock", "--listen", "127.0.0.1:0", "--job-duration", "1ms"}, args...)...)
	cmd.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
	p := &mockProcess{started: startMock(t, cmd), cmd: cmd}
	t.Cleanup(p.kill)
	pem, err := os.ReadFile(p.CAFile)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(pem))
	p.client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}
	t.Cleanup(p.client.CloseIdleConnections)
	return p
}

// kill is kill -9.
func (p *mockProcess) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	_ = p.cmd.Wait()
}

func (p *mockProcess) ask(t *testing.T, method, path, body string) (status int, text string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, p.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	r.SetBasicAuth("admin", "admin")
	answer, err := p.client.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(got)
}

// job starts a job and waits until it has ended.
func (p *mockProcess) job(t *testing.T, path, body string) string {
	t.Helper()
	status, text := p.ask(t, "POST", path, body)
	require.Equal(t, http.StatusOK, status, text)
	for range 2000 {
		if _, text = p.ask(t, "GET", path, ""); !strings.Contains(text, `"EXECUTING"`) {
			return text
		}
		select {
		case <-t.Context().Done():
		case <-time.After(10 * time.Millisecond):
		}
	}
	t.Fatalf("the job does not end: %s", text)
	return ""
}

func overSSH(address string) string {
	return fmt.Sprintf(`{"hostname":%q,"username":"admin","password":"admin","path":"/b","security_pwd":"EncryptionKey"}`, address)
}

// TestAMockBacksUpToItsOwnTarget and does so again after a kill -9: the host's key, the backups and what the jobs were
// have stayed.
func TestAMockBacksUpToItsOwnTarget(t *testing.T) {
	data := filepath.Join(t.TempDir(), "made")
	p := newMockProcess(t, "--ssh-target", "127.0.0.1:0", "--data", data)
	require.Contains(t, p.job(t, backupAPI, overSSH(p.SSHTarget)), `"status":"COMPLETED"`)
	found, err := filepath.Glob(filepath.Join(data, "ssh-target", "b", "????????_????", "manifest.json"))
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.FileExists(t, filepath.Join(data, "known_hosts"))
	require.Contains(t, p.job(t, backupAPI, `{"hostname":"localhost","security_pwd":"EncryptionKey"}`), `"COMPLETED"`)
	_, before := p.ask(t, "GET", backupAPI, "")
	p.kill()

	p = newMockProcess(t, "--ssh-target", p.SSHTarget, "--data", data)
	_, after := p.ask(t, "GET", backupAPI, "")
	require.JSONEq(t, before, after)
	require.Contains(t, p.job(t, restoreAPI, strings.Replace(overSSH(p.SSHTarget), "}", `,"no_cert":"false"}`, 1)), `"status":"COMPLETED"`, "the host is known by its key")
	require.Contains(t, p.job(t, restoreAPI, `{"hostname":"localhost","security_pwd":"EncryptionKey","no_cert":"false"}`), `"COMPLETED"`)
}

// TestAKillInTheMidstOfAJob kills a mock whose job runs: the next one says so, and takes another job.
func TestAKillInTheMidstOfAJob(t *testing.T) {
	data := t.TempDir()
	const local = `{"hostname":"localhost","security_pwd":"EncryptionKey"}`
	p := newMockProcess(t, "--data", data, "--job-duration", "1h")
	status, text := p.ask(t, "POST", backupAPI, local)
	require.Equal(t, http.StatusOK, status, text)
	p.kill()
	p = newMockProcess(t, "--data", data)
	_, text = p.ask(t, "GET", backupAPI, "")
	require.Contains(t, text, `"status":"ERROR"`)
	require.Contains(t, text, "interrupted")
	require.Contains(t, p.job(t, backupAPI, local), `"status":"COMPLETED"`)
}

func TestWhereBackupsMayTravel(t *testing.T) {
	p := newMockProcess(t, "--ssh-target", "127.0.0.1:0", "--backup-hosts", "none")
	require.Contains(t, p.job(t, backupAPI, overSSH(p.SSHTarget)), "no route to the host")
	q := newMockProcess(t, "--backup-hosts", "loopback")
	require.Contains(t, q.job(t, backupAPI, overSSH(p.SSHTarget)), `"status":"COMPLETED"`)
	require.Contains(t, q.job(t, backupAPI, overSSH("10.255.255.1")), "no route to the host")
}
