package depot_test

import (
	"archive/tar"
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
	"golang.org/x/sys/unix"

	"github.com/flowgate-dev/flowgate/fixtures/sshtarget/sshtargettest"
	"github.com/flowgate-dev/flowgate/mockserver/depot"
)

// need finds an outside program. Where the project is judged, all are there.
func need(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err == nil {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is missing (hint: install the Debian package that has it)", program)
	}
	t.Skipf("%s is not installed here", program)
	return ""
}

// The account of startSshd, in a shadow file that only that sshd sees.
const (
	sshdPassword = "a test's own password"
	sshdShadow   = "root:$6$flowgatetest$KBMUdHqWpxnIes0jLcZ1jPgcc/T/wdGbYNs7byTMiR/rykqtp71i/XVoWoKmBQvKJsDJWlaAWSbTAm/brv6nK/:19000:0:99999:7:::\n"
)

// sshd is OpenSSH's server on a loopback port, in a mount namespace of its own: there, and only there, root has the
// password above, and dir holds a disk that is full and one that is read-only.
type sshd struct {
	addr, dir string
	host      ssh.PublicKey
	user      ssh.Signer
}

func startSshd(t *testing.T) sshd {
	t.Helper()
	program := "/usr/sbin/sshd"
	if _, err := os.Stat(program); err != nil {
		program = need(t, "sshd")
	}
	unshare := need(t, "unshare")
	if os.Geteuid() != 0 {
		t.Skip("an sshd that admits by password has to be started by root")
	}
	if exec.CommandContext(t.Context(), unshare, "--mount", "--propagation", "private", "true").Run() != nil {
		t.Skip("this machine makes no mount namespaces")
	}
	require.NoError(t, os.MkdirAll("/run/sshd", 0o755))
	s := sshd{dir: t.TempDir(), user: newKey(t)}
	in := func(name string) string { return filepath.Join(s.dir, name) }
	write := func(name, text string) string {
		require.NoError(t, os.WriteFile(in(name), []byte(text), 0o600))
		return in(name)
	}
	hostKey, host := keyFile(t)
	s.host = host.PublicKey()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.addr = l.Addr().String()
	require.NoError(t, l.Close())
	config := write("sshd_config", strings.Join([]string{
		"ListenAddress " + s.addr, "HostKey " + write("host_key", hostKey), "AuthorizedKeysFile " + write("authorized", string(ssh.MarshalAuthorizedKey(s.user.PublicKey()))),
		"PidFile none", "StrictModes no", "UsePAM no", "PermitRootLogin yes", "PasswordAuthentication yes", "Subsystem sftp internal-sftp", "",
	}, "\n"))
	for _, disk := range []string{"full", "read-only"} {
		require.NoError(t, os.Mkdir(in(disk), 0o755))
	}
	c := exec.CommandContext(t.Context(), unshare, "--mount", "--propagation", "private", "sh", "-ec",
		`mount --bind "$1" /etc/shadow; mount -t tmpfs -o size=4k none "$2"; mount -t tmpfs -o ro none "$3"; exec "$4" -D -e -f "$5"`,
		"sh", write("shadow", sshdShadow), in("full"), in("read-only"), program, config)
	said, err := c.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	lines := bufio.NewScanner(said)
	for lines.Scan() && !strings.Contains(lines.Text(), "Server listening") {
	}
	require.Contains(t, lines.Text(), "Server listening")
	read := make(chan struct{})
	go func() { defer close(read); _, _ = io.Copy(io.Discard, said) }()
	t.Cleanup(func() { _ = c.Process.Kill(); <-read })
	return s
}

// TestBackupsToOpenSSH is the whole of it against OpenSSH's sshd: password and key, a pinned host key, a backup and its
// restore, and what goes wrong by the names that the protocol has no words for.
func TestBackupsToOpenSSH(t *testing.T) {
	s := startSshd(t)
	to := depot.Destination{Host: s.addr, Username: "root", Password: sshdPassword}
	file := filepath.Join(t.TempDir(), "known_hosts")
	require.NoError(t, os.WriteFile(file, []byte(knownhosts.Line([]string{s.addr}, s.host)+"\n"), 0o600))
	roundTrip := func(t *testing.T, ssh *depot.SSH, to depot.Destination, dir string) {
		t.Helper()
		d := open(t, ssh, to)
		b := saving("right")
		b.Dir = filepath.Join(s.dir, "backups", dir)
		for _, want := range []string{"20240108_2330", "20240108_2330_2"} {
			name, err := depot.Save(t.Context(), d, b)
			require.NoError(t, err)
			require.Equal(t, want, name)
			require.FileExists(t, filepath.Join(b.Dir, name, "manifest.json"))
		}
		b.Collision = depot.Replace
		_, err := depot.Save(t.Context(), d, b)
		require.NoError(t, err)
		name, got, err := depot.Load(t.Context(), d, b.Dir, "right", depot.ByTime)
		require.NoError(t, err)
		require.Contains(t, name, "20240108_2330")
		require.Equal(t, held(), got)
		left, err := os.ReadDir(b.Dir)
		require.NoError(t, err)
		require.Len(t, left, 2, "nothing temporary stays")
	}
	t.Run("password", func(t *testing.T) {
		roundTrip(t, local(depot.SSHOptions{HostKeys: depot.Known, KnownHosts: file}), to, "password")
	})
	t.Run("key", func(t *testing.T) {
		keyed := depot.Destination{Host: s.addr, Username: "root", Password: "not it"}
		roundTrip(t, local(depot.SSHOptions{Signers: []ssh.Signer{s.user}}), keyed, "key")
	})
	t.Run("wrong password", func(t *testing.T) {
		wrong := to
		wrong.Password = "wrong-canary"
		err := try(t, local(depot.SSHOptions{}), wrong)
		require.ErrorIs(t, err, depot.ErrLogin)
		require.NotContains(t, err.Error(), "canary")
	})
	t.Run("host key changed", func(t *testing.T) {
		other := filepath.Join(t.TempDir(), "known_hosts")
		require.NoError(t, os.WriteFile(other, []byte(knownhosts.Line([]string{s.addr}, newKey(t).PublicKey())+"\n"), 0o600))
		require.ErrorIs(t, try(t, local(depot.SSHOptions{KnownHosts: other}), to), depot.ErrHostKey)
	})
	for disk, want := range map[string]error{"full": depot.ErrFull, "read-only": depot.ErrReadOnly} {
		t.Run(disk, func(t *testing.T) {
			b := saving("right")
			b.Dir = filepath.Join(s.dir, disk, "b")
			_, err := depot.Save(t.Context(), open(t, local(depot.SSHOptions{}), to), b)
			require.ErrorIs(t, err, want)
			require.ErrorContains(t, err, b.Dir)
		})
	}
	t.Run("a file in the way", func(t *testing.T) {
		b := saving("right")
		b.Dir = filepath.Join(s.dir, "sshd_config")
		_, err := depot.Save(t.Context(), open(t, local(depot.SSHOptions{}), to), b)
		require.ErrorIs(t, err, depot.ErrStorage)
		require.ErrorContains(t, err, "a file is where a directory has to be")
	})
}

// TestAgeDecryptsTheVault has age itself, which asks for the password on a terminal.
func TestAgeDecryptsTheVault(t *testing.T) {
	age := need(t, "age")
	stored, err := files(t)
	require.NoError(t, err)
	vault := filepath.Join(t.TempDir(), "vault.age")
	require.NoError(t, os.WriteFile(vault, part(t, stored, "vault.age"), 0o600))
	v := held().State.Vault
	out, err := onTerminal(t, "right\n", age, "--decrypt", vault)
	require.NoError(t, err, out)
	require.JSONEq(t, fmt.Sprintf(`{"cloak_key":%q,"snmp":%q,"ntp":%q}`, v.CloakKey, v.SNMP, v.NTP), out)
	_, err = onTerminal(t, "wrong\n", age, "--decrypt", vault)
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
}

// part is one file of the archive of a backup.
func part(t *testing.T, stored []depot.File, name string) []byte {
	t.Helper()
	for r := tar.NewReader(bytes.NewReader(unzipped(t, stored))); ; {
		head, err := r.Next()
		require.NoError(t, err)
		if head.Name == name {
			data, err := io.ReadAll(r)
			require.NoError(t, err)
			return data
		}
	}
}

// onTerminal runs a program with a terminal of its own, on which it is answered once it asks, and returns what it
// writes to its output, which is no terminal.
func onTerminal(t *testing.T, answer, program string, args ...string) (string, error) {
	t.Helper()
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	require.NoError(t, err)
	defer terminal.Close()
	require.NoError(t, unix.IoctlSetPointerInt(int(terminal.Fd()), unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(int(terminal.Fd()), unix.TIOCGPTN)
	require.NoError(t, err)
	other, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	c := exec.CommandContext(t.Context(), program, args...)
	var out bytes.Buffer
	c.Stdin, c.Stdout = other, &out
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	require.NoError(t, c.Start())
	require.NoError(t, other.Close())
	asked := make([]byte, 256)
	_, err = terminal.Read(asked)
	require.NoError(t, err)
	_, err = io.WriteString(terminal, answer)
	require.NoError(t, err)
	read := make(chan struct{})
	go func() { defer close(read); _, _ = io.Copy(io.Discard, terminal) }() // ends with the program
	err = c.Wait()
	<-read
	return out.String(), err
}

// TestAnAbortLeavesNoBackupBehind kills the connection after each of many bytes: whatever there is afterwards, no
// backup is listed that is not whole, and the next one works.
func TestAnAbortLeavesNoBackupBehind(t *testing.T) {
	s := startSshd(t)
	to := depot.Destination{Username: "root", Password: sshdPassword}
	trusting := local(depot.SSHOptions{HostKeys: depot.AnyKey})
	dir := filepath.Join(s.dir, "cut")
	b := saving("right")
	b.Dir = dir
	cut, whole := 0, 0 // backups
	for budget := int64(0); budget < 9000; budget += 450 {
		to.Host = sshtargettest.CutAfter(t, s.addr, budget)
		b.Started = b.Started.Add(time.Minute)
		d, closing, err := trusting.Open(t.Context(), to)
		if err != nil {
			continue
		}
		name, err := depot.Save(t.Context(), d, b)
		closing()
		entries, listed := depot.NewLocal(dir).List(t.Context(), "/")
		require.NoError(t, listed)
		for _, e := range entries {
			files, err := depot.NewLocal(dir).Get(t.Context(), "/", e.Name)
			require.NoError(t, err)
			require.Len(t, files, 2, "%s after %d bytes", e.Name, budget)
		}
		if err != nil {
			cut++
			continue
		}
		whole++
		require.Equal(t, name, entries[len(entries)-1].Name)
	}
	require.Positive(t, cut, "backups were cut in their midst")
	require.Positive(t, whole, "the largest budgets let one through")
	to.Host = s.addr
	_, err := depot.Save(t.Context(), open(t, trusting, to), b)
	require.NoError(t, err)
	_, got, err := depot.Load(t.Context(), depot.NewLocal(dir), "/", "right", depot.ByName)
	require.NoError(t, err)
	require.Equal(t, held(), got)
}
