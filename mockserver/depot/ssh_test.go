package depot_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"github.com/flowgate-dev/flowgate/fixtures/sshtarget"
	"github.com/flowgate-dev/flowgate/fixtures/sshtarget/sshtargettest"
	"github.com/flowgate-dev/flowgate/mockserver/depot"
	"github.com/flowgate-dev/flowgate/mockserver/depot/depottest"
)

// account is that of every target of sshtargettest.
func account(target *sshtarget.Target) depot.Destination {
	return depot.Destination{Host: target.Addr(), Username: sshtargettest.User, Password: sshtargettest.Password}
}

func open(t *testing.T, s *depot.SSH, to depot.Destination) depot.Depot {
	t.Helper()
	d, closing, err := s.Open(t.Context(), to)
	require.NoError(t, err)
	t.Cleanup(closing)
	return d
}

func local(o depot.SSHOptions) *depot.SSH {
	o.Loopback = true
	return depot.NewSSH(o)
}

func TestSSH(t *testing.T) {
	s := local(depot.SSHOptions{})
	depottest.Run(t, func(t *testing.T) depot.Depot { return open(t, s, account(sshtargettest.Start(t))) })
}

// try saves a backup over SSH and returns what came of it.
func try(t *testing.T, s *depot.SSH, to depot.Destination) error {
	t.Helper()
	d, closing, err := s.Open(t.Context(), to)
	if err != nil {
		return err
	}
	defer closing()
	_, err = depot.Save(t.Context(), d, saving("s3cret-vault"))
	return err
}

// TestEachFailureIsCalledByItsName lets the target fail in every way, and then backs up to it in peace.
func TestEachFailureIsCalledByItsName(t *testing.T) {
	for fault, want := range map[string]error{
		"wrong-password": depot.ErrLogin, "refuse": depot.ErrRefused, "hang": depot.ErrNoAnswer, "hang:at=100": depot.ErrDropped,
		"disk-full:at=100": depot.ErrFull, "read-only": depot.ErrReadOnly, "denied": depot.ErrDenied, "drop:at=100": depot.ErrDropped,
		"host-key": depot.ErrHostKey,
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			target := sshtargettest.Start(t)
			patience := map[string]depot.SSHOptions{"hang": {Handshake: 100 * time.Millisecond}, "hang:at=100": {Stall: 3 * time.Second}}
			s := local(patience[fault])
			if fault == "host-key" {
				_, closing, err := s.Open(t.Context(), account(target))
				require.NoError(t, err)
				closing()
			}
			f, err := sshtarget.ParseFault(fault)
			require.NoError(t, err)
			require.NoError(t, target.SetFault(f))
			err = try(t, s, account(target))
			require.ErrorIs(t, err, want)
			require.NotContains(t, err.Error(), sshtargettest.Password)
			require.NotContains(t, err.Error(), "s3cret")
			target.ClearFaults()
			patient := local(depot.SSHOptions{})
			d := open(t, patient, account(target))
			names, err := d.List(t.Context(), "/b")
			require.NoError(t, err)
			require.Empty(t, names, "a cut transfer is no backup")
			require.NoError(t, try(t, patient, account(target)))
		})
	}
}

func TestHostsThatCannotBeReached(t *testing.T) {
	closed, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	anywhere, here := depot.NewSSH(depot.SSHOptions{}), local(depot.SSHOptions{})
	for _, c := range []struct {
		s    *depot.SSH
		host string
		want error
	}{
		{here, closed.Addr().String(), depot.ErrRefused},
		{anywhere, "192.0.2.1", depot.ErrUnreachable},
		{anywhere, "198.51.100.7:2222", depot.ErrUnreachable},
		{anywhere, "203.0.113.255", depot.ErrUnreachable},
		{anywhere, "[2001:db8::1]:22", depot.ErrUnreachable},
		{anywhere, "::ffff:192.0.2.1", depot.ErrUnreachable},
		{anywhere, "0.0.0.0", depot.ErrUnreachable},
		{anywhere, "nowhere.invalid", depot.ErrUnknownHost},
		{anywhere, "Backup.Example.com", depot.ErrUnknownHost},
		{here, "some-name", depot.ErrUnknownHost},
		{here, "10.0.0.1", depot.ErrUnreachable},
		{here, "169.254.169.254", depot.ErrUnreachable},
	} {
		_, _, err := c.s.Open(t.Context(), depot.Destination{Host: c.host, Username: "u", Password: "s3cret"})
		require.ErrorIs(t, err, c.want, c.host)
		require.ErrorIs(t, err, depot.ErrUnreachable, c.host)
		require.NotContains(t, err.Error(), "s3cret")
	}
}

func TestSplitHost(t *testing.T) {
	for given, want := range map[string][2]string{
		"192.0.2.1": {"192.0.2.1", "22"}, "192.0.2.1:2222": {"192.0.2.1", "2222"}, "::1": {"::1", "22"}, "[::1]": {"::1", "22"},
		"[::1]:8022": {"::1", "8022"}, "dummyHost": {"dummyHost", "22"}, "a.b-c.example:022": {"a.b-c.example", "22"}, "localhost:2222": {"localhost", "2222"},
		"fe80::1%eth0": {"fe80::1%eth0", "22"},
	} {
		host, port, err := depot.SplitHost(given)
		require.NoError(t, err, given)
		require.Equal(t, want, [2]string{host, port}, given)
	}
	for _, bad := range []string{
		"", ":22", "a:0", "a:65536", "a:-1", "a:+1", "a:ssh", "a:", "[::1]:", "[a]:22", "[192.0.2.1]:22", "::1:99999:2222", "a b", "-a", "a_!", "u@h", "http://h",
		strings.Repeat("a", 64), strings.Repeat("a.", 130) + "a",
	} {
		_, _, err := depot.SplitHost(bad)
		require.ErrorContains(t, err, "accepted", bad)
	}
}

// TestTheFirstKeyIsTrustedAndKept holds over a restart: a second SSH with the same file knows the host.
func TestTheFirstKeyIsTrustedAndKept(t *testing.T) {
	file := filepath.Join(t.TempDir(), "made", "known_hosts")
	target := sshtargettest.Start(t)
	require.NoError(t, try(t, local(depot.SSHOptions{KnownHosts: file}), account(target)))
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Contains(t, string(text), "ssh-ed25519")
	require.NoError(t, os.WriteFile(file, []byte(strings.TrimSpace(string(text))), 0o600), "a line that a person left open")

	require.NoError(t, target.SetFault(sshtarget.Fault{Name: "host-key"}))
	again := local(depot.SSHOptions{KnownHosts: file})
	err = try(t, again, account(target))
	require.ErrorIs(t, err, depot.ErrHostKey)
	require.ErrorContains(t, err, target.HostKeyFingerprint())
	target.ClearFaults()
	s := saving("p")
	s.Started = s.Started.Add(time.Hour)
	_, err = depot.Save(t.Context(), open(t, again, account(target)), s)
	require.NoError(t, err)

	other := sshtargettest.Start(t)
	require.NoError(t, try(t, again, account(other)), "a host that is new is trusted beside those that are known")
	strict := local(depot.SSHOptions{KnownHosts: file, HostKeys: depot.Known})
	for _, known := range []*sshtarget.Target{target, other} {
		open(t, strict, account(known))
	}
	_, _, err = strict.Open(t.Context(), account(sshtargettest.Start(t)))
	require.ErrorIs(t, err, depot.ErrHostKey, "where nothing is learnt, a host that is new is refused")
	require.ErrorContains(t, err, "not among the known")
}

func TestAFileOfKnownHostsThatCannotBeReadTrustsNobody(t *testing.T) {
	file := filepath.Join(t.TempDir(), "known_hosts")
	require.NoError(t, os.WriteFile(file, []byte("what is this\n"), 0o600))
	err := try(t, local(depot.SSHOptions{KnownHosts: file}), account(sshtargettest.Start(t)))
	require.ErrorIs(t, err, depot.ErrHostKey)
	require.NotContains(t, err.Error(), file)
	err = try(t, local(depot.SSHOptions{KnownHosts: filepath.Join(t.TempDir(), "none"), HostKeys: depot.Known}), account(sshtargettest.Start(t)))
	require.ErrorIs(t, err, depot.ErrHostKey)
}

func TestARevokedKeyIsNotTrusted(t *testing.T) {
	target := sshtargettest.Start(t)
	file := filepath.Join(t.TempDir(), "known_hosts")
	require.NoError(t, os.WriteFile(file, []byte("@revoked * "+string(ssh.MarshalAuthorizedKey(target.HostKey()))), 0o600))
	err := try(t, local(depot.SSHOptions{KnownHosts: file}), account(target))
	require.ErrorIs(t, err, depot.ErrHostKey)
	require.ErrorContains(t, err, "forbid")
	require.NoError(t, try(t, local(depot.SSHOptions{KnownHosts: file}), account(sshtargettest.Start(t))))
}

// TestAHostIsAskedForTheKeyThatIsKnown has a host with two keys: known is the one that a client would not ask for first.
func TestAHostIsAskedForTheKeyThatIsKnown(t *testing.T) {
	target := sshtargettest.Start(t, sshtarget.Options{Legacy: true})
	rsa := keyOf(t, target.Addr(), ssh.KeyAlgoRSASHA256)
	ed := keyOf(t, target.Addr(), ssh.KeyAlgoED25519)
	for _, key := range []ssh.PublicKey{rsa, ed} {
		file := filepath.Join(t.TempDir(), "known_hosts")
		host, port, err := net.SplitHostPort(target.Addr())
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, []byte("["+host+"]:"+port+" "+string(ssh.MarshalAuthorizedKey(key))), 0o600))
		open(t, local(depot.SSHOptions{KnownHosts: file, HostKeys: depot.Known}), account(target))
	}
}

// keyOf asks a host for its key of one algorithm.
func keyOf(t *testing.T, addr, algorithm string) (key ssh.PublicKey) {
	t.Helper()
	_, err := ssh.Dial("tcp", addr, &ssh.ClientConfig{
		HostKeyAlgorithms: []string{algorithm},
		HostKeyCallback:   func(_ string, _ net.Addr, k ssh.PublicKey) error { key = k; return errors.New("that is all") },
	})
	require.Error(t, err)
	require.NotNil(t, key)
	return key
}

func TestAnyKeyIsASwitch(t *testing.T) {
	target := sshtargettest.Start(t)
	s := local(depot.SSHOptions{HostKeys: depot.AnyKey})
	open(t, s, account(target))
	require.NoError(t, target.SetFault(sshtarget.Fault{Name: "host-key"}))
	open(t, s, account(target))
}

func TestAKeyLogsIn(t *testing.T) {
	target := sshtargettest.Start(t)
	signer := newKey(t)
	require.NoError(t, target.AuthorizeKey("keyed", ssh.MarshalAuthorizedKey(signer.PublicKey())))
	to := account(target)
	to.Username, to.Password = "keyed", "is not asked for"
	open(t, local(depot.SSHOptions{Signers: []ssh.Signer{signer}}), to)
	_, _, err := local(depot.SSHOptions{}).Open(t.Context(), to)
	require.ErrorIs(t, err, depot.ErrLogin)
}

// TestThePasswordIsGivenToHiddenQuestionsOnly has hosts that ask by keyboard-interactive: one as it should be, and one
// that wants the answer shown, which is how a hostile host would read it on a screen.
func TestThePasswordIsGivenToHiddenQuestionsOnly(t *testing.T) {
	for _, c := range []struct {
		shown bool
		want  string
		err   error
	}{{false, "s3cret", depot.ErrProtocol}, {true, "", depot.ErrLogin}} {
		var heard []string
		addr := asking(t, func(ask ssh.KeyboardInteractiveChallenge) error {
			answers, err := ask("", "", []string{"Password: "}, []bool{c.shown})
			heard = answers
			if err == nil && answers[0] != "s3cret" {
				err = errors.New("no")
			}
			return err
		})
		_, _, err := local(depot.SSHOptions{}).Open(t.Context(), depot.Destination{Host: addr, Username: "u", Password: "s3cret"})
		require.ErrorIs(t, err, c.err)
		require.Equal(t, []string{c.want}, heard)
	}
	rounds := 0
	addr := asking(t, func(ask ssh.KeyboardInteractiveChallenge) error {
		for {
			rounds++
			if _, err := ask("", "", []string{"Password: "}, []bool{false}); err != nil {
				return err
			}
		}
	})
	_, _, err := local(depot.SSHOptions{}).Open(t.Context(), depot.Destination{Host: addr, Username: "u", Password: "s3cret"})
	require.Error(t, err)
	require.LessOrEqual(t, rounds, 4)
}

// asking is a host that logs in by keyboard-interactive alone, and offers nothing then.
func asking(t *testing.T, judge func(ssh.KeyboardInteractiveChallenge) error) string {
	t.Helper()
	signer := newKey(t)
	config := &ssh.ServerConfig{KeyboardInteractiveCallback: func(_ ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
		return nil, judge(ask)
	}}
	config.AddHostKey(signer)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		_, channels, requests, err := ssh.NewServerConn(conn, config)
		if err != nil {
			return
		}
		go ssh.DiscardRequests(requests)
		for c := range channels {
			_ = c.Reject(ssh.Prohibited, "s3cret is what I was told")
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-ended })
	return l.Addr().String()
}

// TestACancelledJobLetsGo has a host that keeps silent in the middle of a file; the end of the context ends the work.
func TestACancelledJobLetsGo(t *testing.T) {
	target := sshtargettest.Start(t)
	require.NoError(t, target.SetFault(sshtarget.Fault{Name: "hang", At: 10}))
	ctx, cancel := context.WithCancel(t.Context())
	d, closing, err := local(depot.SSHOptions{}).Open(ctx, account(target))
	require.NoError(t, err)
	defer closing()
	done := make(chan error)
	go func() {
		_, err := depot.Save(ctx, d, saving("p"))
		done <- err
	}()
	sshtargettest.Await(t, target, sshtargettest.Kind(sshtarget.KindFault))
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
}

func TestTheWholeJobHasItsTime(t *testing.T) {
	target := sshtargettest.Start(t)
	require.NoError(t, target.SetFault(sshtarget.Fault{Name: "hang"}))
	err := try(t, local(depot.SSHOptions{Total: 100 * time.Millisecond}), account(target))
	require.ErrorIs(t, err, depot.ErrSlow)
}

func TestRandomNamesNeedRandomness(t *testing.T) {
	target := sshtargettest.Start(t)
	d := open(t, local(depot.SSHOptions{Random: strings.NewReader("")}), account(target))
	require.ErrorIs(t, d.Put(t.Context(), "/b", "x", []depot.File{{Name: "f"}}, false), io.EOF)
}
