package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/flowgate-dev/flowgate/conformance"
	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/mockserver"
	"github.com/flowgate-dev/flowgate/mockserver/depot"
)

// The account of the demonstration's appliance.
const demoUser, demoPassword = "admin", "admin"

func (a *app) demo() *cobra.Command {
	var dir string
	var open bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Start an appliance, judge it in full, and leave the reports",
		Long: `Start an appliance and judge it, backups and restores included, in one process and on a free port. It needs no
network and no other program, and leaves report.html, report.json, report.xml (JUnit) and report.md.`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runDemo(cmd.Context(), dir, open) },
	}
	cmd.Flags().StringVar(&dir, "dir", "", "`DIR` for the reports; a new one in the temporary directory if not given")
	cmd.Flags().BoolVar(&open, "open", false, "show report.html in the browser")
	return cmd
}

func (a *app) runDemo(ctx context.Context, dir string, open bool) (err error) {
	if dir, err = demoFolder(dir); err != nil {
		return broken("name another with --dir", "the reports' folder cannot be made: %w", err)
	}
	result, err := a.demonstrate(ctx)
	if err != nil {
		return err
	}
	f := checkFlags{outputs: demoOutputs(dir)}
	if err := a.conclude(&f, result); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "\nreports in %s: report.html, report.json, report.xml, report.md\n", dir)
	if open {
		return a.browse(ctx, filepath.Join(dir, "report.html"))
	}
	return nil
}

func demoFolder(dir string) (string, error) {
	if dir == "" {
		return os.MkdirTemp("", "flowgate-demo-")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // reports are meant to be read
		return "", err
	}
	return filepath.Abs(dir)
}

func demoOutputs(dir string) outputs {
	var o outputs
	o.register(&cobra.Command{})
	names := map[string]string{"html": "report.html", "json": "report.json", "junit": "report.xml", "markdown": "report.md"}
	for i := range o.files {
		if name := names[o.files[i].flag]; name != "" {
			o.files[i].path = filepath.Join(dir, name)
		}
	}
	return o
}

// demonstrate judges an appliance that lives as long as the run. Its jobs are short.
func (a *app) demonstrate(ctx context.Context) (result *conformance.Result, err error) {
	appliance, err := mockserver.New(mockserver.Options{
		JobDuration: 300 * time.Millisecond, Remote: depot.NewSSH(depot.SSHOptions{Loopback: true}).Open,
	})
	if err != nil {
		return nil, broken("", "%w", err)
	}
	defer func() {
		if closed := appliance.Close(); closed != nil && err == nil {
			err = broken("", "%w", closed)
		}
	}()
	at, err := appliance.Start()
	if err != nil {
		return nil, broken("", "%w", err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(at.CA)
	fmt.Fprintf(a.err, "an appliance runs at %s; it is judged now, backups over SSH and restores included\n", at.URL)
	p, b := a.progress(), theBuild()
	defer p.end()
	o := conformance.Options{
		Allow: check.Destroy, Confirm: at.Fingerprint, Profile: check.Full, Seed: 1, Version: b.version, Commit: b.commit, Progress: p.show,
		JobTimeout: 20 * time.Second,
	}
	stop, err := (&watchFlags{listen: "127.0.0.1:0"}).watch(ctx, &o, false)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	result, err = conformance.Run(ctx, conformance.Target{
		URL: at.URL, User: demoUser, Password: demoPassword, TLS: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
	}, o)
	if err != nil {
		return nil, broken("", "%w", err)
	}
	return result, nil
}

// browse shows a page in the browser of this machine.
func (a *app) browse(ctx context.Context, page string) error {
	opener := map[string][]string{"darwin": {"open"}, "windows": {"rundll32", "url.dll,FileProtocolHandler"}}[runtime.GOOS]
	if opener == nil {
		opener = []string{"xdg-open"}
	}
	err := exec.CommandContext(ctx, opener[0], append(opener[1:], page)...).Run() //nolint:gosec // a fixed program and our own file
	if errors.Is(err, exec.ErrNotFound) {
		return broken("open "+page+" in a browser yourself", "%s is not on this machine", opener[0])
	}
	if err != nil {
		return broken("open "+page+" in a browser yourself", "%s: %w", opener[0], err)
	}
	return nil
}
