package exchange

import (
	"cmp"
	"net/http"
	"time"
)

// MethodSend is the method of an exchange that is no HTTP request: something that the harness did beside the API, such
// as sending datagrams. Its URL says to whom, its body what, and it has no answer.
const MethodSend = "SEND"

// MethodSeen is the method of an exchange that is no HTTP request either: what was seen happening elsewhere, such as at
// the SSH server that a backup goes to. Its URL says where, its body what.
const MethodSeen = "SEEN"

// Note is what Recorder.Note records.
type Note struct {
	Step    string
	Method  string // MethodSend or MethodSeen; "" is MethodSend
	URL     string // such as udp://10.0.0.1:2055
	Body    []byte // JSON
	Started time.Time
	Total   time.Duration
}

// Noted reports an exchange that Recorder.Note made.
func (x *Exchange) Noted() bool {
	return x.Request.Method == MethodSend || x.Request.Method == MethodSeen
}

// Note records something that was done beside the API, redacted, so that recordings and reports hold it and rules can
// judge by it later.
func (r *Recorder) Note(probe string, n Note) Exchange {
	slot := r.reserve()
	x := noted(probe, n)
	x.ID = slotID(slot)
	r.keep(slot, &x)
	return x
}

// DraftNote is what Note would record. Nothing is kept.
func (r *Recorder) DraftNote(probe string, n Note) Exchange {
	x := noted(probe, n)
	r.redactor.Redact(&x, r.o.MaxBody)
	return x
}

func noted(probe string, n Note) Exchange {
	return Exchange{
		Probe: probe, Step: n.Step, Started: n.Started.Round(0).UTC(), Total: n.Total,
		Request: Message{
			Method: cmp.Or(n.Method, MethodSend), URL: n.URL, Body: n.Body, Header: http.Header{"Content-Type": {"application/json"}},
		},
		Response: Message{Header: http.Header{}},
	}
}
