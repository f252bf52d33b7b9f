package plot

import (
	"fmt"
	"slices"

	"github.com/flowgate-dev/flowgate/flowgen"
)

// panel is one source.
type panel struct {
	flowgen.Source
	minutes []uint64
	events  []flowgen.Event
	top     uint64 // of the scale
	most    uint64
	mostAt  int64 // Unix minute
}

func newPanel(g *flowgen.Generator, s flowgen.Source, p *picture) panel {
	a := panel{Source: s, events: g.Events(s.Index, p.from, p.to), mostAt: p.from}
	usual := uint64(0)
	for m := p.from; m < p.to; m++ {
		v := p.Measure.of(g.Minute(s.Index, m))
		a.minutes = append(a.minutes, v)
		if v > a.most {
			a.most, a.mostAt = v, m
		}
		if !slices.ContainsFunc(a.events, func(e flowgen.Event) bool { return m >= e.Start && m < e.End() }) {
			usual = max(usual, v)
		}
	}
	// An attack would press the usual day flat: the scale is that of the other minutes, and the attack is cut off at
	// the top with its height beside it.
	a.top = nice(max(min(usual*6/5, a.most), 1))
	return a
}

// nice is the next round number that has a half which can be written as well.
func nice(v uint64) uint64 {
	if v < 10 {
		return max(v+v%2, 2)
	}
	for unit := uint64(1); ; unit *= 10 {
		for _, n := range []uint64{10, 12, 16, 20, 24, 30, 40, 50, 60, 80} {
			if n*unit >= v && n*unit%2 == 0 {
				return n * unit
			}
		}
	}
}

// panel draws a source whose panel begins at y.
func (p *picture) panel(a *panel, y px) {
	bottom := y + panelHeight
	p.put(`<g aria-label="%s">`+"\n", escape(a.Name))
	p.text("name", margin, y+140, a.Name)
	p.text("muted", margin, y+320, fmt.Sprintf("%s · %s", a.Addr, a.Profile))
	p.text("muted", margin, y+490, fmt.Sprintf("%s · UTC%s", a.Protocol, a.Offset))
	p.text("muted", margin, y+660, fmt.Sprintf("most %s at %s", grouped(a.most), p.moment(a.mostAt)))
	p.put(`<rect class="ground" x="%v" y="%v" width="%v" height="%v"/>`+"\n", plotLeft, y, plotWidth, panelHeight)
	p.nights(a, y)
	for i, value := range []uint64{a.top, a.top / 2, 0} {
		at := y + px(i)*panelHeight/2
		p.put(`<path class="grid" d="M%v %vH%v"/>`+"\n", plotLeft, at, plotRight)
		p.text("tick end", plotLeft-60, at+40, short(value))
	}
	step, _ := p.ticks()
	for m := p.from; m <= p.to; m += step {
		p.put(`<path class="grid" d="M%v %vV%v"/>`+"\n", p.x(m), y, bottom)
	}
	p.marks(a, y)
	p.curve(a, y)
	p.labels(a, y)
	p.put("</g>\n")
}

// nights shades the hours from 22 to 6 of the source's own day.
func (p *picture) nights(a *panel, y px) {
	local := p.from + int64(a.Offset)
	for night := local - local%minutesPerDay - 120; night < local+int64(p.Days)*minutesPerDay; night += minutesPerDay {
		from, to := max(night-int64(a.Offset), p.from), min(night+8*60-int64(a.Offset), p.to)
		if from < to {
			p.put(`<rect class="night" x="%v" y="%v" width="%v" height="%v"/>`+"\n", p.x(from), y, p.x(to)-p.x(from), panelHeight)
		}
	}
}

// curve draws the means as a line on an area, and what they are means of as a
// band. What is above the scale is cut off.
func (p *picture) curve(a *panel, y px) {
	at := func(v uint64) px { return y + panelHeight - px(min(v, a.top)*uint64(panelHeight)/a.top) }
	type point struct{ x, low, mean, high px }
	var points []point
	step := p.step()
	for i := int64(0); i < int64(len(a.minutes)); i += step {
		part := a.minutes[i : i+step]
		sum := uint64(0)
		for _, v := range part {
			sum += v
		}
		x := (p.x(p.from+i) + p.x(p.from+i+step)) / 2
		points = append(points, point{x, at(slices.Min(part)), at(sum / uint64(step)), at(slices.Max(part))})
	}
	p.put(`<path class="area" d="M%v %v`, points[0].x, y+panelHeight)
	for _, q := range points {
		p.put("L%v %v", q.x, q.mean)
	}
	p.put(`V%vz"/>`+"\n"+`<path class="range" d="M`, y+panelHeight)
	for _, q := range points {
		p.put("%v %v ", q.x, q.high)
	}
	for _, q := range slices.Backward(points) {
		p.put("%v %v ", q.x, q.low)
	}
	p.put(`z"/>` + "\n" + `<path class="line" d="M`)
	for _, q := range points {
		p.put("%v %v ", q.x, q.mean)
	}
	p.put(`"/>` + "\n")
}

// narrowest is what a mark is wide at least.
const narrowest px = 30

// marks draws the events behind the curve, never too narrow to be seen.
func (p *picture) marks(a *panel, y px) {
	for _, e := range a.events {
		from, to := p.x(max(e.Start, p.from)), p.x(min(e.End(), p.to))
		from = min(from, plotRight-narrowest)
		to = max(to, from+narrowest)
		what := fmt.Sprintf("%s, %s to %s", label(e), p.moment(e.Start), p.moment(e.End()))
		p.put("<g><title>%s</title>", escape(what))
		p.mark(e.Kind, box{from, y, to - from, panelHeight})
		p.put("</g>\n")
	}
}

// labels writes the events above the panel, in two rows. What fits into
// neither is told by the mark's own title and by the description.
func (p *picture) labels(a *panel, y px) {
	free := [2]px{plotLeft, plotLeft} // from here to the right a row is empty
	for _, e := range a.events {
		words := fmt.Sprintf("%s · %d min", label(e), e.Minutes)
		if peak := a.peak(e, p.from); peak > a.top {
			words += " · peak " + short(peak)
		}
		middle := (p.x(max(e.Start, p.from)) + p.x(min(e.End(), p.to))) / 2
		wide := width(words)
		left := min(max(middle-wide/2, plotLeft), plotRight-wide)
		for row := range free {
			if left < free[row] {
				continue
			}
			free[row] = left + wide + 80
			p.text("label "+e.Kind.String()+"-word", left, y-70-px(row)*130, words)
			break
		}
	}
}

// peak is the busiest minute of an event.
func (a *panel) peak(e flowgen.Event, from int64) uint64 {
	first, last := max(e.Start-from, 0), min(e.End()-from, int64(len(a.minutes)))
	if first >= last {
		return 0
	}
	return slices.Max(a.minutes[first:last])
}
