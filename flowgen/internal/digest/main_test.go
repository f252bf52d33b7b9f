package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// golden is the promise that a seed is: whoever changes it changes the traffic of everyone's seeds, and says so in the
// CHANGELOG.
const golden = "3ad791c63a120ad152765a4a2c3f18135f0eb3d829cb803caa3c4e11400a57f0"

func TestASeedKeepsItsTraffic(t *testing.T) {
	text, err := digest()
	require.NoError(t, err)
	require.Equal(t, golden, text, "the traffic of a seed has changed")
}

// arm64 multiplies and adds in one step, as newer amd64 machines do: what is rounded in between there shows here.
func TestASeedIsTheSameOnArm64(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles for another machine")
	}
	emulator, err := exec.LookPath("qemu-aarch64-static")
	switch {
	case err != nil && strings.EqualFold(os.Getenv("CI"), "true"):
		t.Fatal("qemu-aarch64-static is required where CI=true; hint: make oracles installs it")
	case err != nil:
		t.Skip("qemu-aarch64-static is not installed")
	}
	binary := filepath.Join(t.TempDir(), "digest")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".")
	build.Env = append(os.Environ(), "GOARCH=arm64", "GOOS=linux", "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	out, err = exec.CommandContext(t.Context(), emulator, binary).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Equal(t, golden, strings.TrimSpace(string(out)))
}
