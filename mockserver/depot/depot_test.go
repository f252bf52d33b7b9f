package depot_test

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/mockserver/depot"
	"github.com/flowgate-dev/flowgate/mockserver/depot/depottest"
	"github.com/flowgate-dev/flowgate/mockserver/device"
)

func TestMemory(t *testing.T) {
	depottest.Run(t, func(*testing.T) depot.Depot { return depot.NewMemory() })
}

func TestLocal(t *testing.T) {
	depottest.Run(t, func(t *testing.T) depot.Depot { return depot.NewLocal(filepath.Join(t.TempDir(), "made", "later")) })
}

// held is what the backups of these tests hold.
func held() depot.Contents {
	return depot.Contents{
		State: device.Identity(7), Accounts: []string{"admin", "bob"}, Sources: []netip.Addr{netip.MustParseAddr("192.0.2.1")},
		Jobs: []device.Job{{Kind: device.Restore, Host: "h", Path: "/b", Message: "m", Started: started, Status: device.Error}},
	}
}

var started = time.Date(2024, 1, 8, 23, 30, 59, 0, time.UTC)

func saving(password string) depot.Saving {
	return depot.Saving{Dir: "/b", Contents: held(), Password: password, Started: started, Zone: time.UTC, WorkFactor: 2}
}

func TestABackupComesBackWithItsPasswordOnly(t *testing.T) {
	d := depot.NewMemory()
	name, err := depot.Save(t.Context(), d, saving("right"))
	require.NoError(t, err)
	require.Equal(t, "20240108_2330", name)
	got, s, err := depot.Load(t.Context(), d, "/b", "right", depot.ByName)
	require.NoError(t, err)
	require.Equal(t, name, got)
	require.Equal(t, held(), s)
	for _, wrong := range []string{"Right", "", "right "} {
		got, _, err = depot.Load(t.Context(), d, "/b", wrong, depot.ByName)
		require.ErrorIs(t, err, depot.ErrPassword)
		require.Equal(t, name, got)
	}
}

func TestTheVaultIsNotReadableInWhatIsStored(t *testing.T) {
	d := depot.NewMemory()
	name, err := depot.Save(t.Context(), d, saving("right"))
	require.NoError(t, err)
	files, err := d.Get(t.Context(), "/b", name)
	require.NoError(t, err)
	v := device.Identity(7).Vault
	for _, f := range append(files, depot.File{Data: unzipped(t, files)}) {
		for _, secret := range []string{v.CloakKey, v.SNMP, v.NTP, "right"} {
			require.False(t, bytes.Contains(f.Data, []byte(secret)), f.Name)
		}
	}
	require.Contains(t, string(unzipped(t, files)), device.Identity(7).Name, "the rest is")
}

// TestADamagedBackupIsRefused flips each byte of the stored files in turn, in steps.
func TestADamagedBackupIsRefused(t *testing.T) {
	d := depot.NewMemory()
	name, err := depot.Save(t.Context(), d, saving("right"))
	require.NoError(t, err)
	good, err := d.Get(t.Context(), "/b", name)
	require.NoError(t, err)
	for i, f := range good {
		for at := 0; at < len(f.Data); at += 13 {
			bad := []depot.File{{Name: good[0].Name, Data: bytes.Clone(good[0].Data)}, {Name: good[1].Name, Data: bytes.Clone(good[1].Data)}}
			bad[i].Data[at] ^= 0x20
			require.NoError(t, d.Put(t.Context(), "/b", name, bad, true))
			_, s, err := depot.Load(t.Context(), d, "/b", "right", depot.ByName)
			if f.Name == "manifest.json" && err == nil {
				require.Equal(t, held(), s, "a change of white space or of what nobody reads")
				continue
			}
			require.ErrorIs(t, err, depot.ErrDamaged, "%s at %d", f.Name, at)
		}
		require.NoError(t, d.Put(t.Context(), "/b", name, []depot.File{f}, true))
		_, _, err = depot.Load(t.Context(), d, "/b", "right", depot.ByName)
		require.ErrorIs(t, err, depot.ErrDamaged, "%s alone", f.Name)
	}
}

func TestTheNewestBackupCountsByName(t *testing.T) {
	d := depot.NewMemory()
	for _, name := range []string{"20240108_2330", "20240108_2330_10", "20240108_2330_9", "20231231_2359_99", ".hidden"} {
		require.NoError(t, d.Put(t.Context(), "/b", name, nil, false))
	}
	name, _, err := depot.Load(t.Context(), d, "/b", "right", depot.ByName)
	require.Equal(t, "20240108_2330_10", name)
	require.ErrorIs(t, err, depot.ErrDamaged)
	_, _, err = depot.Load(t.Context(), d, "/c", "right", depot.ByName)
	require.ErrorIs(t, err, depot.ErrNone)
}

func TestCollisions(t *testing.T) {
	d := depot.NewMemory()
	s := saving("right")
	save := func(c depot.Collision) (string, error) {
		s.Collision = c
		return depot.Save(t.Context(), d, s)
	}
	for _, want := range []string{"20240108_2330", "20240108_2330_2", "20240108_2330_3"} {
		name, err := save(depot.Suffix)
		require.NoError(t, err)
		require.Equal(t, want, name)
	}
	_, err := save(depot.Refuse)
	require.ErrorIs(t, err, depot.ErrExists)
	s.Contents.State.Name = "another"
	name, err := save(depot.Replace)
	require.NoError(t, err)
	require.Equal(t, "20240108_2330", name)
	n, err := d.Clear(t.Context())
	require.NoError(t, err)
	require.Equal(t, 3, n)
}

func TestLocalTouchesNothingButItsBackups(t *testing.T) {
	root, outside := t.TempDir(), t.TempDir()
	require.NoError(t, os.Symlink(outside, filepath.Join(root, "link")))
	d := depot.NewLocal(root)
	s := saving("right")
	s.Dir = "link"
	_, err := depot.Save(t.Context(), d, s)
	require.Error(t, err)
	s.Dir = "/mnt/backups"
	name, err := depot.Save(t.Context(), d, s)
	require.NoError(t, err)
	require.FileExists(t, filepath.Join(root, "mnt", "backups", name, "manifest.json"))
	precious := filepath.Join(root, "mnt", "backups", "precious.txt")
	require.NoError(t, os.WriteFile(precious, nil, 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(root, "mnt", "backups", ".part-20240108_2330"), 0o700))
	entries, err := d.List(t.Context(), "/mnt/backups")
	require.NoError(t, err)
	require.Len(t, entries, 2, "what is under construction is not listed")
	require.Equal(t, []any{name, true, "precious.txt", false}, []any{entries[0].Name, entries[0].Dir, entries[1].Name, entries[1].Dir})
	n, err := d.Clear(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.FileExists(t, precious)
	empty, err := os.ReadDir(outside)
	require.NoError(t, err)
	require.Empty(t, empty)
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{"/mnt//data/": "/mnt/data", "a/./b": "a/b", "/": "/", "...": "..."} {
		got, err := depot.Clean(in)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, bad := range []string{"", "..", "a/../b", "a\nb", "a\x00", strings.Repeat("a", 1025)} {
		_, err := depot.Clean(bad)
		require.ErrorContains(t, err, "expected")
	}
}
