package mockserver

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/flowgate-dev/flowgate/mockserver/fault"
)

// Faults are what networks and sick appliances do to exchanges, as they were asked for; spent ones are left out.
func (a *Appliance) Faults() []fault.Fault { return a.faults.List() }

// SetFaults ends all faults and sets these, in the order in which they strike. The error names an operation that the
// document does not have, or a fault that fault.Parse would refuse, and then nothing changes.
func (a *Appliance) SetFaults(faults []fault.Fault) error {
	for _, f := range faults {
		if f.Operation != "" && !a.router.has(f.Operation) {
			return fmt.Errorf("mockserver: fault %s: the appliance has no operation %q (accepted: %s)", f.Name, f.Operation, strings.Join(a.router.operations(), ", "))
		}
		if _, err := fault.Parse(f.String()); err != nil {
			return fmt.Errorf("mockserver: %w", err)
		}
	}
	a.faults.Replace(faults)
	return nil
}

// struck lets faults act before the answer and on its body. It reports that the exchange is over.
func (a *Appliance) struck(c *call) bool {
	if !a.faults.Armed() {
		return false
	}
	operation := ""
	if res := a.resource(c); res != nil && res.methods[c.r.Method] != nil {
		operation = res.methods[c.r.Method].op.ID
	}
	faults := a.faults.Strike(operation)
	if len(faults) == 0 {
		return false
	}
	names := make([]string, 0, len(faults))
	for _, f := range faults {
		names = append(names, f.String())
	}
	c.fault = strings.Join(names, " ")
	over, abort := fault.Before(c.w, c.r, faults)
	if abort {
		panic(http.ErrAbortHandler)
	}
	c.w.ResponseWriter = fault.Wrap(c.w.ResponseWriter, c.r, faults)
	return over
}
