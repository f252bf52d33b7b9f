package depot_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/mockserver/depot"
)

// forged is a backup whose manifest is right, around an archive of whatever is asked for.
func forged(t *testing.T, archive []byte) []depot.File {
	t.Helper()
	type digest struct {
		Name   string `json:"name"`
		Size   int    `json:"size"`
		SHA256 string `json:"sha256"`
	}
	sum := sha256.Sum256(archive)
	manifest, err := json.Marshal(map[string]any{"format": 1, "files": []digest{{"state.tar.gz", len(archive), hex.EncodeToString(sum[:])}}})
	require.NoError(t, err)
	return []depot.File{{Name: "manifest.json", Data: manifest}, {Name: "state.tar.gz", Data: archive}}
}

// member is one entry of an archive.
type member struct {
	tar.Header
	data string
}

func packed(t *testing.T, members ...member) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	w := tar.NewWriter(z)
	for _, m := range members {
		m.Size, m.Mode = int64(len(m.data)), 0o600
		require.NoError(t, w.WriteHeader(&m.Header))
		_, err := io.WriteString(w, m.data)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	require.NoError(t, z.Close())
	return out.Bytes()
}

// members are those of a good backup with this vault.
func members(vault string) []member {
	return []member{
		{tar.Header{Name: "config.json"}, "{}"},
		{tar.Header{Name: "accounts.json"}, "[]"},
		{tar.Header{Name: "sources.json"}, "[]"},
		{tar.Header{Name: "jobs.json"}, "[]"},
		{tar.Header{Name: "vault.age"}, vault},
	}
}

func locked(t *testing.T, text, password string, workFactor int) string {
	t.Helper()
	to, err := age.NewScryptRecipient(password)
	require.NoError(t, err)
	to.SetWorkFactor(workFactor)
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to)
	require.NoError(t, err)
	_, err = io.WriteString(w, text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.String()
}

// TestArchivesThatAreTricksAreRefused has archives with a right manifest, as whoever can write to the place can make
// them. Unpacking writes no file, so that what would lead astray elsewhere can only be refused.
func TestArchivesThatAreTricksAreRefused(t *testing.T) {
	vault := locked(t, "{}", "right", 2)
	good := members(vault)
	with := func(more ...member) []byte { return packed(t, append(members(vault), more...)...) }
	bomb := packed(t, append(members(vault)[1:], member{tar.Header{Name: "config.json"}, strings.Repeat(" ", depot.MaxFile)})...)
	require.Less(t, len(bomb), depot.MaxFile/100)
	costly := strings.Replace(locked(t, "{}", "right", 2), " 2\n", " 19\n", 1)
	for name, c := range map[string]struct {
		archive []byte
		want    string
	}{
		"absolute":       {with(member{tar.Header{Name: "/etc/passwd"}, "x"}), "no part of a backup"},
		"upwards":        {with(member{tar.Header{Name: "../../config.json"}, "x"}), "no part of a backup"},
		"windows":        {with(member{tar.Header{Name: `..\config.json`}, "x"}), "no part of a backup"},
		"symlink":        {packed(t, append(good[1:], member{tar.Header{Name: "config.json", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}, ""})...), "no part of a backup"},
		"hard link":      {packed(t, append(good[1:], member{tar.Header{Name: "config.json", Typeflag: tar.TypeLink, Linkname: "vault.age"}, ""})...), "no part of a backup"},
		"device":         {with(member{tar.Header{Name: "sda", Typeflag: tar.TypeBlock}, ""}), "no part of a backup"},
		"directory":      {with(member{tar.Header{Name: "config.json/", Typeflag: tar.TypeDir}, ""}), "no part of a backup"},
		"twice":          {with(good[0]), "twice"},
		"bomb":           {bomb, "larger than"},
		"bomb of zeros":  {zeros(t), "larger than"},
		"no gzip":        {[]byte("x"), "cannot be read"},
		"cut":            {with()[:len(with())-10], "cannot be read"},
		"part missing":   {packed(t, good[1:]...), "config.json is missing"},
		"no vault":       {packed(t, good[:4]...), "vault.age cannot be read"},
		"vault of none":  {packed(t, members("hello")...), "vault.age cannot be read"},
		"vault cut":      {packed(t, members(vault[:len(vault)-1])...), "vault.age cannot be read"},
		"vault no json":  {packed(t, members(locked(t, "hello", "right", 2))...), "vault.age cannot be read"},
		"costly scrypt":  {packed(t, members(costly)...), "vault.age cannot be read"},
		"jobs no list":   {packed(t, append(append([]member{}, good[:3]...), member{tar.Header{Name: "jobs.json"}, "{}"}, good[4])...), "jobs.json is missing or cannot be read"},
		"empty":          {packed(t), "config.json is missing"},
		"nothing at all": {nil, "cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			d := depot.NewMemory()
			require.NoError(t, d.Put(t.Context(), "/b", "20240108_2330", forged(t, c.archive), false))
			_, got, err := depot.Load(t.Context(), d, "/b", "right", depot.ByName)
			require.ErrorIs(t, err, depot.ErrDamaged)
			require.ErrorContains(t, err, c.want)
			require.Empty(t, got.State.Vault)
		})
	}
	d := depot.NewMemory()
	require.NoError(t, d.Put(t.Context(), "/b", "20240108_2330", forged(t, with()), false))
	_, _, err := depot.Load(t.Context(), d, "/b", "right", depot.ByName)
	require.NoError(t, err, "the forgery itself is a good backup")
}

// zeros is gzip of far more zeros than a backup may have.
func zeros(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	for range 20 {
		_, err := z.Write(make([]byte, 1<<20))
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return out.Bytes()
}

func TestWhatIsNoBackupIsToldAndNotPassedOver(t *testing.T) {
	good, err := files(t)
	require.NoError(t, err)
	for stray, want := range map[string]string{
		"zz": `"zz" lies below /b`, "99999999": `"99999999"`, "20250101_0000x": `"20250101_0000x"`, "20240108_2330_0": `"20240108_2330_0"`,
	} {
		d := depot.NewMemory()
		require.NoError(t, d.Put(t.Context(), "/b", "20240108_2330", good, false))
		require.NoError(t, d.Put(t.Context(), "/b", stray, nil, false))
		_, _, err := depot.Load(t.Context(), d, "/b", "right", depot.ByName)
		require.ErrorIs(t, err, depot.ErrForeign)
		require.ErrorContains(t, err, want)
	}
	d := depot.NewMemory()
	require.NoError(t, d.Put(t.Context(), "/b", "20240108_2330", append(good, depot.File{Name: "notes.txt"}), false))
	_, _, err = depot.Load(t.Context(), d, "/b", "right", depot.ByName)
	require.ErrorIs(t, err, depot.ErrForeign)
	require.ErrorContains(t, err, `"notes.txt" lies in the backup`)
}

func TestAStrayFileOrDirectoryOnDisk(t *testing.T) {
	root := t.TempDir()
	d := depot.NewLocal(root)
	s := saving("right")
	name, err := depot.Save(t.Context(), d, s)
	require.NoError(t, err)
	inside := filepath.Join(root, "b", name, "sub")
	require.NoError(t, os.Mkdir(inside, 0o700))
	_, _, err = depot.Load(t.Context(), d, "/b", "right", depot.ByName)
	require.ErrorIs(t, err, depot.ErrForeign)
	require.ErrorContains(t, err, `"sub" lies in the backup`)
	require.NoError(t, os.Remove(inside))
	stray := filepath.Join(root, "b", "20250101_0000")
	require.NoError(t, os.WriteFile(stray, nil, 0o600))
	_, _, err = depot.Load(t.Context(), d, "/b", "right", depot.ByName)
	require.ErrorContains(t, err, `"20250101_0000" lies below`, "a file with the name of a backup is none")
	require.NoError(t, os.Remove(stray))
	require.NoError(t, os.WriteFile(filepath.Join(root, "b", ".DS_Store"), nil, 0o600))
	_, _, err = depot.Load(t.Context(), d, "/b", "right", depot.ByName)
	require.NoError(t, err)
}

func files(t *testing.T) ([]depot.File, error) {
	t.Helper()
	d := depot.NewMemory()
	name, err := depot.Save(t.Context(), d, saving("right"))
	require.NoError(t, err)
	return d.Get(t.Context(), "/b", name)
}

func TestTheNewestIsByNameOrByTime(t *testing.T) {
	d := depot.NewMemory()
	for _, name := range []string{"20240108_2330", "20250101_0000", "20230101_0000_2", "20230101_0000_10", "20230101_0000"} {
		require.NoError(t, d.Put(t.Context(), "/b", name, nil, false))
	}
	name, _, _ := depot.Load(t.Context(), d, "/b", "", depot.ByName)
	require.Equal(t, "20250101_0000", name)
	name, _, _ = depot.Load(t.Context(), d, "/b", "", depot.ByTime)
	require.Equal(t, "20230101_0000", name)
}

// TestAReplacementThatWasCutOffLosesNothing leaves the disk as a kill between the two renames does.
func TestAReplacementThatWasCutOffLosesNothing(t *testing.T) {
	root := t.TempDir()
	d := depot.NewLocal(root)
	name, err := depot.Save(t.Context(), d, saving("right"))
	require.NoError(t, err)
	require.NoError(t, os.Rename(filepath.Join(root, "b", name), filepath.Join(root, "b", ".part-old-"+name)))
	got, _, err := depot.Load(t.Context(), depot.NewLocal(root), "/b", "right", depot.ByName)
	require.NoError(t, err)
	require.Equal(t, name, got)
}

func TestWorkFactorsHaveBounds(t *testing.T) {
	for _, n := range []int{-1, depot.MaxWorkFactor + 1} {
		s := saving("right")
		s.WorkFactor = n
		_, err := depot.Save(t.Context(), depot.NewMemory(), s)
		require.ErrorContains(t, err, "expected 1 to "+strconv.Itoa(depot.MaxWorkFactor))
	}
}
