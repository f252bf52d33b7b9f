package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"
)

// tables writes what was measured as Markdown.
func tables(out io.Writer, p plan, peers []*peer) error {
	var b bytes.Buffer
	row := func(cells ...string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	line := func(title string, cell func(*peer) string) {
		cells := []string{title}
		for _, one := range peers {
			cells = append(cells, cell(one))
		}
		row(cells...)
	}
	heading := func(title string) {
		line(title, func(one *peer) string { return strings.TrimSpace(one.name + " " + one.version) })
		row(strings.Split(strings.Repeat("--- ", len(peers))+"---", " ")...)
	}
	fmt.Fprintf(&b, "%d starts each, %d turns of %s each, %d connections.\n\n", p.starts, p.rounds, p.turn, p.lanes)
	heading("measured")
	line("driven by", func(one *peer) string { return one.driven })
	line("from process start to the first right answer, median", func(one *peer) string {
		return fmt.Sprintf("%d ms", one.started[len(one.started)/2].Milliseconds())
	})
	line("resident memory after the probes below, before the load", func(one *peer) string { return fmt.Sprintf("%d MiB", one.idle/1024) })
	line("the same after it", func(one *peer) string { return fmt.Sprintf("%d MiB", one.loaded/1024) })
	for _, k := range kinds {
		line(k.title+": requests a second", func(one *peer) string { return fmt.Sprintf("%.0f", one.load[k.place].rate()) })
		line("p50, p99", func(one *peer) string {
			l := one.load[k.place]
			return fmt.Sprintf("%s, %s ms", l.quantile(0.50), l.quantile(0.99))
		})
		line("processor time a request", func(one *peer) string {
			l := one.load[k.place]
			return fmt.Sprintf("%d µs", (l.processor / time.Duration(len(l.latencies))).Microseconds())
		})
	}
	b.WriteString("\n")
	heading("probed")
	for i, one := range abilities {
		line(one.title, func(p *peer) string { return p.abilities[i] })
	}
	_, err := out.Write(b.Bytes())
	return err
}

func (l load) rate() float64 { return float64(len(l.latencies)) / l.elapsed.Seconds() }

// quantile is a latency in milliseconds; latencies are sorted.
func (l load) quantile(q float64) string {
	at := l.latencies[int(q*float64(len(l.latencies)-1))]
	return fmt.Sprintf("%.2f", float64(at.Microseconds())/1000)
}
