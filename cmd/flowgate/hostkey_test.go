package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	gossh "golang.org/x/crypto/ssh"
)

func TestATargetKeepsItsHostKey(t *testing.T) {
	file := filepath.Join(t.TempDir(), "host_key")
	args := []string{"--root", t.TempDir(), "--user", "backup:right", "--host-key", file}
	first := startTarget(t, args...)
	require.Zero(t, first.stop())
	again := startTarget(t, append(args, "--legacy")...)
	require.Equal(t, first.HostKey, again.HostKey)
	_, err := again.dial(t, gossh.Password("right"))
	require.NoError(t, err)
	other := startTarget(t, "--root", t.TempDir(), "--user", "backup:right")
	require.NotEqual(t, first.HostKey, other.HostKey)
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Zero(t, info.Mode().Perm()&0o077, "for its owner only")
}

func TestAHostKeyThatIsNone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "host_key")
	require.NoError(t, os.WriteFile(file, []byte("canary-of-a-file"), 0o600))
	code, _, complaints := call(t, "target", "--root", t.TempDir(), "--user", "a:b", "--host-key", file)
	require.Equal(t, 2, code)
	require.Contains(t, complaints, "is no private key of SSH")
	require.Contains(t, complaints, "hint: make one with ssh-keygen")
	require.NotContains(t, complaints, "canary")
	code, _, complaints = call(t, "target", "--root", t.TempDir(), "--user", "a:b", "--host-key", filepath.Join(file, "below"))
	require.Equal(t, 3, code, complaints)
}
