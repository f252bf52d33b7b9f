package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flowgate-dev/flowgate/conformance"
	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/observer"
	"github.com/flowgate-dev/flowgate/fixtures/sshtarget"
)

// watchFlags are those flags of flowgate check that let the judge watch backups from the other end.
type watchFlags struct {
	listen, advertise string
}

func (w *watchFlags) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&w.listen, "ssh-listen", "", "`HOST:PORT` for an SSH server that backups of this run go to, and are watched at; needs --allow mutate")
	fl.StringVar(&w.advertise, "ssh-advertise", "", "`HOST[:PORT]` at which the appliance reaches that server, if not --ssh-listen")
}

// check refuses what cannot work.
func (w *watchFlags) check(allow check.Hazard) error {
	const example = "an address is such as 10.0.0.2:22 or [::1]:2222"
	switch {
	case w.listen == "" && w.advertise == "":
		return nil
	case w.listen == "":
		return wrong("give --ssh-listen with the address to listen on", "--ssh-advertise needs --ssh-listen")
	case allow < check.Mutate:
		return wrong("add --allow mutate", "--ssh-listen is for backups, which --allow %s does not start", allow)
	}
	host, port, err := net.SplitHostPort(w.listen)
	if err != nil || !portNumber(port) {
		return wrong(example, "--ssh-listen is %q (expected HOST:PORT)", w.listen)
	}
	if a, err := netip.ParseAddr(host); w.advertise == "" && (host == "" || err == nil && a.IsUnspecified()) {
		return wrong("give --ssh-advertise with the address at which the appliance reaches this machine",
			"--ssh-listen %s is every address of this machine, and the appliance must be told one", w.listen)
	}
	if w.advertise != "" {
		if _, err := w.host("127.0.0.1:1"); err != nil {
			return wrong("such as 10.0.0.2, 10.0.0.2:2222 or backup.lab", "--ssh-advertise is %q (expected HOST or HOST:PORT)", w.advertise)
		}
	}
	return nil
}

func portNumber(text string) bool {
	_, err := strconv.ParseUint(text, 10, 16)
	return err == nil
}

// host is what appliances are told of a server that listens on an address: the port is that of --ssh-advertise, or else
// the server's own.
func (w *watchFlags) host(address string) (string, error) {
	if w.advertise == "" {
		return observer.Posted(address), nil
	}
	if host, port, err := net.SplitHostPort(w.advertise); err == nil {
		if host == "" || !portNumber(port) || port == "0" {
			return "", fmt.Errorf("%q is no address", w.advertise)
		}
		return observer.Posted(w.advertise), nil
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", err
	}
	name := w.advertise
	if len(name) > 1 && name[0] == '[' && name[len(name)-1] == ']' {
		name = name[1 : len(name)-1]
	}
	if _, err := netip.ParseAddr(name); err != nil && (name == "" || strings.ContainsAny(name, ":/@[] \t")) {
		return "", fmt.Errorf("%q is no host", w.advertise)
	}
	return observer.Posted(net.JoinHostPort(name, port)), nil
}

// watch starts the SSH server of a run, with an account for this run alone; stop is never nil. Appliances may be old:
// the server offers the algorithms of their time too, and holds nothing but what this run put there. In a dry run
// nothing listens.
func (w *watchFlags) watch(ctx context.Context, o *conformance.Options, dry bool) (stop func() error, err error) {
	stop = func() error { return nil }
	if w.listen == "" {
		return stop, nil
	}
	var target *sshtarget.Target
	address := w.listen
	if !dry {
		if target, err = sshtarget.New(sshtarget.Options{Addr: w.listen, Legacy: true, Seed: o.Seed, Now: o.Now}); err != nil {
			return stop, broken("", "%w", err)
		}
		if address, err = target.Start(ctx); err != nil {
			_ = target.Close() // nothing runs yet; what matters is why
			return stop, broken("choose another address with --ssh-listen; port 22 needs the right to listen on it", "%w", err)
		}
		stop = target.Close
	}
	host, err := w.host(address)
	if err != nil {
		return stop, wrong("", "--ssh-advertise: %w", err)
	}
	eye, err := observer.New(observer.Options{Target: target, Host: host})
	if err != nil {
		return stop, broken("", "%w", err)
	}
	o.Target = eye
	return stop, nil
}
