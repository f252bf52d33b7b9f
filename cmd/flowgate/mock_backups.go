package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	gossh "golang.org/x/crypto/ssh"

	"github.com/flowgate-dev/flowgate/fixtures/sshtarget"
	"github.com/flowgate-dev/flowgate/mockserver"
	"github.com/flowgate-dev/flowgate/mockserver/depot"
)

// backupFlags are those flags of flowgate mock that say where backups go and what is kept.
type backupFlags struct {
	data, target     string
	hostKeys, sshKey string
	hosts            *choice
}

func (b *backupFlags) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&b.data, "data", "", "`DIR` for all that survives a restart: jobs, local backups, known hosts, what collectors counted; made if missing, nothing is kept if not given")
	fl.StringVar(&b.target, "ssh-target", "", "`HOST:PORT` of an SSH server to back up to, with the accounts of --user; none if not given")
	b.hosts = choose(cmd, "backup-hosts", "which hosts backups travel to", "any", "loopback", "none")
	fl.StringVar(&b.hostKeys, "host-keys", "trust", "`trust` keeps the first key that a host shows, any believes every host; else a FILE of known hosts")
	fl.StringVar(&b.sshKey, "ssh-key", "", "`FILE` with a private key to log in to hosts with, before the password is tried")
}

// set fills in where backups go.
func (b *backupFlags) set(o *mockserver.Options) error {
	if _, _, err := net.SplitHostPort(b.target); err != nil && b.target != "" {
		return wrong("an address is such as 127.0.0.1:2222 or [::1]:0", "--ssh-target is %q (expected HOST:PORT)", b.target)
	}
	if len(o.Users)+len(o.Access.Accounts) == 0 && b.target != "" && !loopback(b.target) {
		return wrong("give --user NAME:PASSWORD, or let the target listen on 127.0.0.1",
			"the default account admin is for loopback addresses only, and %s is none", b.target)
	}
	if b.data != "" {
		dir, err := filepath.Abs(b.data)
		if err == nil {
			err = os.MkdirAll(dir, 0o700)
		}
		if err != nil {
			return wrong("", "--data: %w", err)
		}
		o.Data = dir
	}
	s := depot.SSHOptions{Loopback: b.hosts.value == "loopback"}
	switch b.hostKeys {
	case "trust":
		if o.Data != "" {
			s.KnownHosts = filepath.Join(o.Data, "known_hosts")
		}
	case "any":
		s.HostKeys = depot.AnyKey
	default:
		if _, err := os.Stat(b.hostKeys); err != nil {
			return wrong("say trust or any, or name a file such as ssh-keyscan writes", "--host-keys: %w", err)
		}
		s.HostKeys, s.KnownHosts = depot.Known, b.hostKeys
	}
	if b.sshKey != "" {
		text, err := readFile("--ssh-key", b.sshKey)
		if err != nil {
			return err
		}
		key, err := privateKey("--ssh-key", b.sshKey, text)
		if err != nil {
			return err
		}
		s.Signers = []gossh.Signer{key}
	}
	if b.hosts.value != "none" {
		o.Remote = depot.NewSSH(s).Open
	}
	return nil
}

// startTarget starts the SSH server beside the appliance; stop is never nil.
func (b *backupFlags) startTarget(ctx context.Context, users map[string]string) (address string, stop func() error, err error) {
	stop = func() error { return nil }
	if b.target == "" {
		return "", stop, nil
	}
	o := sshtarget.Options{Addr: b.target}
	if b.data != "" {
		o.Root = filepath.Join(b.data, "ssh-target")
		if err := os.MkdirAll(o.Root, 0o700); err != nil {
			return "", stop, broken("", "--data: %w", err)
		}
		if o.HostKey, err = hostKey("--data", filepath.Join(b.data, "ssh_host_key")); err != nil {
			return "", stop, err
		}
	}
	target, err := sshtarget.New(o)
	if err != nil {
		return "", stop, broken("", "%w", err)
	}
	for name, password := range users {
		target.AddUser(name, password)
	}
	if address, err = target.Start(ctx); err != nil {
		err = errors.Join(err, target.Close())
		return "", stop, broken("choose another address with --ssh-target; port 0 is any free one", "%w", err)
	}
	return address, target.Close, nil
}

// backupAccounts are those of the SSH server beside the appliance.
func backupAccounts(users map[string]string) map[string]string {
	if len(users) == 0 {
		return map[string]string{"admin": "admin"}
	}
	return users
}

// drained tells what had to be cut at the end, which is no failure.
func (a *app) drained(closing func() error) {
	if err := closing(); err != nil {
		fmt.Fprintf(a.err, "flowgate: %v\n", err)
	}
}
