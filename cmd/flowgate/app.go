package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"
)

// app is what the commands share: where to read and write, and the environment.
type app struct {
	in       io.Reader
	out, err io.Writer
	env      func(name string) (value string, ok bool)
}

// root is the command that holds the others.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "flowgate",
		Short: "Judge a FlowGateway appliance by the documents of its REST API, or stand in for one",
		Long: `flowgate judges an appliance of the FlowGateway family by the documents of its REST API (check), and stands in
for one (mock).

Every flag can also be given in the environment: --job-timeout is FLOWGATE_JOB_TIMEOUT. A flag wins over the
environment. A flag that may be given several times takes one value a line there.

Exit codes: 0 done, or conformant; 1 not conformant; 2 the command line or a file is wrong; 3 the target could not
be reached, or the harness broke; 4 incomplete.`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return a.environment(cmd) },
	}
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(a.mock(), a.sshTarget(), a.check(), a.spec(), a.demo(), a.selftest(), a.flows(), a.version())
	root.SetHelpCommand(help(root))
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		if cmd.Name() == "completion" {
			group(cmd)
		}
	}
	group(root)
	return root
}

// help is the command that prints the help of another; cobra's own succeeds where there is none.
func help(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [command]",
		Short: "Print the help of a command",
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return wrong("flowgate --help lists the commands", "there is no command %q", strings.Join(args, " "))
			}
			return cmd.Help()
		},
	}
}

// group makes a command that only holds others answer for itself: with the name of a command that is there.
func group(cmd *cobra.Command) {
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		all := cmd.CommandPath() + " --help lists the commands"
		if len(args) == 0 {
			return wrong(all, "%s needs a command", cmd.CommandPath())
		}
		hint := all
		var names []string
		for _, c := range cmd.Commands() {
			if c.IsAvailableCommand() {
				names = append(names, c.Name())
			}
		}
		if near := nearest(args[0], names); near != "" {
			hint = fmt.Sprintf("did you mean %s %s?", cmd.CommandPath(), near)
		}
		return wrong(hint, "%s has no command %q", cmd.CommandPath(), args[0])
	}
	cmd.DisableFlagsInUseLine = true
	cmd.RunE = func(*cobra.Command, []string) error { return nil } // Args has refused every way to get here
}

// arguments makes a command take so many arguments, which the message names.
func arguments(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		hint := "usage: " + cmd.UseLine()
		switch {
		case len(args) > len(names):
			return wrong(hint, "%s: unexpected argument %q", cmd.CommandPath(), args[len(names)])
		case len(args) < len(names):
			return wrong(hint, "%s: %s is missing", cmd.CommandPath(), names[len(args)])
		}
		return nil
	}
}

// exclusive are flags of which one at most can be given.
var exclusive = [...][]string{{"ca", "fingerprint", "insecure"}, {"plain-http", "tls-cert"}, {"plain-http", "ca-file"}}

// environment gives the flags that are not on the command line their values from the environment, where an empty value
// is none. A flag on the command line also wins over the flags that it excludes.
func (a *app) environment(cmd *cobra.Command) error {
	given := map[string]bool{}
	cmd.Flags().Visit(func(f *pflag.Flag) { given[f.Name] = true })
	var first error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		name := variable(f.Name)
		value, ok := a.env(name)
		if first != nil || !ok || value == "" || given[f.Name] || f.Name == "help" || excluded(f.Name, given) {
			return
		}
		values := []string{value}
		if _, several := f.Value.(pflag.SliceValue); several {
			values = strings.FieldsFunc(value, func(r rune) bool { return r == '\n' || r == '\r' })
		}
		for _, v := range values {
			if err := cmd.Flags().Set(f.Name, v); err != nil {
				first = invalidValue(f, v, name, cause(err))
				return
			}
		}
	})
	if first != nil {
		return first
	}
	for _, names := range exclusive {
		var both []string
		for _, n := range names {
			if cmd.Flags().Changed(n) {
				both = append(both, "--"+n)
			}
		}
		if len(both) > 1 {
			return wrong("give one of them", "%s exclude each other", strings.Join(both, " and "))
		}
	}
	return nil
}

// variable is the name of a flag in the environment.
func variable(flag string) string {
	return "FLOWGATE_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

func excluded(name string, given map[string]bool) bool {
	for _, names := range exclusive {
		if slices.Contains(names, name) && slices.ContainsFunc(names, func(n string) bool { return given[n] }) {
			return true
		}
	}
	return false
}

func cause(err error) error {
	if u, ok := err.(interface{ Unwrap() error }); ok && u.Unwrap() != nil {
		return u.Unwrap()
	}
	return err
}

// terminal reports that a stream is a terminal, and its file descriptor.
func terminal(stream any) (fd int, ok bool) {
	f, isFile := stream.(*os.File)
	if !isFile {
		return 0, false
	}
	fd = int(f.Fd())
	return fd, term.IsTerminal(fd)
}

// choice is the value of a flag that knows a few words.
type choice struct {
	value string
	words []string
}

func (c *choice) String() string { return c.value }
func (c *choice) Type() string   { return "word" }

func (c *choice) Set(s string) error {
	if !slices.Contains(c.words, s) {
		return fmt.Errorf("expected %s", alternatives(c.words))
	}
	c.value = s
	return nil
}

// alternatives is a list for people: a, b or c.
func alternatives(words []string) string {
	last := len(words) - 1
	if last == 0 {
		return words[0]
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// choose adds a flag that knows a few words, the first of which is the default, and completes them in a shell.
func choose(cmd *cobra.Command, name, usage string, words ...string) *choice {
	return chooseFrom(cmd, name, usage, words[0], words...)
}

// chooseFrom is choose where the default is another of the words.
func chooseFrom(cmd *cobra.Command, name, usage, byDefault string, words ...string) *choice {
	c := &choice{value: byDefault, words: words}
	cmd.Flags().Var(c, name, usage+": "+alternatives(words))
	// The only error is that of a flag which does not exist, and it has just been made.
	_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
	return c
}
