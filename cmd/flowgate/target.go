package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"github.com/spf13/cobra"
	gossh "golang.org/x/crypto/ssh"

	"github.com/flowgate-dev/flowgate/fixtures/sshtarget"
)

// targetFlags are the flags of flowgate target.
type targetFlags struct {
	listen, root       string
	users, faults      []string
	passwordFile, keys string
	events, readyFile  string
	hostKey            string
	hostRsync, legacy  bool
	seed               uint64
}

func (a *app) sshTarget() *cobra.Command {
	f := &targetFlags{}
	cmd := &cobra.Command{
		Use:   "target",
		Short: "Run an SSH server that devices back up to",
		Long: `Run an SSH server that devices back up to, by SFTP, scp or shell commands, until a signal ends it. Clients see the
directory --root as / and cannot leave it; no process of this machine is started for them.

Once it accepts connections it writes one line of JSON that says where it is: address, fingerprint, host_key. What
clients do is told as JSON, one event a line, on standard error or in the file of --events.`,
		Example: `  flowgate target --listen 0.0.0.0:2222 --root /srv/backups --user backup --password-file secret.txt
  flowgate target --root /tmp/b --user backup:a-long-password --fault drop:at=64k`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runTarget(cmd.Context(), f) },
	}
	fl := cmd.Flags()
	fl.StringVar(&f.listen, "listen", "127.0.0.1:2222", "`HOST:PORT` to listen on; port 0 is any free one")
	fl.StringVar(&f.root, "root", "", "`DIR` that clients see as /; it must exist")
	fl.StringArrayVar(&f.users, "user", nil, "`NAME:PASSWORD` of an account, or NAME alone with a password from elsewhere or a key; may be repeated")
	fl.StringVar(&f.passwordFile, "password-file", "", "`FILE` with the password, on its first line, of accounts without one; - is standard input")
	fl.StringVar(&f.keys, "authorized-keys", "", "`FILE` of public keys that may log in to every account")
	fl.StringVar(&f.hostKey, "host-key", "", "`FILE` with the private key that the host shows, made if missing; a new key at each start if not given")
	fl.StringArrayVar(&f.faults, "fault", nil, "`SPEC` of what goes wrong, such as drop:at=64k or wrong-password:times=1; may be repeated")
	fl.Uint64Var(&f.seed, "seed", 1, "of what faults leave open, such as which byte is corrupted")
	fl.StringVar(&f.events, "events", "", "`FILE` to add the events to; standard error if not given")
	fl.BoolVar(&f.hostRsync, "host-rsync", false, "let rsync run this machine's rsync, held inside the root")
	fl.BoolVar(&f.legacy, "legacy", false, "also offer the weak algorithms that old appliances need")
	fl.StringVar(&f.readyFile, "ready-file", "", "`FILE` to write the line of JSON to as well")
	return cmd
}

// targetReady is what a started target says of itself.
type targetReady struct {
	Address     string `json:"address"`
	Fingerprint string `json:"fingerprint"` // of the host key, as OpenSSH writes it
	HostKey     string `json:"host_key"`    // algorithm and key, as in a known_hosts file
}

func (a *app) runTarget(ctx context.Context, f *targetFlags) error {
	target, err := a.newTarget(f)
	if err != nil {
		return err
	}
	events, closeEvents, err := a.eventLog(f.events)
	if err != nil {
		return err
	}
	address, err := target.Start(ctx)
	if err != nil {
		_ = closeEvents()  // nothing was written
		_ = target.Close() // nothing runs yet; what matters is why
		return broken("choose another address with --listen; port 0 is any free one", "%w", err)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	told := make(chan error, 1)
	go func() {
		defer stop()
		told <- tell(events, target)
	}()
	err = a.announce(f.readyFile, targetReady{
		Address: address, Fingerprint: target.HostKeyFingerprint(),
		HostKey: hostKeyLine(target),
	})
	if err == nil {
		<-ctx.Done()
	}
	// Draining always ends with exit code 0; what had to be cut is told.
	if drained := target.Close(); drained != nil {
		fmt.Fprintf(a.err, "flowgate: %v\n", drained)
	}
	failed := <-told
	if closed := closeEvents(); failed == nil {
		failed = closed
	}
	if err == nil && failed != nil {
		return broken("", "the events cannot be written: %w", failed)
	}
	return err
}

// tell writes the target's events until it is closed.
func tell(w io.Writer, target *sshtarget.Target) error {
	lines := json.NewEncoder(w)
	for e := range target.Watch(context.Background()) { // Close ends it, with the last event told
		if err := lines.Encode(e); err != nil {
			return err
		}
	}
	return nil
}

// newTarget makes the target that the flags describe; it does not listen yet.
func (a *app) newTarget(f *targetFlags) (*sshtarget.Target, error) {
	if _, _, err := net.SplitHostPort(f.listen); err != nil {
		return nil, wrong("an address is such as 127.0.0.1:2222 or [::1]:0", "--listen is %q (expected HOST:PORT)", f.listen)
	}
	if f.root == "" {
		return nil, wrong("make a directory for the backups, and name it", "--root is missing")
	}
	if info, err := os.Stat(f.root); err != nil {
		return nil, wrong("make the directory first", "--root: %w", err)
	} else if !info.IsDir() {
		return nil, wrong("name the directory that it lies in", "--root %s is no directory", f.root)
	}
	o := sshtarget.Options{Addr: f.listen, Root: f.root, HostRsync: f.hostRsync, Legacy: f.legacy, Seed: f.seed}
	if f.hostKey != "" {
		var err error
		if o.HostKey, err = hostKey("--host-key", f.hostKey); err != nil {
			return nil, err
		}
	}
	target, err := sshtarget.New(o)
	if err != nil {
		return nil, broken("", "%w", err)
	}
	for _, spec := range f.faults {
		fault, err := sshtarget.ParseFault(spec)
		if err == nil {
			err = target.SetFault(fault)
		}
		if err != nil {
			return nil, wrong("", "--fault: %w", err)
		}
	}
	return target, a.admit(f, target)
}

// admit makes the accounts. Messages tell which account is wrong by its place, never by its password.
func (a *app) admit(f *targetFlags, target *sshtarget.Target) error {
	if len(f.users) == 0 {
		return wrong("give --user NAME, and the password in FLOWGATE_PASSWORD or --password-file", "there is no account that a device could log in to")
	}
	shared, err := a.sharedPassword(f)
	if err != nil {
		return err
	}
	keys, err := publicKeys(f.keys)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for i, u := range f.users {
		name, password, own := strings.Cut(u, ":")
		switch {
		case name == "" || own && password == "":
			return wrong("an account is such as backup:a-long-password", "--user, account %d: expected NAME:PASSWORD or NAME", i+1)
		case seen[name]:
			return wrong("", "--user: account %q is there twice", name)
		case !own && shared == "" && len(keys) == 0:
			return wrong("set FLOWGATE_PASSWORD, or name a file with --password-file or --authorized-keys", "account %q has neither password nor key", name)
		case !own:
			password = shared
		}
		seen[name] = true
		target.AddUser(name, password)
		for _, key := range keys {
			if err := target.AuthorizeKey(name, []byte(key)); err != nil {
				return wrong("", "--authorized-keys %s: %w", f.keys, err)
			}
		}
	}
	return nil
}

// sharedPassword is that of accounts which have none of their own; "" is none.
func (a *app) sharedPassword(f *targetFlags) (string, error) {
	if f.passwordFile != "" {
		return a.filedPassword(f.passwordFile)
	}
	password, _ := a.env("FLOWGATE_PASSWORD")
	return password, nil
}

// publicKeys are the lines of an authorized_keys file that hold a key.
func publicKeys(path string) (keys []string, err error) {
	if path == "" {
		return nil, nil
	}
	text, err := readFile("--authorized-keys", path)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			keys = append(keys, line)
		}
	}
	if len(keys) == 0 {
		return nil, wrong("put the contents of the .pub file in it", "--authorized-keys %s holds no key", path)
	}
	return keys, nil
}

// eventLog is where events go: a file that is added to, or standard error.
func (a *app) eventLog(path string) (w io.Writer, closing func() error, err error) {
	if path == "" {
		return a.err, func() error { return nil }, nil
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, nil, broken("", "--events: %w", err)
	}
	return file, file.Close, nil
}

// hostKeyLine is the host's key as a known_hosts file has it, without the name of the host.
func hostKeyLine(target *sshtarget.Target) string {
	return strings.TrimSpace(string(gossh.MarshalAuthorizedKey(target.HostKey())))
}
