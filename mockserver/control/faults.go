package control

import (
	"net/http"

	"github.com/flowgate-dev/flowgate/mockserver/fault"
)

// trouble is the list of faults as people write them.
type trouble struct {
	Faults []string `json:"faults"`
}

func (p *plane) faults(w http.ResponseWriter, _ *http.Request) {
	out := trouble{Faults: []string{}}
	for _, f := range p.Faults() {
		out.Faults = append(out.Faults, f.String())
	}
	send(w, out)
}

func (p *plane) setFaults(w http.ResponseWriter, r *http.Request) {
	var in trouble
	if !read(w, r, &in, `the faults that strike from now on, in place of all others: {"faults": ["latency:by=200ms", "status:code=503,times=2"]}; [] ends them all`) {
		return
	}
	faults := make([]fault.Fault, 0, len(in.Faults))
	for _, spec := range in.Faults {
		f, err := fault.Parse(spec)
		if err != nil {
			refuse(w, http.StatusBadRequest, err, "nothing has been changed")
			return
		}
		faults = append(faults, f)
	}
	if err := p.SetFaults(faults); err != nil {
		refuse(w, http.StatusBadRequest, err, "nothing has been changed")
		return
	}
	p.faults(w, r)
}
