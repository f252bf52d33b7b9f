package plot

import (
	"fmt"
	"html"
	"strconv"
	"strings"

	"github.com/flowgate-dev/flowgate/flowgen"
)

// px is a length in tenths of a pixel: whole numbers are the same everywhere.
type px int64

// String writes pixels with at most one decimal.
func (n px) String() string {
	if n%10 == 0 {
		return strconv.FormatInt(int64(n/10), 10)
	}
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	return fmt.Sprintf("%s%d.%d", sign, n/10, n%10)
}

// style holds the colours twice: for light readers and for dark ones. Without
// variables, because some renderers know none.
const style = `
svg{color-scheme:light dark}
text{font:12px system-ui,-apple-system,"Segoe UI","Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums;fill:#1b2430}
.title{font-size:22px;font-weight:600}
.name{font-size:13px;font-weight:600}
.muted,.tick{fill:#566270}
.tick,.label{font-size:11px}
.label{font-weight:600}
.middle{text-anchor:middle}
.end{text-anchor:end}
.page{fill:#fff}
.ground{fill:#f7f9fb}
.night{fill:#5b7da8;fill-opacity:.11}
.grid{stroke:#d5dce4;stroke-width:1;fill:none}
.area{fill:#1f5fa8;fill-opacity:.16}
.range{fill:#1f5fa8;fill-opacity:.28}
.line{stroke:#174a86;stroke-width:1.3;fill:none;stroke-linejoin:round}
.outage,.burst,.ddos,.scan,.broken{fill-opacity:.26}
.edge{fill-opacity:1}
.outage{fill:#6b7280}.outage-word{fill:#4b5563}
.burst{fill:#d97706}.burst-word{fill:#a65503}
.ddos{fill:#dc2626}.ddos-word{fill:#b91c1c}
.scan{fill:#7c3aed}.scan-word{fill:#6d28d9}
.broken{fill:#0f766e}.broken-word{fill:#0f6a62}
.hatch{stroke:#4b5563;stroke-width:1.4}
.dots{fill:#0f766e}
@media (prefers-color-scheme:dark){
text{fill:#e6ebf2}
.muted,.tick{fill:#a3afbd}
.page{fill:#0f141b}
.ground{fill:#151c25}
.night{fill:#8fb3e6;fill-opacity:.08}
.grid{stroke:#2b3643}
.area{fill:#7db4ff;fill-opacity:.16}
.range{fill:#7db4ff;fill-opacity:.28}
.line{stroke:#9cc6ff}
.outage,.burst,.ddos,.scan,.broken{fill-opacity:.34}
.edge{fill-opacity:1}
.outage{fill:#9ca3af}.outage-word{fill:#c3c9d2}
.burst{fill:#f59e0b}.burst-word{fill:#fbbf24}
.ddos{fill:#ef4444}.ddos-word{fill:#fca5a5}
.scan{fill:#8b5cf6}.scan-word{fill:#c4b5fd}
.broken{fill:#14b8a6}.broken-word{fill:#5eead4}
.hatch{stroke:#9ca3af}
.dots{fill:#2dd4bf}
}
`

// patterns tell outages and broken exporters apart without colour.
const patterns = `<defs>
<pattern id="hatched" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="hatch" d="M0 0V6"/></pattern>
<pattern id="dotted" width="5" height="5" patternUnits="userSpaceOnUse"><circle class="dots" cx="1.5" cy="1.5" r="1"/></pattern>
</defs>
`

func patternOf(k flowgen.EventKind) string {
	switch k {
	case flowgen.Outage:
		return "hatched"
	case flowgen.Broken:
		return "dotted"
	}
	return ""
}

// nameOf is a kind of event for people.
func nameOf(k flowgen.EventKind) string {
	switch k {
	case flowgen.DDoS:
		return "DDoS"
	case flowgen.Broken:
		return "broken exporter"
	}
	return k.String()
}

// label is an event with its strength.
func label(e flowgen.Event) string {
	switch e.Kind {
	case flowgen.Outage:
		return nameOf(e.Kind)
	case flowgen.Broken:
		return fmt.Sprintf("%s, %d %% damaged", nameOf(e.Kind), e.Percent)
	}
	return fmt.Sprintf("%s ×%d.%d", nameOf(e.Kind), e.Percent/100, e.Percent/10%10)
}

// short is a number of a scale: 1.5 k, 20 k, 3 M.
func short(v uint64) string {
	unit, letter := uint64(1), ""
	for _, u := range []struct {
		unit   uint64
		letter string
	}{{1e3, " k"}, {1e6, " M"}, {1e9, " G"}, {1e12, " T"}} {
		if v >= u.unit {
			unit, letter = u.unit, u.letter
		}
	}
	if tenths := v * 10 / unit % 10; v < 100*unit && tenths > 0 {
		return fmt.Sprintf("%d.%d%s", v/unit, tenths, letter)
	}
	return strconv.FormatUint(v/unit, 10) + letter
}

// grouped writes 1234567 as 1 234 567.
func grouped(v uint64) string {
	digits := strconv.FormatUint(v, 10)
	var b strings.Builder
	for i, c := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteRune('\u202f') // narrow, and no place to break a line
		}
		b.WriteRune(c)
	}
	return b.String()
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// width is about how wide a text of 12 pixels is.
func width(words string) px { return px(len([]rune(words))) * 63 }

func escape(words string) string { return html.EscapeString(words) }
