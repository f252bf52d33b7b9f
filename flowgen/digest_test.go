package flowgen_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/cpu"

	"github.com/flowgate-dev/flowgate/flowgen"
	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

// goldenDigest is the promise that a seed is: whoever changes it changes the
// traffic of everyone's seeds, and says so in the CHANGELOG.
const goldenDigest = "3ad791c63a120ad152765a4a2c3f18135f0eb3d829cb803caa3c4e11400a57f0"

// digest hashes seconds, minutes, hours and records of worlds of every
// profile. It writes its numbers itself, in big-endian order.
func digest(t *testing.T) string {
	t.Helper()
	sum := sha256.New()
	put := func(b flow.Bucket) {
		for _, v := range []uint64{b.Flows, b.Bytes, b.BadBytes, b.Packets, b.BadPackets, b.PeakFlows, b.PeakBytes, b.PeakPackets} {
			require.NoError(t, binary.Write(sum, binary.BigEndian, v))
		}
	}
	for seed := uint64(1); seed <= 2; seed++ {
		for _, profile := range append(flowgen.ProfileNames(), flowgen.Mixed) {
			g := newGenerator(t, flowgen.Options{Seed: seed, Sources: 12, Profile: profile})
			for i := range 12 {
				for h := range int64(6) {
					put(g.Hour(i, monday+h*29))
					put(g.Minute(i, (monday+h*31)*60+h))
					put(g.Second(i, (monday+h*37)*3600+h))
				}
				for _, r := range g.Records(i, monday*3600+int64(i), nil) {
					require.NoError(t, binary.Write(sum, binary.BigEndian, []uint64{
						r.Packets, r.Octets, uint64(r.Start), uint64(r.End), uint64(r.SrcPort), uint64(r.DstPort), uint64(r.Protocol),
					}))
					sum.Write(r.Src.AsSlice())
					sum.Write(r.Dst.AsSlice())
				}
			}
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func TestDigest(t *testing.T) {
	require.Equal(t, goldenDigest, digest(t), "the traffic of a seed has changed")
}

// TestDigestOnOtherMachines runs TestDigest as another machine would: with the
// instructions of a newer amd64, and on arm64 under emulation.
func TestDigestOnOtherMachines(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles this test for other machines")
	}
	t.Run("amd64-v3", func(t *testing.T) {
		if runtime.GOARCH != "amd64" || !cpu.X86.HasAVX2 || !cpu.X86.HasBMI2 || !cpu.X86.HasFMA {
			t.Skip("this CPU does not run GOAMD64=v3")
		}
		runDigest(t, nil, "GOARCH=amd64", "GOAMD64=v3")
	})
	t.Run("arm64", func(t *testing.T) {
		runDigest(t, []string{oracle(t, "qemu-aarch64-static")}, "GOARCH=arm64")
	})
}

func runDigest(t *testing.T, emulator []string, env ...string) {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "digest.test")
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-o", binary, ".")
	build.Env = append(os.Environ(), append(env, "GOOS=linux", "CGO_ENABLED=0")...)
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	args := append(emulator, binary, "-test.run", "^TestDigest$", "-test.v")
	out, err = exec.CommandContext(t.Context(), args[0], args[1:]...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "--- PASS: TestDigest", "it did not run")
}

// oracle finds a program of another project that judges ours. Where it is
// missing the test is skipped, except where CI promises to have it.
func oracle(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err == nil {
		return path
	}
	if strings.EqualFold(os.Getenv("CI"), "true") {
		t.Fatalf("%s is required where CI=true; hint: make oracles installs it", program)
	}
	t.Skipf("%s is not installed", program)
	return ""
}
