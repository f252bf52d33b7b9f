package observer_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pkg/sftp"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/crypto/ssh"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/observer"
	"github.com/flowgate-dev/flowgate/fixtures/sshtarget"
	"github.com/flowgate-dev/flowgate/fixtures/sshtarget/sshtargettest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var _ check.Target = (*observer.Observer)(nil)

func watch(t *testing.T) (*observer.Observer, *sshtarget.Target) {
	t.Helper()
	target := sshtargettest.Start(t)
	v, err := observer.New(observer.Options{Target: target})
	require.NoError(t, err)
	return v, target
}

// dial logs in with the account of the run.
func dial(t *testing.T, v *observer.Observer) (*ssh.Client, error) {
	t.Helper()
	host, user, password := v.Account()
	c, err := ssh.Dial("tcp", host, &ssh.ClientConfig{
		User: user, Auth: []ssh.AuthMethod{ssh.Password(password)}, HostKeyCallback: ssh.InsecureIgnoreHostKey(), //nolint:gosec // a test
	})
	if err == nil {
		t.Cleanup(func() { _ = c.Close() })
	}
	return c, err
}

func TestAJobIsSeenWithItsFilesAndWithoutItsSecrets(t *testing.T) {
	v, _ := watch(t)
	_, user, password := v.Account()
	require.NoError(t, v.Prepare("/b/one"))
	c, err := dial(t, v)
	require.NoError(t, err)
	files, err := sftp.NewClient(c)
	require.NoError(t, err)
	f, err := files.Create("/b/one/job.sh")
	require.NoError(t, err)
	_, err = f.Write([]byte("run -p " + password))
	require.NoError(t, errors.Join(err, f.Close(), files.Close()))
	s, err := c.NewSession()
	require.NoError(t, err)
	require.NoError(t, s.Run("echo vault-of-this-job "+password))
	sight, err := v.Seen("/b/one", map[string]string{"password": password, "security_pwd": "vault-of-this-job"})
	require.NoError(t, err)
	require.Equal(t, user, sight.User)
	require.Len(t, sight.Logins(), 1)
	require.Equal(t, []string{"password", "security_pwd"}, sight.Holds, "both stood in a command")
	require.Len(t, sight.Files, 1)
	require.Equal(t, "/b/one/job.sh", sight.Files[0].Path)
	require.True(t, sight.Files[0].Text)
	require.Equal(t, []string{"password"}, sight.Files[0].Holds)
	text := string(sight.JSON())
	require.NotContains(t, text, password)
	require.NotContains(t, text, "vault-of-this-job")
	read, ok := corpus.ReadSighting([]byte(text))
	require.True(t, ok)
	require.Equal(t, sight, read)
	require.NoError(t, v.Prepare("/b/two"))
	sight, err = v.Seen("/b/two", nil)
	require.NoError(t, err)
	require.Empty(t, sight.Logins(), "what was before does not count")
	require.Empty(t, sight.Files)
}

func TestAFaultHoldsForOneJobAndTheAccountForOneRun(t *testing.T) {
	v, target := watch(t)
	require.NoError(t, v.Prepare("/b", "wrong-password"))
	_, err := dial(t, v)
	require.Error(t, err)
	sight, err := v.Seen("/b", nil)
	require.NoError(t, err)
	require.Equal(t, []string{"wrong-password"}, sight.Faults)
	require.NotEmpty(t, sight.Of("fault"))
	require.NoError(t, v.Prepare("/b"))
	_, err = dial(t, v)
	require.NoError(t, err)
	require.ErrorContains(t, v.Prepare("/b", "explode"), "is not known")
	v.Close()
	require.Empty(t, target.Faults())
	_, err = dial(t, v)
	require.Error(t, err)
}

// packs are ways to pack a text that nobody needs a password for.
func packs(t *testing.T, text string) map[string][]byte {
	t.Helper()
	var zipped, tarred, both bytes.Buffer
	z := zip.NewWriter(&zipped)
	w, err := z.Create("a/config.json")
	require.NoError(t, err)
	_, err = w.Write([]byte(text))
	require.NoError(t, errors.Join(err, z.Close()))
	a := tar.NewWriter(&tarred)
	require.NoError(t, a.WriteHeader(&tar.Header{Name: "config.json", Size: int64(len(text)), Mode: 0o600}))
	_, err = a.Write([]byte(text))
	require.NoError(t, errors.Join(err, a.Close()))
	g := gzip.NewWriter(&both)
	_, err = g.Write(tarred.Bytes())
	require.NoError(t, errors.Join(err, g.Close()))
	return map[string][]byte{"config.json": []byte(text), "c.zip": zipped.Bytes(), "c.tar": tarred.Bytes(), "c.tar.gz": both.Bytes()}
}

func TestWhatAnybodyCanReadIsText(t *testing.T) {
	v, target := watch(t)
	const secret = "s3cret-vault-word"
	noise := make([]byte, 4096)
	_, err := io.ReadFull(rand.Reader, noise)
	require.NoError(t, err)
	write := func(name string, data []byte) corpus.Found {
		require.NoError(t, v.Prepare("/f/"+name))
		require.NoError(t, os.WriteFile(filepath.Join(target.Root(), "f", name, name), data, 0o600))
		s, err := v.Seen("/f/"+name, map[string]string{"security_pwd": secret})
		require.NoError(t, err)
		require.Len(t, s.Files, 1)
		return s.Files[0]
	}
	for name, data := range packs(t, `{"cloak_key": "`+secret+`"}`) {
		f := write(name, data)
		require.True(t, f.Text, name)
		require.Equal(t, []string{"security_pwd"}, f.Holds, name)
	}
	for name, data := range packs(t, base64.StdEncoding.EncodeToString([]byte(secret))) {
		require.Equal(t, []string{"security_pwd"}, write("b"+name, data).Holds, "%s in base64", name)
	}
	for name, data := range packs(t, string(noise)) {
		f := write("n"+name, data)
		require.False(t, f.Text, name)
		require.Empty(t, f.Holds, name)
	}
	require.False(t, write("cut.gz", packs(t, "words")["c.tar.gz"][:20]).Text, "what cannot be unpacked is not called readable")
}

// A device may keep a link to its newest backup, and one that leads nowhere.
func TestLinksAreNoFiles(t *testing.T) {
	v, target := watch(t)
	require.NoError(t, v.Prepare("/l/20260101_0000"))
	dir := filepath.Join(target.Root(), "l")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "20260101_0000", "x"), []byte("payload"), 0o600))
	for name, to := range map[string]string{"latest": "20260101_0000", "gone": "20250101_0000", "away": "/etc"} {
		require.NoError(t, os.Symlink(to, filepath.Join(dir, name)))
	}
	s, err := v.Seen("/l", nil)
	require.NoError(t, err)
	require.Len(t, s.Files, 1)
	require.Equal(t, "/l/20260101_0000/x", s.Files[0].Path)
	require.NoError(t, v.Copy("/l", "/m", time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC), false))
	s, err = v.Seen("/m", nil)
	require.NoError(t, err)
	require.Len(t, s.Files, 1)
}

func TestDecoys(t *testing.T) {
	v, target := watch(t)
	require.NoError(t, v.Prepare("/r/20260101_0000"))
	require.NoError(t, os.WriteFile(filepath.Join(target.Root(), "r", "20260101_0000", "x"), []byte("payload"), 0o600))
	old := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)
	require.NoError(t, v.Copy("/r/20260101_0000", "/r/20010101_0000", old, false))
	require.NoError(t, v.Copy("/r/20260101_0000", "/d/20260101_0000", old, true))
	same, err := os.ReadFile(filepath.Join(target.Root(), "r", "20010101_0000", "x"))
	require.NoError(t, err)
	require.Equal(t, "payload", string(same))
	damaged, err := os.ReadFile(filepath.Join(target.Root(), "d", "20260101_0000", "x"))
	require.NoError(t, err)
	require.Len(t, damaged, len("payload"))
	for i := range damaged {
		require.NotEqual(t, "payload"[i], damaged[i])
	}
	info, err := os.Stat(filepath.Join(target.Root(), "r", "20010101_0000"))
	require.NoError(t, err)
	require.True(t, old.Equal(info.ModTime()))
}

func TestWithoutATargetThereIsAnAccountToShow(t *testing.T) {
	v, err := observer.New(observer.Options{Host: "10.0.0.2"})
	require.NoError(t, err)
	host, user, password := v.Account()
	require.Equal(t, "10.0.0.2", host)
	require.NotEmpty(t, user)
	require.GreaterOrEqual(t, len(password), 20)
	require.ErrorContains(t, v.Prepare("/x"), "no SSH target")
	v.Close()
}
