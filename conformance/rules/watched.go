package rules

import (
	"fmt"
	"strings"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
)

// watched is a followed job with what the SSH server saw of it.
type watched struct {
	*trace
	sight corpus.Sighting
	note  *exchange.Exchange
}

// sighted reads a probe's job; nil where it was not posted, or nobody watched.
func sighted(e *check.Evidence, k Kind, probe string) *watched {
	w := &watched{trace: follow(e, k, probe)}
	for _, x := range e.Of(probe) {
		if s, ok := corpus.ReadSighting(x.Request.Body); ok && x.Step == corpus.StepSeen && x.Request.Method == exchange.MethodSeen {
			w.sight, w.note = s, &x
		}
	}
	if w.trace == nil || w.note == nil {
		return nil
	}
	return w
}

// unwatched says why nothing can be judged.
func unwatched(e *check.Evidence) string {
	w := sighted(e, FarBackups, corpus.TargetFirst)
	switch {
	case w == nil:
		return "no job was watched from the other end"
	case w.refusesPort():
		return "the device refuses HOST:PORT as hostname, of which the documents say nothing: let the judge listen on port 22 (--ssh-listen HOST:22)"
	case w.never():
		return "no connection came from the device to " + w.sight.Host + ": look at --ssh-advertise and at the network between them, or listen on port 22"
	}
	return "the first backup to the SSH server did not complete"
}

// portNamed reports a hostname with a port.
func (w *watched) portNamed() bool {
	host := w.sight.Host
	return strings.HasSuffix(host, "]") || strings.Count(host, ":") == 1 || strings.Contains(host, "]:")
}

// refusesPort reports a job that was refused for its HOST:PORT, as far as can be told.
func (w *watched) refusesPort() bool { return w.portNamed() && w.start.Response.Status == 400 }

// never reports a job for which no connection came.
func (w *watched) never() bool { return len(w.sight.Of("connect")) == 0 }

// says is what the device tells of the job.
func (w *watched) says() string {
	if !w.start.OK() {
		return brief(w.start)
	}
	o := w.record(w.end)
	text := "status " + show(o["status"])
	if m, _ := o["message"].(string); m != "" {
		text += ", message " + show(m)
	}
	return text
}

// saw is what the server tells of the job.
func (w *watched) saw() string {
	s := &w.sight
	var parts []string
	count := func(n int, one string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, one))
		}
	}
	if w.never() {
		parts = append(parts, "no connection")
	} else {
		count(len(s.Of("connect")), "connection(s)")
		if len(s.Logins()) == 0 {
			parts = append(parts, "no log-in")
		}
	}
	for _, l := range s.Logins() {
		parts = append(parts, "log-in of "+l.User+" by "+l.Detail)
	}
	count(len(s.Of("refused")), "refusal(s)")
	count(len(s.Of("denied")), "operation(s) denied")
	count(len(s.Of("cut")), "file(s) cut short")
	for _, f := range s.Of("fault") {
		parts = append(parts, "fault "+f.Detail)
		break
	}
	var bytes int64
	for _, f := range s.Files {
		bytes += f.Size
	}
	parts = append(parts, fmt.Sprintf("%d file(s), %d bytes below %s", len(s.Files), bytes, s.Path))
	return strings.Join(parts, ", ")
}

// both adds a finding in which both observers speak.
func (t *tally) both(w *watched, ok bool, want, why string) {
	x := w.end
	if x == nil {
		x = w.start
	}
	got := "the device says " + w.says() + "; the SSH server saw " + w.saw()
	if why != "" {
		got = why + ": " + got
	}
	if ok {
		t.pass(x, want, got)
		if t.good.Exchange == id(x) {
			t.good.Witness = w.note.ID
		}
		return
	}
	n := len(t.bad)
	t.fail(x, want, got)
	if len(t.bad) > n {
		t.bad[n].Witness = w.note.ID
	}
}

// noteBoth notes what both observers tell.
func (t *tally) noteBoth(w *watched, text string) {
	n := len(t.notes)
	t.note(w.start, text+": the device says "+w.says()+"; the SSH server saw "+w.saw())
	if len(t.notes) > n {
		t.notes[n].Witness = w.note.ID
	}
}
