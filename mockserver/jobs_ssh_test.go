package mockserver_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/fixtures/sshtarget"
	"github.com/flowgate-dev/flowgate/fixtures/sshtarget/sshtargettest"
	"github.com/flowgate-dev/flowgate/mockserver"
	"github.com/flowgate-dev/flowgate/mockserver/depot"
)

// overSSH is a job on a target.
func overSSH(target *sshtarget.Target) string {
	return fmt.Sprintf(`{"hostname":%q,"username":%q,"password":%q,"path":"/b","security_pwd":"s3cret-vault"}`,
		target.Addr(), sshtargettest.User, sshtargettest.Password)
}

func toTargets(o *mockserver.Options) {
	o.Remote = depot.NewSSH(depot.SSHOptions{Loopback: true}).Open
}

// TestARoundTripOverSSH backs up to a target and restores from it, and holds what the target saw beside what the
// appliance says.
func TestARoundTripOverSSH(t *testing.T) {
	target := sshtargettest.Start(t)
	a := standing(t, toTargets)
	saved := a.State()
	require.Equal(t, http.StatusOK, ask(t, a, "POST", backupPath, overSSH(target)).Code)
	said := settled(t, a, backupPath)
	require.Contains(t, said, `"status":"COMPLETED"`)
	require.Contains(t, said, `"subdir":"/b/20240108_2211"`)
	sshtargettest.Await(t, target, func(e sshtarget.Event) bool {
		return e.Kind == sshtarget.KindRename && e.To == "/b/20240108_2211"
	})
	kinds := map[sshtarget.Kind]bool{}
	for _, e := range target.Events() {
		kinds[e.Kind] = true
		require.False(t, e.Kind == sshtarget.KindClose && strings.HasPrefix(e.Path, "/b/2024"), "a file is never written under the final name")
	}
	require.True(t, kinds[sshtarget.KindLogin])
	for _, name := range []string{"manifest.json", "state.tar.gz"} {
		text, err := os.ReadFile(filepath.Join(target.Root(), "b", "20240108_2211", name))
		require.NoError(t, err)
		for _, secret := range []string{"s3cret", sshtargettest.Password, saved.Vault.CloakKey, saved.Vault.SNMP, saved.Vault.NTP, "admin:"} {
			require.NotContains(t, string(text), secret)
		}
	}
	changed := saved.Clone()
	changed.Name, changed.Vault.NTP = "renamed", "another"
	a.SetState(changed)
	require.Equal(t, http.StatusOK, ask(t, a, "POST", restorePath, swap(overSSH(target), "}", `,"no_cert":"false"}`)).Code)
	require.Contains(t, settled(t, a, restorePath), `"path":"/b/20240108_2211","status":"COMPLETED"`)
	require.Equal(t, saved, a.State())
}

// TestWhatGoesWrongOverSSHIsSaid has the target fail in each way: the job ends in ERROR with a message that says how,
// what succeeded last stays, the state stays, and a backup in peace works.
func TestWhatGoesWrongOverSSHIsSaid(t *testing.T) {
	for fault, words := range map[string]string{
		"wrong-password": "the user name or the password is wrong", "refuse": "refused by the host", "disk-full:at=100": "the disk is full",
		"read-only": "the file system is read-only", "denied": "permission denied", "drop:at=100": "the connection broke off", "host-key": "the host key has changed",
	} {
		t.Run(fault, func(t *testing.T) {
			target := sshtargettest.Start(t)
			a := standing(t, toTargets)
			require.Equal(t, http.StatusOK, ask(t, a, "POST", backupPath, overSSH(target)).Code)
			good, _, _ := strings.Cut(settled(t, a, backupPath), `"running"`)
			changed := a.State()
			changed.Name = "renamed"
			a.SetState(changed)

			f, err := sshtarget.ParseFault(fault)
			require.NoError(t, err)
			require.NoError(t, target.SetFault(f))
			a.Clock().Advance(time.Hour)
			for _, path := range []string{backupPath, restorePath} {
				if path == restorePath && (strings.HasPrefix(fault, "disk") || fault == "read-only") {
					continue // reading is not disturbed
				}
				require.Equal(t, http.StatusOK, ask(t, a, "POST", path, overSSH(target)).Code)
				said := settled(t, a, path)
				require.Contains(t, said, `"status":"ERROR"`)
				require.Contains(t, said, words)
				require.NotContains(t, said, sshtargettest.Password)
				require.NotContains(t, said, "s3cret")
			}
			require.Equal(t, changed, a.State())
			now, _, _ := strings.Cut(ask(t, a, "GET", backupPath, "").Body.String(), `"running"`)
			require.Equal(t, good, now)
			listed, err := filepath.Glob(filepath.Join(target.Root(), "b", "[0-9]*"))
			require.NoError(t, err)
			require.Len(t, listed, 1, "a cut transfer is no backup")

			target.ClearFaults()
			require.Equal(t, http.StatusOK, ask(t, a, "POST", backupPath, overSSH(target)).Code)
			require.Contains(t, settled(t, a, backupPath), `"status":"COMPLETED"`)
		})
	}
}

// TestDamageOnTheWayIsSeenByTheRestore has the target flip a bit of what it stores.
func TestDamageOnTheWayIsSeenByTheRestore(t *testing.T) {
	target := sshtargettest.Start(t, sshtarget.Options{Seed: 3})
	f, err := sshtarget.ParseFault("corrupt:at=40")
	require.NoError(t, err)
	require.NoError(t, target.SetFault(f))
	a := standing(t, toTargets)
	ask(t, a, "POST", backupPath, overSSH(target))
	settled(t, a, backupPath)
	target.ClearFaults()
	before := a.State()
	ask(t, a, "POST", restorePath, overSSH(target))
	said := settled(t, a, restorePath)
	require.Contains(t, said, `"status":"ERROR"`)
	require.Contains(t, said, "restore failed: the backup is damaged")
	require.Equal(t, before, a.State())
}

// TestTheEndOfTheApplianceEndsItsJob has a host that keeps silent, and closes the appliance.
func TestTheEndOfTheApplianceEndsItsJob(t *testing.T) {
	target := sshtargettest.Start(t)
	require.NoError(t, target.SetFault(sshtarget.Fault{Name: "hang", At: 10}))
	a := standing(t, toTargets)
	require.Equal(t, http.StatusOK, ask(t, a, "POST", backupPath, overSSH(target)).Code)
	sshtargettest.Await(t, target, sshtargettest.Kind(sshtarget.KindFault))
	require.NoError(t, a.Close())
}

func TestHostsWithAPort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := standing(t)
		for host, want := range map[string]int{
			"192.0.2.1:2222": 200, "[2001:db8::1]:2222": 200, "2001:db8::1": 200, "localhost:2222": 200, "backup.example.com:22": 200,
			"192.0.2.1:0": 400, "192.0.2.1:99999": 400, "user@192.0.2.1": 400, "192.0.2.1:22:22": 400, "[dummyHost]": 400,
		} {
			w := ask(t, a, "POST", backupPath, swap(remoteJob, "192.0.2.77", host))
			require.Equal(t, want, w.Code, "%s: %s", host, w.Body)
			if want == 400 {
				refused(t, w, 400, mockserver.BadRequest, "hostname", "accepted")
				continue
			}
			synctest.Wait()
			require.Contains(t, settled(t, a, backupPath), `"host":"`+host+`"`)
		}
	})
}
