package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/flowgate-dev/flowgate/conformance"
	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
	"github.com/flowgate-dev/flowgate/conformance/report"
	"github.com/flowgate-dev/flowgate/conformance/verdict"
)

// checkFlags are the flags of flowgate check.
type checkFlags struct {
	user, passwordFile  string
	auth                authFlags
	ssh                 watchFlags
	allow, profile      *choice
	ca, fingerprint     string
	insecure            bool
	confirm             string
	waivers, baseline   string
	run, skip           []string
	specs               []string
	seed                uint64
	rate                float64
	timeout, jobTimeout time.Duration
	from, replay        string
	strict, dry, list   bool
	verbose             bool
	flows               flowFlags
	outputs             outputs
}

func (a *app) check() *cobra.Command {
	f := &checkFlags{}
	cmd := &cobra.Command{
		Use:   "check URL",
		Short: "Judge an appliance",
		Long: `Judge the appliance at URL by the documents of its API, and say what it does not keep, with the exchange that
shows it.

Nothing that could change the appliance is sent unless --allow says so. The password comes from FLOWGATE_PASSWORD, from
--password-file or from a prompt.`,
		Example: `  flowgate check https://10.0.0.1 --user admin --fingerprint sha256:… --json report.json
  flowgate check --from recording/`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return arguments("URL")(cmd, args)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.runCheck(cmd.Context(), f, strings.Join(args, ""), cmd.Flags().Changed("seed"))
		},
	}
	f.account(cmd)
	f.scope(cmd)
	f.flows.register(cmd)
	f.ssh.register(cmd)
	f.outputs.register(cmd)
	return cmd
}

func (f *checkFlags) account(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.user, "user", "", "`NAME` of the account to judge with; none is guessed")
	fl.StringVar(&f.passwordFile, "password-file", "", "`FILE` with the password on its first line; - is standard input")
	f.auth.register(cmd)
	fl.StringVar(&f.ca, "ca", "", "PEM `FILE` with the authority to trust")
	fl.StringVar(&f.fingerprint, "fingerprint", "", "`sha256:…` of the appliance's certificate, which is then trusted and no other")
	fl.BoolVar(&f.insecure, "insecure", false, "accept any certificate")
	fl.Float64Var(&f.rate, "rate", 0, "requests per second at most; 0 is as fast as the appliance answers")
	fl.DurationVar(&f.timeout, "timeout", 30*time.Second, "for one request")
	fl.DurationVar(&f.jobTimeout, "job-timeout", 2*time.Minute, "how long a backup or restore is followed")
	fl.Uint64Var(&f.seed, "seed", 1, "of what the suite makes up")
}

func (f *checkFlags) scope(cmd *cobra.Command) {
	fl := cmd.Flags()
	f.allow = choose(cmd, "allow", "what may be sent; mutate starts backups, destroy also restores", "observe", "mutate", "destroy")
	fl.StringVar(&f.confirm, "confirm", "", "`SERIAL` number or certificate fingerprint of the appliance, which --allow destroy needs")
	fl.StringArrayVar(&f.run, "run", nil, "`GLOB` of the checks to run, such as 'backup/**'; may be repeated")
	fl.StringArrayVar(&f.skip, "skip", nil, "`GLOB` of checks not to run; may be repeated")
	fl.StringArrayVar(&f.specs, "spec", nil, "`FILE` with the OpenAPI document of a further service to judge as well; may be repeated")
	f.profile = chooseFrom(cmd, "profile", "how much to run", "standard", "quick", "standard", "full")
	fl.StringVar(&f.waivers, "waivers", "", "YAML `FILE` of requirements that are knowingly not met")
	fl.StringVar(&f.baseline, "baseline", "", "JSON report `FILE` of an earlier run, whose failures are known; new ones fail, and mended ones ask for a new baseline")
	fl.StringVar(&f.from, "from", "", "`HAR` file or folder of --record to judge, and send nothing; with --replay a JSON report")
	fl.StringVar(&f.replay, "replay", "", "`CHECK-ID` of the report --from to repeat, and say whether its verdict still holds")
	fl.BoolVar(&f.strict, "strict", false, "exit with 1 on a warning too")
	fl.BoolVar(&f.dry, "dry-run", false, "print each request as curl, with its hazard, and send nothing")
	fl.BoolVar(&f.list, "list", false, "list the checks that would run, and send nothing")
	fl.BoolVar(&f.verbose, "verbose", false, "show whole exchanges, and the checks that passed")
}

// runCheck chooses what to do with the checks: list them, show their requests, judge a recording, repeat one, run.
func (a *app) runCheck(ctx context.Context, f *checkFlags, address string, seeded bool) error {
	o, err := f.options()
	if err != nil {
		return err
	}
	if err := f.outputs.check(); err != nil {
		return err
	}
	if err := f.flows.set(ctx, &o); err != nil {
		return err
	}
	if err := f.ssh.check(o.Allow); err != nil {
		return err
	}
	switch {
	case f.list && (f.dry || f.from != "") || f.dry && f.from != "":
		return wrong("give one of them", "--list, --dry-run and --from exclude each other")
	case f.replay != "" && f.from == "":
		return wrong("--from REPORT.json names the report that --json wrote", "--replay needs --from")
	case f.from != "" && f.replay == "" && f.ssh.listen != "":
		return wrong("leave it out", "--from judges a recording, in which --ssh-listen has no part")
	case f.list:
		if _, err := f.ssh.watch(ctx, &o, true); err != nil {
			return err
		}
		return a.listChecks(o)
	case f.replay != "":
		return a.replayCheck(ctx, f, o, address, seeded)
	case f.from != "" && address != "":
		return wrong("leave out one of them", "--from judges a recording and sends nothing, so that %s would not be asked", printable(address))
	case f.from != "" && len(f.flows.to) > 0:
		return wrong("leave out one of them", "--from judges a recording and sends nothing, and --flows names where to send flows")
	case f.from != "":
		return a.judgeRecording(f, o)
	}
	target, err := a.appliance(f, address)
	if err != nil {
		return err
	}
	if f.dry {
		if err := a.credentials(f, &target, true); err != nil {
			return err
		}
		if _, err := f.ssh.watch(ctx, &o, true); err != nil {
			return err
		}
		return a.dryRun(ctx, target, o)
	}
	result, err := a.judge(ctx, f, target, o)
	if err != nil {
		return err
	}
	return a.conclude(f, result)
}

// judge runs the suite against a device.
func (a *app) judge(ctx context.Context, f *checkFlags, target conformance.Target, o conformance.Options) (*conformance.Result, error) {
	if o.Allow == check.Destroy && o.Confirm == "" {
		return nil, wrong("give --confirm with the serial number of the appliance; it stands in every report as target.serial",
			"--allow destroy starts restores, which overwrite the appliance")
	}
	var err error
	if err = a.credentials(f, &target, false); err != nil {
		return nil, err
	}
	if err := a.announceFlows(&o); err != nil {
		return nil, err
	}
	stop, err := f.ssh.watch(ctx, &o, false)
	defer a.drained(stop)
	if err != nil {
		return nil, err
	}
	p := a.progress()
	o.Progress = p.show
	result, err := conformance.Run(ctx, target, o)
	p.end()
	switch {
	case errors.Is(err, conformance.ErrOptions):
		return nil, wrong("", "%w", err)
	case err != nil:
		return nil, broken("what was recorded so far is lost; run it again", "%w", err)
	}
	return result, nil
}

// options are the flags as the suite takes them.
func (f *checkFlags) options() (conformance.Options, error) {
	b := theBuild()
	o := conformance.Options{
		Confirm: f.confirm, Run: f.run, Skip: f.skip, Seed: f.seed, Timeout: f.timeout, JobTimeout: f.jobTimeout, Rate: f.rate,
		Version: b.version, Commit: b.commit,
	}
	var err error
	if o.Allow, err = check.ParseHazard(f.allow.value); err != nil {
		return o, wrong("", "--allow: %w", err)
	}
	if o.Profile, err = check.ParseProfile(f.profile.value); err != nil {
		return o, wrong("", "--profile: %w", err)
	}
	switch {
	case !(f.rate >= 0 && f.rate < 1e9):
		return o, wrong("", "--rate is %v (expected requests per second, 0 or more)", f.rate)
	case f.timeout <= 0:
		return o, wrong("", "--timeout is %s (expected more than 0)", f.timeout)
	case f.jobTimeout <= 0:
		return o, wrong("", "--job-timeout is %s (expected more than 0)", f.jobTimeout)
	}
	for _, g := range []struct {
		flag  string
		globs []string
	}{{"--run", f.run}, {"--skip", f.skip}} {
		for _, glob := range g.globs {
			if err := verdict.ValidGlob(glob); err != nil {
				return o, wrong("flowgate check --list lists the checks", "%s: %w", g.flag, err)
			}
		}
	}
	if f.waivers != "" {
		text, err := readFile("--waivers", f.waivers)
		if err != nil {
			return o, err
		}
		if o.Waivers, err = verdict.ParseWaivers(text); err != nil {
			return o, wrong("an entry is such as {check: backup/start/status, reason: known since 9.1, expires: 2027-01-31}", "--waivers %s: %w", f.waivers, err)
		}
	}
	if err := f.auth.set(&o); err != nil {
		return o, err
	}
	if o.Siblings, err = readSpecs(f.specs); err != nil {
		return o, err
	}
	known, err := f.known()
	o.Waivers = append(o.Waivers, known...)
	return o, err
}

// known are the failures of the baseline, as waivers.
func (f *checkFlags) known() ([]verdict.Waiver, error) {
	if f.baseline == "" {
		return nil, nil
	}
	text, err := readFile("--baseline", f.baseline)
	if err != nil {
		return nil, err
	}
	old, err := report.ReadJSON(bytes.NewReader(text))
	if err != nil {
		return nil, wrong("flowgate check --json FILE writes one", "--baseline %s: %w", f.baseline, err)
	}
	if old.Verdict == verdict.BrokenRun {
		return nil, wrong("take the report of a run that judged the appliance", "--baseline %s tells of a run that broke: %s", f.baseline, old.Reason)
	}
	return verdict.Baseline(old), nil
}

var pin = regexp.MustCompile(`^sha256:[0-9a-fA-F]{64}$`)

// appliance is the one that the command line names, without its password.
func (a *app) appliance(f *checkFlags, address string) (conformance.Target, error) {
	const usage = "usage: flowgate check https://10.0.0.1 --user NAME"
	t := conformance.Target{URL: address, User: f.user, Fingerprint: f.fingerprint, Insecure: f.insecure}
	u, err := url.Parse(address)
	switch {
	case address == "":
		return t, wrong(usage, "the URL of the appliance is missing")
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return t, wrong(usage, "%q is no URL of an appliance (expected https://HOST, with :PORT where it is not 443)", printable(address))
	case u.User != nil:
		return t, wrong("give the name with --user, and the password in FLOWGATE_PASSWORD or --password-file", "the URL holds credentials")
	case f.fingerprint != "" && !pin.MatchString(f.fingerprint):
		return t, wrong("flowgate check --insecure reports the fingerprint that it saw, as target.fingerprint",
			"--fingerprint is %q (expected sha256: and 64 hexadecimal digits)", f.fingerprint)
	}
	if f.ca == "" {
		return t, nil
	}
	pem, err := readFile("--ca", f.ca)
	if err != nil {
		return t, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return t, wrong("flowgate mock writes one to the file that its line calls ca_file", "--ca %s holds no certificate in PEM form", f.ca)
	}
	t.TLS = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	return t, nil
}

// printable is a URL as it may be shown: without what could be a password.
func printable(address string) string {
	if at := strings.LastIndex(address, "@"); at >= 0 {
		return "…" + address[at:]
	}
	return address
}

// password asks for the password where it should be: a file, the environment, the terminal.
func (a *app) password(f *checkFlags, address string) (string, error) {
	if f.passwordFile != "" {
		return a.filedPassword(f.passwordFile)
	}
	if p, _ := a.env("FLOWGATE_PASSWORD"); p != "" {
		return p, nil
	}
	if f.user == "" {
		return "", nil
	}
	fd, ok := terminal(a.in)
	if !ok {
		return "", wrong("set FLOWGATE_PASSWORD, or name a file with --password-file", "the password of %s is not known", f.user)
	}
	fmt.Fprintf(a.err, "Password of %s at %s: ", f.user, address)
	p, err := term.ReadPassword(fd)
	fmt.Fprintln(a.err)
	if err != nil {
		return "", wrong("set FLOWGATE_PASSWORD, or name a file with --password-file", "the password cannot be read: %w", err)
	}
	return string(p), nil
}

// listChecks prints the checks that are selected.
func (a *app) listChecks(o conformance.Options) error {
	checks, err := conformance.List(o)
	if err != nil {
		return wrong("", "%w", err)
	}
	if len(checks) == 0 {
		return nothingSelected()
	}
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for i := range checks {
		c := &checks[i]
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", c.ID, c.Hazard, c.Profile, c.Requirement.Level, c.Requirement.Standing)
	}
	if err := t.Flush(); err != nil {
		return broken("", "the list cannot be written: %w", err)
	}
	return a.deliver("", "", []byte(b.String()))
}

func nothingSelected() error {
	return &failure{
		code: verdict.ExitIncomplete, err: errors.New("no check is selected"),
		hint: "flowgate check --list without --run and --skip lists them; --allow and --profile also choose",
	}
}

// dryRun prints what would be sent.
func (a *app) dryRun(ctx context.Context, target conformance.Target, o conformance.Options) error {
	drafts, err := conformance.DryRun(ctx, target, o)
	if err != nil {
		return wrong("", "%w", err)
	}
	if len(drafts) == 0 {
		return nothingSelected()
	}
	var b strings.Builder
	for i := range drafts {
		d := &drafts[i]
		line := exchange.Curl(d.Exchange, "")
		if d.Exchange.Noted() {
			line = draftOfFlows(&d.Exchange)
		}
		fmt.Fprintf(&b, "# %s: %s\n%s\n", d.Hazard, d.Exchange.Probe, line)
	}
	return a.deliver("", "", []byte(b.String()))
}
