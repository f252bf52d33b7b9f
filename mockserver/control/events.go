package control

import (
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"github.com/flowgate-dev/flowgate/flowgen"
)

// happening is an event as people order it.
type happening struct {
	Kind    string     `json:"kind"`
	Source  string     `json:"source"`
	Start   *time.Time `json:"start"` // the appliance's time; its minute counts
	Minutes int64      `json:"minutes"`
	Percent int64      `json:"percent,omitempty"` // 0 is what is usual for the kind
}

func (p *plane) order(w http.ResponseWriter, r *http.Request) {
	const hint = `an event is such as {"kind": "ddos", "source": "10.20.0.1", "minutes": 10, "percent": 2000}; kinds are outage, burst, ddos, scan and broken, ` +
		`start is a time (RFC 3339) and the next minute if not given, percent is how strong it is`
	var in happening
	if !read(w, r, &in, hint) {
		return
	}
	refused := func(err error) { refuse(w, http.StatusBadRequest, err, hint) }
	kind, err := flowgen.ParseEventKind(in.Kind)
	if err != nil {
		refused(err)
		return
	}
	source, err := netip.ParseAddr(in.Source)
	if err != nil {
		refused(fmt.Errorf("source %q is no address", in.Source))
		return
	}
	start := p.Clock().Now().Truncate(time.Minute).Add(time.Minute)
	if in.Start != nil {
		start = in.Start.Truncate(time.Minute)
	}
	start = start.UTC()
	if err := p.Order(source.Unmap(), flowgen.Event{Kind: kind, Start: start.Unix() / 60, Minutes: in.Minutes, Percent: in.Percent}); err != nil {
		refused(err)
		return
	}
	in.Start, in.Source = &start, source.Unmap().String()
	send(w, in)
}
