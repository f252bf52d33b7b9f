package main

import (
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/flowgate-dev/flowgate/flowgen"
	"github.com/flowgate-dev/flowgate/flowgen/plot"
	"github.com/flowgate-dev/flowgate/mockserver/clock"
)

// plotFlags are the flags of flowgate flows plot.
type plotFlags struct {
	worldFlags
	protocols []string
	day       string
	days      int
	measure   *choice
	output    string
}

func (a *app) flowsPlot() *cobra.Command {
	f := &plotFlags{}
	cmd := &cobra.Command{
		Use:   "plot",
		Short: "Draw a day of flow traffic",
		Long: `Draw made-up flow traffic as an SVG picture: a panel for each source, with the outages, bursts, attacks, scans and
broken exporters of its day. It is the traffic of the mock with the same --seed, --sources and --profile.`,
		Example: `  flowgate flows plot -o today.svg
  flowgate flows plot --seed 2 --sources 6 --day 2026-02-06 > day.svg`,
		Args: arguments(),
		RunE: func(*cobra.Command, []string) error { return a.runFlowsPlot(f) },
	}
	f.register(cmd)
	fl := cmd.Flags()
	fl.StringSliceVar(&f.protocols, "protocol", nil, "`PROTO,…` that the sources speak in turn; those of the profile if not given")
	fl.StringVar(&f.day, "day", "", "`DATE` such as 2026-02-06, of UTC; today if not given")
	fl.IntVar(&f.days, "days", 1, "how many days from there on")
	f.measure = choose(cmd, "measure", "of a minute", plot.MeasureNames()...)
	fl.StringVarP(&f.output, "output", "o", "", "`FILE` to write to, instead of standard output")
	return cmd
}

func (a *app) runFlowsPlot(f *plotFlags) error {
	o, err := f.options()
	if err != nil {
		return err
	}
	if o.Protocols, err = protocols("--protocol", f.protocols); err != nil {
		return err
	}
	p := plot.Options{Day: clock.System().Now(), Days: f.days}
	if f.day != "" {
		if p.Day, err = time.Parse(time.DateOnly, f.day); err != nil {
			return wrong("", "--day is %q (expected a date such as 2026-02-06)", f.day)
		}
	}
	switch {
	case f.days < 1 || f.days > plot.MaxDays:
		return wrong("", "--days is %d (expected 1 to %d)", f.days, plot.MaxDays)
	case o.Sources > plot.MaxSources:
		return wrong("give fewer --sources", "%d sources do not fit into a picture (expected up to %d)", o.Sources, plot.MaxSources)
	}
	for p.Measure.String() != f.measure.value {
		p.Measure++
	}
	g, err := flowgen.New(o)
	if err != nil {
		return wrong("", "%w", err)
	}
	return a.deliverTo("--output", f.output, func(w io.Writer) error { return plot.SVG(w, g, p) })
}
