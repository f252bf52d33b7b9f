package main

import (
	"errors"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/flowgate-dev/flowgate/conformance"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
	"github.com/flowgate-dev/flowgate/conformance/report"
)

// outputs are the files that a run leaves. A path of - is standard output; the text for people then goes to standard
// error.
type outputs struct {
	record string
	files  []output
}

// output is one file in one format.
type output struct {
	flag, path string
	render     func(io.Writer, *conformance.Result) error
}

func (o *outputs) register(cmd *cobra.Command) {
	o.files = []output{
		{flag: "json", render: func(w io.Writer, r *conformance.Result) error { return report.JSON(w, r.Report) }},
		{flag: "junit", render: func(w io.Writer, r *conformance.Result) error { return report.JUnit(w, r.Report) }},
		{flag: "html", render: func(w io.Writer, r *conformance.Result) error { return report.HTML(w, r.Report) }},
		{flag: "sarif", render: func(w io.Writer, r *conformance.Result) error { return report.SARIF(w, r.Report) }},
		{flag: "markdown", render: func(w io.Writer, r *conformance.Result) error { return report.Markdown(w, r.Report) }},
		{flag: "har", render: func(w io.Writer, r *conformance.Result) error {
			return exchange.WriteHAR(w, r.Exchanges, theBuild().version)
		}},
		{flag: "learn", render: func(w io.Writer, r *conformance.Result) error { return writeDialect(w, r.Report.Dialect) }},
	}
	usage := map[string]string{
		"json": "`FILE` for the whole report as JSON", "junit": "`FILE` for the report as JUnit XML", "html": "`FILE` for the report as a page",
		"sarif": "`FILE` for the findings as SARIF 2.1.0", "markdown": "`FILE` for the report as Markdown", "har": "`FILE` for all exchanges as an HTTP archive",
		"learn": "`FILE` for the observed answers to open questions, which mock --dialect reads",
	}
	for i := range o.files {
		cmd.Flags().StringVar(&o.files[i].path, o.files[i].flag, "", usage[o.files[i].flag])
	}
	cmd.Flags().StringVar(&o.record, "record", "", "`DIR` for all exchanges, one file each, which --from reads")
}

// check refuses two results on standard output.
func (o *outputs) check() error {
	var both []string
	for _, x := range o.files {
		if x.path == "-" {
			both = append(both, "--"+x.flag)
		}
	}
	if len(both) > 1 {
		return wrong("give the others a file", "%s cannot all go to standard output", strings.Join(both, " and "))
	}
	return nil
}

// write writes every file that was asked for. A file that cannot be written does not keep the others from it; the error
// tells of all.
func (o *outputs) write(stdout io.Writer, r *conformance.Result) error {
	var failed []error
	for _, x := range o.files {
		if x.path == "" {
			continue
		}
		render := func(w io.Writer) error { return x.render(w, r) }
		var err error
		if x.path == "-" {
			err = render(stdout)
		} else {
			err = writeFile(x.path, render)
		}
		if err != nil {
			failed = append(failed, broken("", "--%s %s: %w", x.flag, x.path, err))
		}
	}
	if o.record != "" {
		if err := exchange.WriteDir(o.record, r.Exchanges); err != nil {
			failed = append(failed, broken("", "--record: %w", err))
		}
	}
	switch len(failed) {
	case 0:
		return nil
	case 1:
		return failed[0]
	}
	return broken("", "%w", errors.Join(failed...))
}

// page is where the text for people goes, and how it is laid out.
func (a *app) page(o *outputs, verbose bool) (io.Writer, report.TextOptions) {
	w := a.out
	for _, x := range o.files {
		if x.path == "-" {
			w = a.err
		}
	}
	layout := report.TextOptions{Verbose: verbose}
	if fd, ok := terminal(w); ok {
		_, plain := a.env("NO_COLOR")
		layout.Color = !plain
		if width, _, err := term.GetSize(fd); err == nil {
			layout.Width = width
		}
	}
	return w, layout
}

// conclude writes the reports, shows the text, and ends with the report's exit code.
func (a *app) conclude(f *checkFlags, r *conformance.Result) error {
	written := f.outputs.write(a.out, r)
	w, layout := a.page(&f.outputs, f.verbose)
	if err := report.Text(w, r.Report, layout); err != nil {
		return broken("", "the report cannot be written: %w", err)
	}
	if written != nil {
		return written
	}
	if code := r.Report.ExitCode(f.strict); code != 0 {
		return &failure{code: code}
	}
	return nil
}
