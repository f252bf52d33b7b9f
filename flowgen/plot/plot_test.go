package plot_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/flowgate-dev/flowgate/flowgen"
	"github.com/flowgate-dev/flowgate/flowgen/plot"
)

var day = time.Date(2024, 1, 8, 15, 30, 0, 0, time.UTC) // any time of the day means the day

// minute is the first of that day.
const minute = 1704672000 / 60

func drawn(t require.TestingT, g *flowgen.Generator, o plot.Options) string {
	var out bytes.Buffer
	require.NoError(t, plot.SVG(&out, g, o))
	return out.String()
}

func world(t require.TestingT, o flowgen.Options) *flowgen.Generator {
	g, err := flowgen.New(o)
	require.NoError(t, err)
	return g
}

// inside reads the picture as XML and reports what lies outside of it, or that
// it could do anything but be looked at.
func inside(picture string) error {
	var width, height float64
	d := xml.NewDecoder(strings.NewReader(picture))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		e, start := token.(xml.StartElement)
		if !start {
			continue
		}
		if e.Name.Local == "script" || e.Name.Local == "foreignObject" || e.Name.Local == "image" {
			return fmt.Errorf("there is a %s", e.Name.Local)
		}
		if e.Name.Local == "pattern" {
			if err := d.Skip(); err != nil { // has coordinates of its own
				return err
			}
			continue
		}
		for _, a := range e.Attr {
			if a.Name.Local == "viewBox" {
				if _, err := fmt.Sscanf(a.Value, "0 0 %f %f", &width, &height); err != nil {
					return err
				}
			}
			if err := fits(a, width, height); err != nil {
				return fmt.Errorf("%s: %w", e.Name.Local, err)
			}
		}
	}
}

// fits judges one attribute. In the paths of these pictures the absolute
// coordinates come in pairs, but after V and H.
func fits(a xml.Attr, width, height float64) error {
	bound := map[string]float64{"x": width, "width": width, "y": height, "height": height}[a.Name.Local]
	numbers := []string{a.Value}
	if a.Name.Local == "d" {
		bound, numbers = width, regexp.MustCompile(`-?[0-9.]+`).FindAllString(a.Value, -1)
		if strings.Contains(a.Value, "h") { // of the legend: relative
			numbers = numbers[:2]
		}
	}
	if strings.HasPrefix(a.Name.Local, "on") || strings.Contains(a.Value, "javascript:") {
		return fmt.Errorf("the attribute %s does something", a.Name.Local)
	}
	if bound == 0 {
		return nil
	}
	for _, n := range numbers {
		if v, err := strconv.ParseFloat(n, 64); err != nil || v < 0 || v > max(bound, height) {
			return fmt.Errorf("%s is %q", a.Name.Local, n)
		}
	}
	return nil
}

func TestWhateverIsDrawnIsWholeAndInside(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := world(t, flowgen.Options{Seed: rapid.Uint64Range(1, 1<<40).Draw(t, "seed"), Sources: rapid.IntRange(1, 2).Draw(t, "sources")})
		from := rapid.Int64Range(-50_000, 50_000).Draw(t, "day")
		picture := drawn(t, g, plot.Options{
			Day: time.Unix(from*86400, 0), Days: 1,
			Measure: plot.Measure(rapid.IntRange(0, 2).Draw(t, "measure")),
		})
		if err := inside(picture); err != nil {
			t.Fatal(err)
		}
	})
}

func TestAWeekHasItsDaysOnTheAxis(t *testing.T) {
	g := world(t, flowgen.Options{Sources: 1})
	for days, ticks := range map[int][]string{
		1: {"00:00", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00", "21:00", "24:00"},
		2: {"Mon 00:00", "Mon 06:00", "Mon 12:00", "Mon 18:00", "Tue 00:00", "Tue 06:00", "Tue 12:00", "Tue 18:00"},
		7: {"Mon 8 Jan", "Tue 9 Jan", "Wed 10 Jan", "Thu 11 Jan", "Fri 12 Jan", "Sat 13 Jan", "Sun 14 Jan"},
	} {
		picture := drawn(t, g, plot.Options{Day: day, Days: days})
		require.NoError(t, inside(picture))
		var got []string
		for _, m := range regexp.MustCompile(`<text class="tick middle"[^>]*>([^<]*)<`).FindAllStringSubmatch(picture, -1) {
			got = append(got, m[1])
		}
		require.Equal(t, ticks, got)
	}
}

func TestEveryEventIsMarkedLabelledAndDescribed(t *testing.T) {
	calm := world(t, flowgen.Options{Sources: 5, NoEvents: true})
	require.False(t, strings.Contains(drawn(t, calm, plot.Options{Day: day}), "<g><title>"))
	for kind, want := range map[flowgen.EventKind]string{
		flowgen.Outage: "outage", flowgen.Burst: "burst ×3.0", flowgen.DDoS: "DDoS ×20.0", flowgen.Scan: "scan ×2.0",
		flowgen.Broken: "broken exporter, 5 % damaged",
	} {
		g, err := calm.With(flowgen.Event{Kind: kind, Source: 3, Start: minute + 12*60, Minutes: 40})
		require.NoError(t, err)
		picture := drawn(t, g, plot.Options{Day: day})
		require.NoError(t, inside(picture))
		require.Equal(t, 1, strings.Count(picture, "<g><title>"+want+", 12:00 to 12:40</title>"), want)
		labelled := regexp.MustCompile(fmt.Sprintf(`<text class="label %s-word"[^>]*>%s · 40 min`, kind, want))
		require.Len(t, labelled.FindAllString(picture, -1), 1, want)
		require.True(t, strings.Contains(picture, "; "+want+" from 12:00 for 40 minutes."), "the description tells of the %s", kind)
		// nothing of it the day after
		require.False(t, strings.Contains(drawn(t, g, plot.Options{Day: day.AddDate(0, 0, 1)}), "<g><title>"), kind)
	}
}

// The line is the mean of four minutes: in the middle of the panel where that
// is half of the scale, on its ground in an outage.
func TestTheLineIsTheTraffic(t *testing.T) {
	g := world(t, flowgen.Options{Sources: 1, NoEvents: true, Events: []flowgen.Event{{Kind: flowgen.Outage, Start: minute + 60, Minutes: 60}}})
	picture := drawn(t, g, plot.Options{Day: day})
	line := regexp.MustCompile(`<path class="line" d="M([^"h]+)"`).FindStringSubmatch(picture)
	require.NotNil(t, line)
	numbers := strings.Fields(line[1])
	require.Len(t, numbers, 2*360)
	ticks := regexp.MustCompile(`<text class="tick end" x="[0-9.]+" y="([0-9.]+)">([^<]+)<`).FindAllStringSubmatch(picture, -1)
	require.Len(t, ticks, 3)
	number := func(s string) float64 {
		v, err := strconv.ParseFloat(s, 64)
		require.NoError(t, err)
		return v
	}
	scale := map[string]float64{"k": 1000, "M": 1e6}
	word, unit, _ := strings.Cut(ticks[0][2], " ")
	top, high, low := number(word)*max(scale[unit], 1), number(ticks[0][1])-4, number(ticks[2][1])-4
	for _, i := range []int{0, 20, 100, 359} {
		sum := uint64(0)
		for m := range int64(4) {
			sum += g.Minute(0, minute+int64(4*i)+m).Flows
		}
		require.InDelta(t, low-(low-high)*float64(sum)/4/top, number(numbers[2*i+1]), 0.2, "point %d", i)
	}
	require.InDelta(t, low, number(numbers[2*20+1]), 0.01, "minute 80 is dark")
}

func TestTheMeasureIsWhatItSays(t *testing.T) {
	g := world(t, flowgen.Options{Sources: 2})
	seen := map[string]bool{}
	for i, word := range plot.MeasureNames() {
		picture := drawn(t, g, plot.Options{Day: day, Measure: plot.Measure(i)})
		require.True(t, strings.Contains(picture, "the "+word+" it exports"), word)
		line := regexp.MustCompile(`<path class="line" d="M[^"]{100,}"`).FindString(picture)
		require.False(t, seen[line])
		seen[line] = true
	}
}

func TestWhatDoesNotFitIsRefused(t *testing.T) {
	g := world(t, flowgen.Options{Sources: plot.MaxSources + 1})
	require.ErrorContains(t, plot.SVG(io.Discard, g, plot.Options{Day: day}), "hint:")
	g = world(t, flowgen.Options{})
	require.ErrorContains(t, plot.SVG(io.Discard, g, plot.Options{Day: day, Days: plot.MaxDays + 1}), "hint:")
	require.ErrorContains(t, plot.SVG(io.Discard, g, plot.Options{Day: day, Measure: 3}), "hint:")
}

func TestForeignWordsStayWords(t *testing.T) {
	p, err := flowgen.BuiltInProfile("branch")
	require.NoError(t, err)
	p.Name = `</text><script>alert("1")</script>`
	picture := drawn(t, world(t, flowgen.Options{Sources: 1, Custom: &p}), plot.Options{Day: day})
	require.NoError(t, inside(picture))
	require.True(t, strings.Contains(picture, "&lt;script&gt;"))
}
