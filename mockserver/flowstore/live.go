package flowstore

import (
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/flowgate-dev/flowgate/flowgen"
	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

// Live is a generator's traffic in which events can be ordered while it is read. An interval that no event touches
// stays as it was. It is safe for concurrent use.
type Live struct {
	mu      sync.Mutex // one order at a time
	first   *flowgen.Generator
	orders  []flowgen.Event
	current atomic.Pointer[generated]
}

// NewLive returns the traffic of a generator, with the events that it has.
func NewLive(g *flowgen.Generator) *Live {
	l := &Live{first: g}
	l.current.Store(fromGenerator(g))
	return l
}

// Order lets something happen to a source, besides what was ordered before. The error is flowgen's and says what is
// wrong with the event; then nothing changes.
func (l *Live) Order(e flowgen.Event) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	orders := append(l.orders[:len(l.orders):len(l.orders)], e)
	g, err := l.first.With(orders...)
	if err != nil {
		return err
	}
	l.orders = orders
	l.current.Store(fromGenerator(g))
	return nil
}

// Forget takes back all orders and says how many there were.
func (l *Live) Forget() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.orders)
	l.orders = nil
	l.current.Store(fromGenerator(l.first))
	return n
}

// Addresses implements Source; the index of an address is that of Event.Source.
func (l *Live) Addresses() []netip.Addr { return l.current.Load().Addresses() }

// Second implements Source.
func (l *Live) Second(source int, unixSecond int64) flow.Bucket {
	return l.current.Load().Second(source, unixSecond)
}

// Minute implements Source.
func (l *Live) Minute(source int, unixMinute int64) flow.Bucket {
	return l.current.Load().Minute(source, unixMinute)
}

// Hour implements Source.
func (l *Live) Hour(source int, unixHour int64) flow.Bucket {
	return l.current.Load().Hour(source, unixHour)
}

// Protocol is what a source exports.
func (l *Live) Protocol(source int) flow.Protocol { return l.current.Load().Protocol(source) }
