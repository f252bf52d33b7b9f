package ingest

import (
	"encoding/json"

	"github.com/flowgate-dev/flowgate/flowgen/wire"
)

// noTemplate is the cause of a datagram with data for which no template has come; the others are the decoder's faults.
const noTemplate = wire.ErrLimit + 1

// Causes counts bad datagrams by what is wrong with them.
type Causes [noTemplate + 1]uint64

// causes are the words for them.
var causes = [len(Causes{})]string{
	wire.ErrShort: "short", wire.ErrVersion: "version", wire.ErrLength: "length", wire.ErrCount: "count", wire.ErrSet: "set",
	wire.ErrTemplate: "template", wire.ErrSample: "sample", wire.ErrLimit: "limit", noTemplate: "no-template",
}

// Each calls f with each cause that has occurred, in a fixed order.
func (c Causes) Each(f func(cause string, n uint64)) {
	for i, n := range c {
		if n > 0 {
			f(causes[i], n)
		}
	}
}

// MarshalJSON writes an object of the causes that have occurred.
func (c Causes) MarshalJSON() ([]byte, error) {
	out := map[string]uint64{}
	c.Each(func(cause string, n uint64) { out[cause] = n })
	return json.Marshal(out)
}

// Counters tell what a collector has seen since it began. Datagrams and Bytes are those that were read, bad ones
// included; Dropped never got that far.
type Counters struct {
	Protocol  string `json:"protocol"`
	Address   string `json:"address"`
	Datagrams uint64 `json:"datagrams"`
	Bytes     uint64 `json:"bytes"` // of IP packets
	Flows     uint64 `json:"flows"`
	Bad       Causes `json:"bad"`     // datagrams, by cause
	Refused   uint64 `json:"refused"` // datagrams of sources beyond the limit: in no statistics
	Dropped   uint64 `json:"dropped"` // by the kernel, because the receive buffer was full; 0 where it cannot tell
	Failure   string `json:"failure,omitempty"`
}

func (c *Counters) add(o *Counters) {
	c.Datagrams += o.Datagrams
	c.Bytes += o.Bytes
	c.Flows += o.Flows
	c.Refused += o.Refused
	for i, n := range o.Bad {
		c.Bad[i] += n
	}
}

// Counters is what the collector has seen up to now.
func (c *Collector) Counters() Counters {
	c.mu.Lock()
	out := c.counters
	if c.failed != nil {
		out.Failure = c.failed.Error()
	}
	c.mu.Unlock()
	out.Dropped = c.dropped()
	return out
}
