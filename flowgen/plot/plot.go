// Package plot draws the traffic of a flowgen.Generator: a picture of days,
// with a panel for each source and what happened to it.
//
// The picture is SVG without scripts. It follows the reader's light or dark
// colours, tells in its title and description what it shows, and does not rely
// on colour alone. The same traffic is the same bytes on every machine.
package plot

import (
	"bytes"
	"fmt"
	"io"
	"time"

	"github.com/flowgate-dev/flowgate/flowgen"
	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

// Options say what to draw. The zero value draws the flows of 1970-01-01.
type Options struct {
	Day  time.Time // on whose UTC day the picture begins
	Days int       // 0 is 1; at most MaxDays

	Measure Measure
}

// Bounds of a picture that can still be read.
const (
	MaxDays    = 7
	MaxSources = 32
)

// Measure is what is drawn of a minute.
type Measure uint8

// The measures.
const (
	Flows     Measure = iota // flow records
	Datagrams                // export datagrams, damaged ones included
	Bytes                    // their length at the IP level
)

// MeasureNames lists the words of the measures in the order of the constants.
func MeasureNames() []string { return []string{"flows", "datagrams", "bytes"} }

// String is the word of the measure.
func (m Measure) String() string { return MeasureNames()[m] }

func (m Measure) of(b flow.Bucket) uint64 {
	switch m {
	case Datagrams:
		return b.Packets
	case Bytes:
		return b.Bytes
	}
	return b.Flows
}

// The layout, in tenths of a pixel.
const (
	pageWidth   px = 11600
	plotLeft    px = 2500
	plotRight   px = pageWidth - 240
	plotWidth      = plotRight - plotLeft
	margin      px = 240
	headHeight  px = 1240
	panelHeight px = 860
	stripHeight px = 330 // above a panel, for the labels of events
	footHeight  px = 560
)

// picture is one drawing under way.
type picture struct {
	bytes.Buffer
	Options
	from, to int64 // Unix minutes
	panels   []panel
	seed     uint64
}

// SVG writes the picture. The error is that of w, or says that there is too
// much to draw.
func SVG(w io.Writer, g *flowgen.Generator, o Options) error {
	if o.Days == 0 {
		o.Days = 1
	}
	sources := g.Sources()
	if o.Days < 1 || o.Days > MaxDays || len(sources) > MaxSources || o.Measure > Bytes {
		return fmt.Errorf("plot: %d sources over %d days of measure %d do not fit into a picture; hint: draw up to %d sources over 1 to %d days",
			len(sources), o.Days, o.Measure, MaxSources, MaxDays)
	}
	midnight := o.Day.UTC().Truncate(24 * time.Hour)
	p := &picture{Options: o, from: midnight.Unix() / 60, seed: g.Seed()}
	p.to = p.from + int64(o.Days)*minutesPerDay
	for _, s := range sources {
		p.panels = append(p.panels, newPanel(g, s, p))
	}
	p.draw()
	_, err := w.Write(p.Bytes())
	return err
}

const minutesPerDay = 24 * 60

func (p *picture) draw() {
	height := headHeight + px(len(p.panels))*(stripHeight+panelHeight) + footHeight
	p.put(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %v %v" width="%v" height="%v" role="img" aria-labelledby="title desc">`+"\n",
		pageWidth, height, pageWidth, height)
	p.put("<title id=\"title\">%s</title>\n<desc id=\"desc\">%s</desc>\n", escape(p.title()), escape(p.description()))
	p.put("<style>%s</style>\n%s", style, patterns)
	p.put(`<rect class="page" width="%v" height="%v"/>`+"\n", pageWidth, height)
	p.head()
	y := headHeight
	for i := range p.panels {
		y += stripHeight
		p.panel(&p.panels[i], y)
		y += panelHeight
	}
	p.hours(y)
	p.put("</svg>\n")
}

// put adds text with numbers in it.
func (p *picture) put(format string, args ...any) { fmt.Fprintf(&p.Buffer, format, args...) }

// text adds a line of text.
func (p *picture) text(class string, x, y px, words string) {
	p.put(`<text class="%s" x="%v" y="%v">%s</text>`+"\n", class, x, y, escape(words))
}

// x is where a minute begins.
func (p *picture) x(minute int64) px {
	return plotLeft + px((minute-p.from)*int64(plotWidth)/(p.to-p.from))
}

func (p *picture) title() string {
	first := time.Unix(p.from*60, 0).UTC()
	when := first.Format("Monday 2 January 2006")
	if p.Days > 1 {
		when = fmt.Sprintf("%d days from %s", p.Days, when)
	}
	return fmt.Sprintf("Flow traffic of %s, %s", plural(len(p.panels), "source"), when)
}

// description says in words what the picture shows.
func (p *picture) description() string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "For each source the %s it exports a minute, over the hours of UTC.", p.Measure)
	for i := range p.panels {
		a := &p.panels[i]
		fmt.Fprintf(&b, " %s, %s, %s: most %s at %s", a.Name, a.Addr, a.Protocol, grouped(a.most), p.moment(a.mostAt))
		for _, e := range a.events {
			fmt.Fprintf(&b, "; %s from %s for %s", label(e), p.moment(e.Start), plural(int(e.Minutes), "minute"))
		}
		b.WriteByte('.')
	}
	return b.String()
}

// moment is a minute as text, with its day where there are several.
func (p *picture) moment(minute int64) string {
	form := "15:04"
	if p.Days > 1 {
		form = "Mon 15:04"
	}
	return time.Unix(minute*60, 0).UTC().Format(form)
}

// head draws the title and the legend.
func (p *picture) head() {
	p.text("title", margin, 440, p.title())
	p.text("muted", margin, 680, fmt.Sprintf("%s a minute · seed %d · each panel has its own scale", p.unit(), p.seed))
	x, y := margin, px(980)
	words := func(s string) {
		p.text("key", x+290, y, s)
		x += 290 + width(s) + 230
	}
	p.put(`<path class="range" d="M%v %vh22v13h-22z"/><path class="line" d="M%v %vh22"/>`+"\n", x, y-110, x, y-45)
	words(fmt.Sprintf("mean of %s, and their least and most", plural(int(p.step()), "minute")))
	for k := flowgen.Outage; k <= flowgen.Broken; k++ {
		p.mark(k, box{x, y - 110, 220, 130})
		words(nameOf(k))
	}
	p.put(`<rect class="night" x="%v" y="%v" width="22" height="13"/>`+"\n", x, y-110)
	words("night there")
}

// box is a place in the picture.
type box struct{ x, y, width, height px }

// mark draws the sign of a kind of event: its colour, its pattern, and an edge above.
func (p *picture) mark(k flowgen.EventKind, b box) {
	p.put(`<rect class="%s" x="%v" y="%v" width="%v" height="%v"/>`, k, b.x, b.y, b.width, b.height)
	if pattern := patternOf(k); pattern != "" {
		p.put(`<rect fill="url(#%s)" x="%v" y="%v" width="%v" height="%v"/>`, pattern, b.x, b.y, b.width, b.height)
	}
	p.put(`<rect class="%s edge" x="%v" y="%v" width="%v" height="3"/>`+"\n", k, b.x, b.y-30, b.width)
}

func (p *picture) unit() string {
	return map[Measure]string{Flows: "flow records", Datagrams: "export datagrams", Bytes: "bytes of export datagrams"}[p.Measure]
}

// step is how many minutes a point of the line stands for.
func (p *picture) step() int64 { return 4 * int64(p.Days) }

// ticks is how many minutes lie between two lines of the grid, and the form of
// the times that stand at them.
func (p *picture) ticks() (step int64, form string) {
	switch p.Days {
	case 1:
		return 3 * 60, "15:04"
	case 2:
		return 6 * 60, "Mon 15:04"
	}
	return minutesPerDay, "Mon 2 Jan"
}

// hours draws the common axis below the last panel.
func (p *picture) hours(y px) {
	step, form := p.ticks()
	for m := p.from; m < p.to; m += step {
		p.text("tick middle", p.x(m), y+180, time.Unix(m*60, 0).UTC().Format(form))
	}
	if p.Days == 1 {
		p.text("tick middle", p.x(p.to), y+180, "24:00")
	}
	p.text("muted middle", (plotLeft+plotRight)/2, y+390, "time, UTC")
}
