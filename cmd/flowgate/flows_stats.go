package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"iter"
	"math"
	"net/netip"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/flowgate-dev/flowgate/flowgen"
	"github.com/flowgate-dev/flowgate/mockserver"
	"github.com/flowgate-dev/flowgate/mockserver/clock"
	"github.com/flowgate-dev/flowgate/mockserver/flowstore"
)

// statsFlags are the flags of flowgate flows stats.
type statsFlags struct {
	worldFlags
	protocols        []string
	truth            string
	start, end       string
	minutes          int64
	interval, format *choice
	source, clock    string
	output           string
}

func (a *app) flowsStats() *cobra.Command {
	f := &statsFlags{}
	cmd := &cobra.Command{
		Use:   "stats",
		Short: "Print what import_stats counts of flow traffic",
		Long: `Print what import_stats counts of made-up flow traffic, as the mock with the same --seed, --sources and --profile
answers it: rows as JSON, byte for byte, or as a table.

With --truth it counts what flowgate flows send wrote there: the rows that an appliance should have which received it.`,
		Example: `  flowgate flows stats --minutes 5 --format table
  flowgate flows stats --start 2024-01-08T22:00:00Z --end 2024-01-08T23:00:00Z --interval hour
  flowgate flows stats --truth truth.json --format table`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runFlowsStats(cmd.Context(), f) },
	}
	f.register(cmd)
	fl := cmd.Flags()
	fl.StringSliceVar(&f.protocols, "protocol", nil, "`PROTO,…` that the sources speak in turn, as in the command line of send; those of the profile if not given")
	fl.StringVar(&f.truth, "truth", "", "truth `FILE` of flows send to count, instead of traffic made up")
	fl.StringVar(&f.start, "start", "", "`TIME` (RFC 3339, or seconds since 1970) of the first interval")
	fl.StringVar(&f.end, "end", "", "`TIME` that the last interval begins before; now if not given")
	fl.Int64Var(&f.minutes, "minutes", 0, "how far back from now, instead of --start: intervals that have ended; 0 is 60, or all of the truth file")
	f.interval = chooseFrom(cmd, "interval", "of a row", "minute", "second", "minute", "hour")
	fl.StringVar(&f.source, "source", "", "`ADDR` of the one source to count; all if not given")
	f.format = choose(cmd, "format", "of the rows", "json", "table")
	fl.StringVar(&f.clock, "clock", "", "`TIME` that is now: nothing later is counted; the machine's time if not given")
	fl.StringVarP(&f.output, "output", "o", "", "`FILE` to write to, instead of standard output")
	return cmd
}

func (a *app) runFlowsStats(ctx context.Context, f *statsFlags) error {
	store, now, err := f.store()
	if err != nil {
		return err
	}
	q, err := f.query(now)
	if err != nil {
		return err
	}
	return a.deliverTo("--output", f.output, func(w io.Writer) error {
		b := bufio.NewWriter(w)
		if f.format.value == "table" {
			return cmp.Or(rowsTable(b, store.Rows(ctx, q), widest(store.Sources())), b.Flush())
		}
		return cmp.Or(rowsJSON(b, store.Rows(ctx, q)), b.Flush())
	})
}

// store is the traffic to count, and the time that is now: for a truth file the end of what was sent.
func (f *statsFlags) store() (flowstore.Store, time.Time, error) {
	now, err := f.now()
	if err != nil {
		return nil, now, err
	}
	if f.truth != "" {
		t, err := readTruth(f.truth)
		if err != nil {
			return nil, now, err
		}
		if f.clock == "" {
			now = t.end
		}
		return flowstore.NewSynthetic(t, t.begin), now, nil
	}
	o, err := f.options()
	if err != nil {
		return nil, now, err
	}
	if o.Protocols, err = protocols("--protocol", f.protocols); err != nil {
		return nil, now, err
	}
	g, err := flowgen.New(o)
	if err != nil {
		return nil, now, wrong("", "%w", err)
	}
	return flowstore.NewSynthetic(flowstore.FromGenerator(g), mockserver.TrafficSince(now)), now, nil
}

func (f *statsFlags) now() (time.Time, error) {
	if f.clock == "" {
		return clock.System().Now(), nil
	}
	return moment("--clock", f.clock)
}

// moment reads a time that a flag gives.
func moment(flag, text string) (time.Time, error) {
	if unix, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.Unix(unix, 0).UTC(), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, wrong("", "%s is %q (expected a time such as 2024-01-08T22:11:00Z or 1704751860)", flag, text)
	}
	return t, nil
}

// query asks for the rows that templates A (--minutes) and C (--start, --end) ask for, in the dialect's default answers.
func (f *statsFlags) query(now time.Time) (flowstore.Query, error) {
	q := flowstore.Query{
		Now:      now.Unix(),
		Interval: map[string]flowstore.Granularity{"second": flowstore.Second, "minute": flowstore.Minute, "hour": flowstore.Hour}[f.interval.value],
	}
	if f.source != "" {
		var err error
		if q.Source, err = netip.ParseAddr(f.source); err != nil {
			return q, wrong("", "--source is %q (expected an address such as 10.0.0.1)", f.source)
		}
	}
	switch {
	case f.minutes < 0:
		return q, wrong("", "--minutes is %d (expected 0 or more)", f.minutes)
	case f.minutes > 0 && f.start+f.end != "":
		return q, wrong("leave out one of them", "--minutes and --start with --end exclude each other")
	case f.start == "" && f.end != "":
		return q, wrong("give --start", "--end needs --start")
	case f.start == "" && f.truth != "" && f.minutes == 0:
		q.Window = flowstore.Window{From: math.MinInt64, To: math.MaxInt64} // the store knows where its traffic begins and ends
		return q, nil
	case f.start == "":
		q.Window = flowstore.Last{N: cmp.Or(f.minutes, 60), Unit: flowstore.Minutes, Interval: q.Interval}.Window(now)
		return q, nil
	}
	start, err := moment("--start", f.start)
	if err != nil {
		return q, err
	}
	end := now
	if f.end != "" {
		if end, err = moment("--end", f.end); err != nil {
			return q, err
		}
	}
	if end.Before(start) {
		return q, wrong("exchange them", "--start is later than --end")
	}
	q.Window = flowstore.Between(start.Unix(), end.Unix(), q.Interval, flowstore.Cover)
	return q, nil
}

// rowsJSON writes the answer of import_stats.
func rowsJSON(w *bufio.Writer, rows iter.Seq2[flowstore.Row, error]) error {
	var b []byte
	begin := byte('[')
	for row, err := range rows {
		if err != nil {
			return err
		}
		b = mockserver.AppendRow(append(b[:0], begin), row)
		begin = ','
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	if begin == '[' {
		_ = w.WriteByte('[') // Flush tells what cannot be written
	}
	return w.WriteByte(']')
}

// widest is the length of the longest address.
func widest(sources []netip.Addr) int {
	width := len("source")
	for _, a := range sources {
		width = max(width, len(a.String()))
	}
	return width
}

// rowsTable writes a line for each row. The widths are those that usual numbers need; a larger one takes more.
func rowsTable(w *bufio.Writer, rows iter.Seq2[flowstore.Row, error], width int) error {
	const head, line = "%-20s  %-*s  %9s  %11s  %9s  %9s  %10s  %10s\n", "%-20s  %-*s  %9d  %11d  %9d  %9d  %10d  %10d\n"
	fmt.Fprintf(w, head, "time", width, "source", "flows", "bytes", "datagrams", "damaged", "peak flows", "peak bytes")
	n := 0
	for r, err := range rows {
		if err != nil {
			return err
		}
		n++
		at := time.Unix(r.Time, 0).UTC().Format("2006-01-02 15:04:05Z")
		if _, err := fmt.Fprintf(w, line, at, width, r.Source, r.Flows, r.Bytes, r.Packets, r.BadPackets, r.PeakFlows, r.PeakBytes); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w, counted(n, "row", "rows"))
	return err
}
