package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/flowgate-dev/flowgate/conformance/selftest"
	"github.com/flowgate-dev/flowgate/conformance/verdict"
)

// selftestFlags are the flags of flowgate selftest.
type selftestFlags struct {
	json    string
	run     []string
	seed    uint64
	workers int
	focus   bool
}

func (a *app) selftest() *cobra.Command {
	f := &selftestFlags{}
	cmd := &cobra.Command{
		Use:   "selftest",
		Short: "Judge the judge: run the suite against wrong and against odd but lawful appliances",
		Long: `Run the suite against the appliance as it is, against every lawful variant of it and against every wrong one, and
say which wrong ones it caught, for which reason, and which lawful ones it accused.

Exit code 1 means that a wrong appliance went free, a lawful one was accused, or a check was failed by no wrong
appliance; 3 that a control failed and the run says nothing.`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runSelftest(cmd.Context(), f) },
	}
	fl := cmd.Flags()
	fl.StringVar(&f.json, "json", "", "`FILE` for the whole matrix as JSON; - is standard output")
	fl.StringArrayVar(&f.run, "run", nil, "`GLOB` of the appliances to judge; may be repeated")
	fl.Uint64Var(&f.seed, "seed", 1, "of the appliance; 1 or more")
	fl.IntVar(&f.workers, "workers", 0, "how many appliances are judged at once; 0 is two for each processor")
	fl.BoolVar(&f.focus, "focus", false, "judge a wrong appliance by the checks of the document that it breaks only; faster")
	return cmd
}

func (a *app) runSelftest(ctx context.Context, f *selftestFlags) error {
	switch {
	case f.seed == 0:
		return wrong("", "--seed is 0 (expected 1 or more)")
	case f.workers < 0:
		return wrong("", "--workers is %d (expected 1 or more, or 0)", f.workers)
	}
	for _, g := range f.run {
		if err := verdict.ValidGlob(g); err != nil {
			return wrong("a glob is such as 'dialect/**'", "--run: %w", err)
		}
	}
	p := a.progress()
	matrix, err := selftest.Run(ctx, selftest.Options{
		Run: f.run, Workers: f.workers, Seed: f.seed, Focus: f.focus,
		Progress: func(done, total int, o selftest.Outcome) { p.step(done, total, o.Name) },
	})
	p.end()
	switch {
	case err != nil && ctx.Err() == nil && len(f.run) > 0: // the globs are what can be wrong
		return &failure{code: verdict.ExitIncomplete, err: err, hint: "flowgate selftest without --run prints the names of all"}
	case err != nil:
		return broken("", "%w", err)
	}
	if f.json != "" {
		if err := a.writeMatrix(f.json, matrix); err != nil {
			return err
		}
	}
	if f.json != "-" {
		if err := a.deliver("", "", []byte(matrixText(matrix))); err != nil {
			return err
		}
	}
	if matrix.Void != "" {
		return broken("the suite or the appliance is broken: look at the controls", "the run is void: %s", matrix.Void)
	}
	if code := matrix.ExitCode(); code != 0 {
		return &failure{code: code}
	}
	return nil
}

func (a *app) writeMatrix(path string, m *selftest.Matrix) error {
	render := func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(m)
	}
	if path == "-" {
		if err := render(a.out); err != nil {
			return broken("", "standard output cannot be written: %w", err)
		}
		return nil
	}
	if err := writeFile(path, render); err != nil {
		return broken("", "--json %s: %w", path, err)
	}
	return nil
}

// matrixText is the matrix mutant × check for people: each appliance with the checks that caught or accused it; what
// went wrong stands last, before the sums.
func matrixText(m *selftest.Matrix) string {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	right := func(o selftest.Outcome) bool { return o.State == selftest.Killed || o.State == selftest.Spared }
	for _, o := range m.Outcomes {
		if right(o) {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", o.State, o.Kind, o.Name, strings.Join(o.By, ", "))
		}
	}
	for _, o := range m.Outcomes {
		if !right(o) {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", o.State, o.Kind, o.Name, strings.TrimSpace(strings.Join(append(o.By, o.Requirement), " ")))
			fmt.Fprintf(t, "\t\t\t%s: %s\n", o.About, o.Reason)
		}
	}
	_ = t.Flush() // writes to memory, which does not fail
	for _, id := range m.Unproven {
		fmt.Fprintf(&b, "unproven  %s: no wrong appliance failed this check\n", id)
	}
	b.WriteString(m.Summary() + "\n")
	return b.String()
}
