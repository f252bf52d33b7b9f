package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
	"github.com/flowgate-dev/flowgate/conformance/verdict"
)

// briefEvents is how many events of a second observer stand in a report that is not verbose.
const briefEvents = 14

// seen is what a second observer tells, as lines for people: its events, then the files that lay there in the end. It is
// nil for an exchange that is no sighting, and for one of which a part was not kept.
func seen(x *verdict.Exchange) []string {
	if x == nil || x.Request.Method != exchange.MethodSeen {
		return nil
	}
	s, ok := corpus.ReadSighting([]byte(x.Request.Body))
	if !ok {
		return nil
	}
	var out []string
	for _, e := range s.Events {
		words := []string{e.At.UTC().Format("15:04:05.000"), fmt.Sprintf("#%d", e.Conn), e.Kind, e.User, e.Path, e.To, e.Detail}
		if e.Size > 0 {
			words = append(words, plural(int(e.Size), "byte"))
		}
		out = append(out, line(strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " "), cellLimit))
	}
	for _, f := range s.Files {
		text := ""
		if f.Text {
			text = ", all of it plain text"
		}
		if len(f.Holds) > 0 {
			text += ", with " + strings.Join(f.Holds, " and ") + " in it"
		}
		out = append(out, line(fmt.Sprintf("in the end: %s, %s%s", f.Path, plural(int(f.Size), "byte"), text), cellLimit))
	}
	if len(out) == 0 {
		out = []string{"nothing at all"}
	}
	return out
}

// where is the place of a sighting, for people.
func where(x *verdict.Exchange) string {
	return fmt.Sprintf("%s: seen at %s, the other end", line(x.ID, 0), line(strings.TrimPrefix(x.Request.URL, "ssh://"), cellLimit))
}

// witness writes what the second observer of a finding saw.
func (p *page) witness(id string) {
	x := p.exchanges[id]
	lines := seen(x)
	if lines == nil {
		return
	}
	p.paragraph(4, where(x))
	more := 0
	if !p.o.Verbose && len(lines) > briefEvents {
		lines, more = lines[:briefEvents], len(lines)-briefEvents
	}
	for _, l := range lines {
		p.print("      %s\n", p.paint("quiet", l))
	}
	if more > 0 {
		p.print("      and %s\n", plural(more, "more line"))
	}
}

// markdownWitness is the same for Markdown; "" where there is none.
func markdownWitness(x *verdict.Exchange) string {
	lines := seen(x)
	if lines == nil {
		return ""
	}
	more := ""
	if len(lines) > 2*briefEvents {
		more = "\nand " + plural(len(lines)-2*briefEvents, "more line")
		lines = lines[:2*briefEvents]
	}
	return escape(where(x), valueLimit) + "\n\n" + fence("text", strings.Join(lines, "\n")+more)
}
