package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/flowgate-dev/flowgate/flowgen"
	"github.com/flowgate-dev/flowgate/mockserver"
	"github.com/flowgate-dev/flowgate/mockserver/clock"
)

// mockFlags are the flags of flowgate mock.
type mockFlags struct {
	listen, control          string
	clock, readyFile, caFile string
	certFile, keyFile        string
	users, dialect, faults   []string
	collectors               []string
	specs                    []string
	seed                     uint64
	sources                  int
	profile                  string
	plain                    bool
	rate                     float64
	job                      time.Duration
	backups                  backupFlags
	access                   accessFlags
}

func (a *app) mock() *cobra.Command {
	f := &mockFlags{}
	cmd := &cobra.Command{
		Use:   "mock",
		Short: "Run an appliance",
		Long: `Run an appliance that answers every operation of the two documents, over HTTPS, until a signal ends it.

Once it accepts connections it writes one line of JSON that says where it is: url, ca_file, fingerprint, seed.
The default account is admin with password admin, on loopback addresses only.`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runMock(cmd.Context(), f) },
	}
	fl := cmd.Flags()
	fl.StringVar(&f.listen, "listen", "127.0.0.1:8443", "`HOST:PORT` to listen on; port 0 is any free one")
	fl.StringVar(&f.control, "control", "", "`HOST:PORT` of a second listener for the dashboard, the journal, the clock and the dialect; none if not given")
	fl.StringArrayVar(&f.users, "user", nil, "`NAME:PASSWORD` of an account, instead of admin:admin; may be repeated")
	fl.Uint64Var(&f.seed, "seed", 1, "of everything made up: identity and traffic; 1 or more")
	fl.IntVar(&f.sources, "sources", 0, "how many devices export made-up flows; 0 is the generator's default, or none with --collector")
	profileFlag(cmd, &f.profile)
	f.registerCollectors(fl)
	fl.StringArrayVar(&f.dialect, "dialect", nil, "`KEY=VALUE` answers an open question of the documents, FILE many of them; may be repeated")
	fl.StringArrayVar(&f.faults, "fault", nil, "`SPEC` of what goes wrong, such as latency:by=200ms or status:code=503,times=2, or a FILE of them; may be repeated")
	fl.StringVar(&f.clock, "clock", "", "`TIME` (RFC 3339) that the appliance's clock starts at; the machine's time if not given")
	fl.Float64Var(&f.rate, "clock-rate", 1, "how fast that clock runs: 60 makes a minute of a second, 0 stands still")
	fl.DurationVar(&f.job, "job-duration", 2*time.Second, "how long backups and restores take, by the appliance's clock")
	fl.StringVar(&f.certFile, "tls-cert", "", "PEM `FILE` with the certificate, instead of one made at start")
	fl.StringVar(&f.keyFile, "tls-key", "", "PEM `FILE` with its key")
	fl.BoolVar(&f.plain, "plain-http", false, "HTTP instead of HTTPS")
	fl.StringVar(&f.readyFile, "ready-file", "", "`FILE` to write the line of JSON to as well")
	fl.StringVar(&f.caFile, "ca-file", "", "`FILE` to write the certificate to; one in a temporary directory if not given")
	fl.StringArrayVar(&f.specs, "spec", nil, "`FILE` with the OpenAPI document of a further service to serve; may be repeated")
	f.backups.register(cmd)
	f.access.register(cmd)
	return cmd
}

// ready is what a started appliance says of itself.
type ready struct {
	URL         string            `json:"url"`
	Control     string            `json:"control"`
	SSHTarget   string            `json:"ssh_target"`
	Collectors  map[string]string `json:"collectors"`
	CAFile      string            `json:"ca_file"`
	Fingerprint string            `json:"fingerprint"`
	Seed        uint64            `json:"seed"`
}

func (a *app) runMock(ctx context.Context, f *mockFlags) (err error) {
	o, err := f.options()
	if err != nil {
		return err
	}
	o.Logger = slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	appliance, err := mockserver.New(o)
	if err != nil {
		return wrong("", "%w", err)
	}
	if err := f.access.issue(appliance, o); err != nil {
		return err
	}
	users, err := passwords(o)
	if err != nil && f.backups.target != "" {
		return err
	}
	target, stop, err := f.backups.startTarget(ctx, backupAccounts(users))
	if err != nil {
		return err
	}
	// Draining always ends with exit code 0; what had to be cut is told.
	defer a.drained(stop)
	defer a.drained(appliance.Close)
	endpoint, err := appliance.Start()
	if err != nil {
		hint := ""
		if net := (*net.OpError)(nil); errors.As(err, &net) {
			hint = "choose another address; port 0 is any free one"
		}
		return broken(hint, "%w", err)
	}
	r := ready{URL: endpoint.URL, Control: endpoint.Control, SSHTarget: target, Collectors: endpoint.Collectors, Fingerprint: endpoint.Fingerprint, Seed: f.seed}
	remove, err := f.trust(&r, endpoint.CA)
	defer remove()
	if err != nil {
		return err
	}
	if err := a.announce(f.readyFile, r); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// announce writes one line of JSON to standard output, and to a file if one is named, once connections are accepted.
func (a *app) announce(file string, r any) error {
	line, err := json.Marshal(r)
	if err != nil {
		return broken("", "the ready line cannot be written: %w", err)
	}
	line = append(line, '\n')
	write := func(w io.Writer) error {
		_, err := w.Write(line)
		return err
	}
	if file != "" {
		if err := writeFile(file, write); err != nil {
			return broken("", "--ready-file %s: %w", file, err)
		}
	}
	if err := write(a.out); err != nil {
		return broken("", "the ready line cannot be written: %w", err)
	}
	return nil
}

// trust writes the certificate to a file and names it in r. remove takes away what nobody asked for by name.
func (f *mockFlags) trust(r *ready, pem []byte) (remove func(), err error) {
	remove = func() {}
	if len(pem) == 0 {
		return remove, nil
	}
	path := f.caFile
	if path == "" {
		dir, err := os.MkdirTemp("", "flowgate-mock-")
		if err != nil {
			return remove, broken("name a file with --ca-file", "the certificate cannot be written: %w", err)
		}
		remove = func() { _ = os.RemoveAll(dir) } // a leftover in a temporary directory harms nobody
		path = filepath.Join(dir, "ca.pem")
	}
	if path, err = filepath.Abs(path); err != nil {
		return remove, broken("", "--ca-file: %w", err)
	}
	r.CAFile = path
	if err := writeFile(path, func(w io.Writer) error { _, err := w.Write(pem); return err }); err != nil {
		return remove, broken("", "--ca-file %s: %w", path, err)
	}
	return remove, nil
}

// options are the flags as the appliance takes them.
func (f *mockFlags) options() (mockserver.Options, error) {
	o := mockserver.Options{
		Listen: f.listen, Control: f.control, PlainHTTP: f.plain, Seed: f.seed, Sources: f.sources, Profile: f.profile, JobDuration: f.job,
	}
	if err := f.check(); err != nil {
		return o, err
	}
	var err error
	if o.Custom, err = readProfile(f.profile); err != nil {
		return o, err
	}
	if o.Users, err = accounts(f.users); err != nil {
		return o, err
	}
	if err := f.access.set(&o); err != nil {
		return o, err
	}
	if len(o.Users)+len(o.Access.Accounts) == 0 && !loopback(f.listen) {
		return o, wrong("give --user NAME:PASSWORD or --accounts FILE, or listen on 127.0.0.1",
			"the default account admin is for loopback addresses only, and %s is none", f.listen)
	}
	if o.Collectors, err = f.collectorOptions(); err != nil {
		return o, err
	}
	if o.Clock, err = f.time(); err != nil {
		return o, err
	}
	if o.Dialect, err = readDialect(f.dialect); err != nil {
		return o, err
	}
	if o.Siblings, err = readSpecs(f.specs); err != nil {
		return o, err
	}
	if err := f.backups.set(&o); err != nil {
		return o, err
	}
	if o.Faults, err = readFaults(f.faults); err != nil {
		return o, err
	}
	return o, f.certificate(&o)
}

// check refuses numbers and addresses that make no sense.
func (f *mockFlags) check() error {
	for _, at := range [...]struct{ flag, address string }{{"--listen", f.listen}, {"--control", f.control}} {
		if _, _, err := net.SplitHostPort(at.address); err != nil && at.address+at.flag != "--control" {
			return wrong("an address is such as 127.0.0.1:8443 or [::1]:0", "%s is %q (expected HOST:PORT)", at.flag, at.address)
		}
	}
	switch {
	case f.seed == 0:
		return wrong("", "--seed is 0 (expected 1 or more)")
	case f.sources < 0 || f.sources > flowgen.MaxSources:
		return wrong("", "--sources is %d (expected 0 to %d)", f.sources, flowgen.MaxSources)
	case f.job <= 0:
		return wrong("", "--job-duration is %s (expected more than 0)", f.job)
	}
	return nil
}

func (f *mockFlags) certificate(o *mockserver.Options) (err error) {
	if (f.certFile == "") != (f.keyFile == "") {
		return wrong("give both, or neither", "--tls-cert and --tls-key belong together")
	}
	if f.certFile == "" {
		return nil
	}
	if o.TLSCert, err = readFile("--tls-cert", f.certFile); err != nil {
		return err
	}
	o.TLSKey, err = readFile("--tls-key", f.keyFile)
	return err
}

// time is the appliance's clock.
func (f *mockFlags) time() (*clock.Clock, error) {
	system := clock.System()
	if f.clock == "" && f.rate == 1 {
		return system, nil
	}
	at := system.Now()
	if f.clock != "" {
		var err error
		if at, err = time.Parse(time.RFC3339, f.clock); err != nil {
			return nil, wrong("", "--clock is %q (expected a time such as 2026-11-22T08:00:00Z)", f.clock)
		}
	}
	c, err := clock.Starting(at, f.rate)
	if err != nil {
		return nil, wrong("", "--clock-rate: %w", err)
	}
	return c, nil
}

// accounts reads NAME:PASSWORD. Messages tell which account is wrong by its place, never by its value.
func accounts(users []string) (map[string]string, error) {
	out := map[string]string{}
	for i, u := range users {
		name, password, ok := strings.Cut(u, ":")
		if !ok || name == "" || password == "" {
			return nil, wrong("an account is such as operator:a-long-password", "--user, account %d: expected NAME:PASSWORD", i+1)
		}
		if _, twice := out[name]; twice {
			return nil, wrong("", "--user: account %q is there twice", name)
		}
		out[name] = password
	}
	return out, nil
}

func loopback(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}
