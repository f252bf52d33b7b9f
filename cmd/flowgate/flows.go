package main

import (
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flowgate-dev/flowgate/flowgen"
	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

func (a *app) flows() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "flows",
		Short: "Send made-up flow traffic, count it, or draw it",
		Long: `Send made-up flow traffic as routers export it (send), print what import_stats counts of such traffic (stats), or
draw a day of it (plot).

The same seed, sources and profile are the same traffic in all three, and in flowgate mock.`,
	}
	cmd.AddCommand(a.flowsSend(), a.flowsStats(), a.flowsPlot())
	group(cmd)
	return cmd
}

// worldFlags say which traffic is meant.
type worldFlags struct {
	seed    uint64
	sources int
	from    []string
	profile string
}

func (f *worldFlags) register(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.Uint64Var(&f.seed, "seed", 1, "of everything made up; 1 or more")
	fl.IntVar(&f.sources, "sources", 0, "how many devices export flows; 0 is the default, or as many as --from names")
	fl.StringSliceVar(&f.from, "from", nil, "`ADDR,…` that the devices export from; one such as 10.20.0.0/16 stands for the first addresses in it")
	profileFlag(cmd, &f.profile)
}

func profileFlag(cmd *cobra.Command, profile *string) {
	names := profileNames()
	cmd.Flags().StringVar(profile, "profile", names[0], "what traffic looks like: `NAME|FILE`, a name being "+alternatives(names))
	// The only error is that of a flag which does not exist, and it has just been made.
	_ = cmd.RegisterFlagCompletionFunc("profile", cobra.FixedCompletions(names, cobra.ShellCompDirectiveDefault))
}

// profileNames begin with the default.
func profileNames() []string { return append([]string{flowgen.Mixed}, flowgen.ProfileNames()...) }

// readProfile reads what --profile names; nil where it is the name of a profile that is built in.
func readProfile(profile string) (*flowgen.Profile, error) {
	if slices.Contains(profileNames(), profile) {
		return nil, nil
	}
	text, err := os.ReadFile(profile)
	if errors.Is(err, fs.ErrNotExist) {
		hint := "docs/flows.md shows what such a file holds"
		if near := nearest(profile, profileNames()); near != "" {
			hint = "did you mean " + near + "?"
		}
		return nil, wrong(hint, "--profile is %q (expected %s, or a file)", profile, alternatives(profileNames()))
	}
	if err != nil {
		return nil, wrong("", "--profile: %w", err)
	}
	p, err := flowgen.ParseProfile(text)
	if err != nil {
		return nil, wrong("", "--profile %s: %w", profile, err)
	}
	return &p, nil
}

// options are the flags as the generator takes them. Addrs are those of --from.
func (f *worldFlags) options() (flowgen.Options, error) {
	o := flowgen.Options{Seed: f.seed, Sources: f.sources, Profile: f.profile}
	switch {
	case f.seed == 0:
		return o, wrong("", "--seed is 0 (expected 1 or more)")
	case f.sources < 0 || f.sources > flowgen.MaxSources:
		return o, wrong("", "--sources is %d (expected 0 to %d)", f.sources, flowgen.MaxSources)
	}
	var err error
	if o.Custom, err = readProfile(f.profile); err != nil {
		return o, err
	}
	if o.Addrs, err = addresses(f.from, f.sources); err != nil {
		return o, err
	}
	if n := len(o.Addrs); n > 0 {
		if f.sources != 0 && f.sources != n {
			return o, wrong("leave out --sources, or give as many addresses", "--from names %d addresses, and --sources is %d", n, f.sources)
		}
		o.Sources = n
	}
	return o, nil
}

// addresses reads --from. Of a prefix come as many addresses as are still wanted, without the one that is the network's.
func addresses(from []string, want int) ([]netip.Addr, error) {
	var out []netip.Addr
	for _, text := range from {
		if p, err := netip.ParsePrefix(text); err == nil {
			if want == 0 {
				return nil, wrong("say how many with --sources", "--from %s is a network (expected addresses, or --sources)", text)
			}
			for a := p.Masked().Addr().Next(); len(out) < want && p.Contains(a); a = a.Next() {
				out = append(out, a)
			}
			continue
		}
		a, err := netip.ParseAddr(text)
		if err != nil || a.IsUnspecified() || a.IsMulticast() {
			return nil, wrong("", "--from: %q is no address to export from (expected one such as 127.1.0.1, or a network such as 10.20.0.0/16)", text)
		}
		if a = a.Unmap(); slices.Contains(out, a) {
			return nil, wrong("each source has an address of its own", "--from names %s twice", a)
		}
		out = append(out, a)
	}
	return out, nil
}

// protocols reads a list of protocols.
func protocols(flag string, words []string) ([]flow.Protocol, error) {
	var out []flow.Protocol
	for _, w := range words {
		p, err := flow.Parse(strings.TrimSpace(w))
		if err != nil {
			return nil, wrong("", "%s: %w", flag, err)
		}
		out = append(out, p)
	}
	return out, nil
}
