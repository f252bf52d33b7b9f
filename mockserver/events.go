package mockserver

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/flowgate-dev/flowgate/flowgen"
)

// ErrNoMadeUpTraffic says that events cannot be ordered: all statistics come from collectors or from Options.Store.
var ErrNoMadeUpTraffic = errors.New("mockserver: no traffic is made up here, so that nothing can be ordered to happen to it")

// Order lets something happen to the made-up traffic of a source, in the Unix minutes that the event covers; its Source
// is found by the address. The error wraps ErrNoMadeUpTraffic, or says what is wrong with the event.
func (a *Appliance) Order(source netip.Addr, e flowgen.Event) error {
	if a.live == nil {
		return ErrNoMadeUpTraffic
	}
	index := slices.Index(a.live.Addresses(), source)
	if index < 0 {
		return fmt.Errorf("mockserver: no traffic of %s is made up (import_stats tells the sources)", source)
	}
	e.Source = index
	return a.live.Order(e)
}
