package wire

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

// Fault is why a datagram was refused. Compare with errors.Is.
type Fault uint8

// The faults that Decoder finds.
const (
	ErrShort    Fault = 1 + iota // it ends before something that it promises
	ErrVersion                   // a version that is not read
	ErrLength                    // a length that contradicts another, or bytes left over
	ErrCount                     // a number of records that cannot be
	ErrSet                       // a set with a reserved number, or empty
	ErrTemplate                  // a template that cannot describe a record
	ErrSample                    // an sFlow sample or record that contradicts itself
	ErrLimit                     // more templates or domains than Limits allow
)

// Error says the fault in words.
func (f Fault) Error() string {
	switch f {
	case ErrShort:
		return "the datagram is cut short"
	case ErrVersion:
		return "the version is none that is read here"
	case ErrLength:
		return "the lengths do not agree"
	case ErrCount:
		return "the number of records is impossible"
	case ErrSet:
		return "the set is reserved or empty"
	case ErrTemplate:
		return "the template describes no record"
	case ErrSample:
		return "the sample contradicts itself"
	case ErrLimit:
		return "the source has too many templates or domains"
	}
	return "no fault"
}

// DecodeError tells what is wrong with a datagram and where.
type DecodeError struct {
	Fault   Fault
	Version uint16 // as far as it could be read
	Offset  int    // of the byte in the payload at which the fault shows
	Want    int    // bytes, records or fields that were expected there
	Got     int    // and how many there were
}

// Error names the fault, the version and the place.
func (e *DecodeError) Error() string {
	return fmt.Sprintf("wire: version %d, byte %d: %s (want %d, got %d)", e.Version, e.Offset, e.Fault, e.Want, e.Got)
}

// Unwrap gives the Fault.
func (e *DecodeError) Unwrap() error { return e.Fault }

// Message is what a datagram says about itself. Flows counts flow records (in
// sFlow: flow samples), and Packets and Octets what they carried.
type Message struct {
	Version  uint16 // 1, 5, 7, 9 or 10; sFlow is 5 with Protocol SFlow
	Protocol flow.Protocol
	Domain   uint32 // engine id, source id, observation domain or sub-agent
	Sequence uint32
	Export   int64 // Unix milliseconds of the exporter's clock; 0 in sFlow, which has none
	Uptime   uint32
	Agent    netip.Addr // sFlow only

	Flows           int
	Packets, Octets uint64

	Count         int // the records that a NetFlow v9 header claims; real exporters differ, so it is no fault
	Templates     int // template and options template records
	OptionRecords int
	Counters      int // sFlow counter samples
	Unknown       int // data sets without a template, sFlow samples and records of other formats
}

// Limits bounds what a Decoder remembers. Zero values are the defaults.
type Limits struct {
	Domains          int // in all; 0 is 4096. The one longest unused makes room
	DomainsPerSource int // 0 is 16; more are refused with ErrLimit
	Templates        int // in each domain; 0 is 256; more are refused with ErrLimit
	Fields           int // in each template; 0 is 256; more are refused with ErrLimit
}

// Decoder reads datagrams and remembers templates by source address, version,
// observation domain and template number. The zero Decoder is ready. It is not
// safe for concurrent use: give each socket its own, or each source.
type Decoder struct {
	Limits Limits

	store  store
	walk   walk              // the datagram at hand
	staged []*templateRecord // its new templates
}

// walk is one datagram on its way.
type walk struct {
	Message
	payload []byte
	records []flow.Record
	keep    bool // records are wanted
}

// Decode reads one UDP payload that came from a source. It takes the payload
// whole or refuses it with a *DecodeError, and then remembers nothing of it. It
// allocates for new templates only.
func (d *Decoder) Decode(from netip.Addr, payload []byte) (Message, error) {
	d.walk = walk{payload: payload} // in the Decoder, so that it need not be allocated
	err := d.dispatch(from)
	d.walk.payload = nil
	if err != nil {
		return d.walk.refused(), err
	}
	return d.walk.Message, nil
}

// Records is Decode, and appends the flow records to dst. On an error dst is
// returned as it was.
func (d *Decoder) Records(from netip.Addr, payload []byte, dst []flow.Record) ([]flow.Record, Message, error) {
	d.walk = walk{payload: payload, records: dst, keep: true}
	err := d.dispatch(from)
	records := d.walk.records
	d.walk.payload, d.walk.records = nil, nil
	if err != nil {
		return dst, d.walk.refused(), err
	}
	return records, d.walk.Message, nil
}

// refused is what is told of a datagram that was not taken.
func (w *walk) refused() Message { return Message{Version: w.Version, Protocol: w.Protocol} }

func (d *Decoder) dispatch(from netip.Addr) error {
	w := &d.walk
	if len(w.payload) < 4 {
		return w.fault(ErrShort, 0, 4, len(w.payload))
	}
	w.Version = binary.BigEndian.Uint16(w.payload)
	switch w.Version {
	case 0:
		return w.sflow()
	case 1, 5, 7:
		return w.legacy()
	case 9, 10:
		return d.sets(from)
	}
	return w.fault(ErrVersion, 0, 5, int(w.Version))
}

func (w *walk) fault(f Fault, offset, want, got int) error {
	return &DecodeError{Fault: f, Version: w.Version, Offset: offset, Want: want, Got: got}
}
