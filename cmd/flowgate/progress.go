package main

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/flowgate-dev/flowgate/conformance"
)

// progress tells how far a run has come: on a terminal one line that changes, elsewhere a plain line for every tenth of
// the way; and each failure, as it comes.
type progress struct {
	w     io.Writer
	live  bool
	tenth int
}

func (a *app) progress() *progress {
	_, live := terminal(a.err)
	return &progress{w: a.err, live: live, tenth: -1}
}

func (p *progress) show(x conformance.Progress) {
	if len(x.Failed) > 0 {
		p.end()
	}
	for i := range x.Failed {
		fmt.Fprintf(p.w, "FAILED %s: %s\n", x.Failed[i].ID, clipped(x.Failed[i].Reason))
	}
	if x.Probe != "" {
		p.step(x.Done, x.Total, x.Probe)
	}
}

// clipped is text of a device on one line of bounded length, without what a terminal would obey.
func clipped(s string) string {
	const most = 160
	clean := strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return ' '
		}
		return c
	}, s)
	if r := []rune(clean); len(r) > most {
		return string(r[:most]) + "…"
	}
	return clean
}

func (p *progress) step(done, total int, what string) {
	if p.live {
		fmt.Fprintf(p.w, "\r\x1b[K%d/%d %s", done, total, what)
		return
	}
	if tenth := done * 10 / max(total, 1); tenth != p.tenth {
		p.tenth = tenth
		fmt.Fprintf(p.w, "%d/%d %s\n", done, total, what)
	}
}

// end clears the line.
func (p *progress) end() {
	if p.live {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
