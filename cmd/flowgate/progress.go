package main

import (
	"fmt"
	"io"

	"github.com/flowgate-dev/flowgate/conformance"
)

// progress tells how far a run has come: on a terminal one line that changes, elsewhere a plain line for every tenth of
// the way.
type progress struct {
	w     io.Writer
	live  bool
	tenth int
}

func (a *app) progress() *progress {
	_, live := terminal(a.err)
	return &progress{w: a.err, live: live, tenth: -1}
}

func (p *progress) show(x conformance.Progress) { p.step(x.Done, x.Total, x.Probe) }

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
