package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pkg/sftp"
	"github.com/stretchr/testify/require"
	gossh "golang.org/x/crypto/ssh"
)

// runningTarget is flowgate target in this process.
type runningTarget struct {
	targetReady
	events bytes.Buffer
	stop   func() (code int)
}

// startTarget runs the command and waits for its ready line; stop ends it as a signal does.
func startTarget(t *testing.T, args ...string) *runningTarget {
	t.Helper()
	r := &runningTarget{}
	out, ready := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, append([]string{"target", "--listen", "127.0.0.1:0"}, args...), strings.NewReader(""), ready, &r.events)
		_ = ready.Close()
	}()
	require.NoError(t, json.NewDecoder(out).Decode(&r.targetReady))
	go func() { _, _ = io.Copy(io.Discard, out) }()
	ended := false
	r.stop = func() int {
		cancel()
		ended = true
		return <-code
	}
	t.Cleanup(func() {
		if !ended {
			r.stop()
		}
	})
	return r
}

func (r *runningTarget) dial(t *testing.T, auth gossh.AuthMethod) (*gossh.Client, error) {
	t.Helper()
	key, _, _, _, err := gossh.ParseAuthorizedKey([]byte(r.HostKey))
	require.NoError(t, err)
	return gossh.Dial("tcp", r.Address, &gossh.ClientConfig{
		User: "backup", Auth: []gossh.AuthMethod{auth}, HostKeyCallback: gossh.FixedHostKey(key), HostKeyAlgorithms: []string{key.Type()},
	})
}

func TestATargetTakesABackupAndTells(t *testing.T) {
	const secret = "canary-of-the-target"
	t.Setenv("FLOWGATE_PASSWORD", secret)
	root, file := t.TempDir(), filepath.Join(t.TempDir(), "ready.json")
	r := startTarget(t, "--root", root, "--user", "backup", "--ready-file", file)
	var filed targetReady
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &filed))
	require.Equal(t, r.targetReady, filed)
	require.Regexp(t, `^SHA256:`, r.Fingerprint)
	_, err = r.dial(t, gossh.Password("not-it"))
	require.Error(t, err)
	c, err := r.dial(t, gossh.Password(secret))
	require.NoError(t, err)
	s, err := sftp.NewClient(c)
	require.NoError(t, err)
	f, err := s.Create("/state")
	require.NoError(t, err)
	_, err = f.Write([]byte("hello"))
	require.NoError(t, err)
	require.NoError(t, f.Close())
	require.NoError(t, c.Close())
	require.Zero(t, r.stop())
	stored, err := os.ReadFile(filepath.Join(root, "state"))
	require.NoError(t, err)
	require.Equal(t, "hello", string(stored))
	var kinds []string
	for line := range strings.Lines(r.events.String()) {
		var e struct{ Kind, Path string }
		require.NoError(t, json.Unmarshal([]byte(line), &e), line)
		kinds = append(kinds, strings.TrimSpace(e.Kind+" "+e.Path))
	}
	require.Subset(t, kinds, []string{"refused", "login", "close /state"})
	require.NotContains(t, r.events.String(), secret)
}

func TestATargetsEventsAndFaults(t *testing.T) {
	events := filepath.Join(t.TempDir(), "events.jsonl")
	require.NoError(t, os.WriteFile(events, []byte("{}\n"), 0o600))
	r := startTarget(t, "--root", t.TempDir(), "--user", "backup:right", "--events", events, "--fault", "wrong-password:times=1")
	_, err := r.dial(t, gossh.Password("right"))
	require.Error(t, err, "the fault strikes once")
	c, err := r.dial(t, gossh.Password("right"))
	require.NoError(t, err)
	require.NoError(t, c.Close())
	require.Zero(t, r.stop())
	require.Empty(t, r.events.String())
	text, err := os.ReadFile(events)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(text), "{}\n{"), "events are added to what is there")
	require.Contains(t, string(text), `"kind":"fault"`)
}

// TestRealSCPWithAKey is OpenSSH's scp against the command.
func TestRealSCPWithAKey(t *testing.T) {
	for _, program := range []string{"scp", "ssh-keygen"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%s is not installed", program)
			}
			t.Skipf("%s is not installed", program)
		}
	}
	dir, root := t.TempDir(), t.TempDir()
	key, payload := filepath.Join(dir, "key"), filepath.Join(dir, "payload")
	out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key).CombinedOutput()
	require.NoError(t, err, string(out))
	require.NoError(t, os.WriteFile(payload, []byte("a backup"), 0o600))
	r := startTarget(t, "--root", root, "--user", "backup", "--authorized-keys", key+".pub")
	host, port, _ := strings.Cut(r.Address, ":")
	known := filepath.Join(dir, "known_hosts")
	require.NoError(t, os.WriteFile(known, []byte("["+host+"]:"+port+" "+r.HostKey+"\n"), 0o600))
	out, err = exec.Command("scp", "-F", "none", "-q", "-i", key, "-P", port, "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes",
		"-o", "UserKnownHostsFile="+known, payload, "backup@"+host+":/copy").CombinedOutput()
	require.NoError(t, err, string(out))
	stored, err := os.ReadFile(filepath.Join(root, "copy"))
	require.NoError(t, err)
	require.Equal(t, "a backup", string(stored))
}
