package mockserver_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/mockserver"
	"github.com/flowgate-dev/flowgate/mockserver/depot"
)

// startedOn is an appliance on a port that keeps what happens in data.
func startedOn(t *testing.T, data string, with ...func(*mockserver.Options)) *mockserver.Appliance {
	t.Helper()
	a := standing(t, append(with, func(o *mockserver.Options) { o.Data = data })...)
	_, err := a.Start()
	require.NoError(t, err)
	return a
}

// copied is the data directory as a kill would leave it at this moment.
func copied(t *testing.T, data string) string {
	t.Helper()
	to := t.TempDir()
	require.NoError(t, os.CopyFS(to, os.DirFS(data)))
	return to
}

// recordCopied is copied without the backups, one of which may be in the making.
func recordCopied(t *testing.T, data string) string {
	t.Helper()
	to := t.TempDir()
	text, err := os.ReadFile(filepath.Join(data, "appliance.json"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(to, "appliance.json"), text, 0o600))
	return to
}

// TestAKillAtAnyMomentLosesNothingThatWasSaid copies the data directory, as a kill would leave it, in the midst of jobs
// and after them, and starts an appliance on each copy.
func TestAKillAtAnyMomentLosesNothingThatWasSaid(t *testing.T) {
	data := filepath.Join(t.TempDir(), "made")
	a := startedOn(t, data)
	require.Equal(t, http.StatusOK, ask(t, a, "POST", backupPath, localJob).Code)
	during := recordCopied(t, data)
	done := settled(t, a, backupPath)
	changed := a.State()
	changed.Name, changed.Vault.SNMP = "renamed", "another"
	a.SetState(changed)
	after := copied(t, data)
	ask(t, a, "POST", restorePath, swap(localJob, "}", `,"no_cert":"false"}`))
	restoring := copied(t, data)
	require.Contains(t, settled(t, a, restorePath), "COMPLETED")
	restored := copied(t, data)

	b := startedOn(t, during)
	interrupted := ask(t, b, "GET", backupPath, "").Body.String()
	require.Contains(t, interrupted, `"status":"ERROR"`)
	require.Contains(t, interrupted, "interrupted")
	ask(t, b, "POST", backupPath, localJob)
	require.Contains(t, settled(t, b, backupPath), "COMPLETED", "a job that is lost blocks no other")

	c := startedOn(t, after, func(o *mockserver.Options) { o.Seed = 9 })
	require.Equal(t, done, ask(t, c, "GET", backupPath, "").Body.String())
	require.Equal(t, changed, c.State(), "what is kept counts, and the seed is for what was never there")
	ask(t, c, "POST", restorePath, swap(localJob, "}", `,"no_cert":"false"}`))
	require.Contains(t, settled(t, c, restorePath), "COMPLETED", "the backup is there")
	require.Equal(t, a.State(), c.State())

	d := startedOn(t, restoring)
	require.Contains(t, ask(t, d, "GET", restorePath, "").Body.String(), `"status":"ERROR"`)
	require.Equal(t, changed, d.State(), "a restore that was cut changes nothing")

	e := startedOn(t, restored)
	require.Contains(t, ask(t, e, "GET", restorePath, "").Body.String(), `"status":"COMPLETED"`)
	require.Equal(t, a.State(), e.State())
	info, err := os.Stat(filepath.Join(data, "appliance.json"))
	require.NoError(t, err)
	require.Zero(t, info.Mode().Perm()&0o077, "the vault is in it")
}

func TestDataThatCannotBeUsedIsTold(t *testing.T) {
	for name, text := range map[string]string{"damaged": "{", "of another version": `{"format":2}`, "of no job": `{"format":1,"jobs":{"backup":{"status":"?"}}}`} {
		data := t.TempDir()
		file := filepath.Join(data, "appliance.json")
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		a := standing(t, func(o *mockserver.Options) { o.Data = data })
		_, err := a.Start()
		require.ErrorContains(t, err, "hint: move it away", name)
		left, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, text, string(left), "nothing is overwritten")
	}
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := standing(t, func(o *mockserver.Options) { o.Data = file }).Start()
	require.ErrorContains(t, err, "data directory")
}

// TestADiskThatFailsStopsNoJob takes the data directory away from under the appliance.
func TestADiskThatFailsStopsNoJob(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	a := startedOn(t, data, func(o *mockserver.Options) { o.Depot, o.JobDuration = depot.NewMemory(), time.Second })
	require.NoError(t, os.RemoveAll(data))
	require.Equal(t, http.StatusOK, ask(t, a, "POST", backupPath, localJob).Code)
	require.Contains(t, settled(t, a, backupPath), "COMPLETED")
}
