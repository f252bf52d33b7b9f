package fools

import (
	"bytes"
	"encoding/binary"
	"net/http"
	"net/netip"
	"time"

	"github.com/flowgate-dev/flowgate/conformance/verdict"
	"github.com/flowgate-dev/flowgate/flowgen/wire"
)

// Datagram is one UDP payload on its way to a collector of the device.
type Datagram struct {
	From    netip.Addr
	To      netip.AddrPort
	Payload []byte
}

// Way carries datagrams to the device's collectors. It may keep nothing of a payload once it has returned.
type Way func(Datagram) error

// honest is the handler of a fool that is wrong before statistics are made.
func honest(next http.Handler) http.Handler { return next }

// onTheWay is a mutant that takes datagrams wrongly and tells truly what it took.
func onTheWay(name, requirement, about string, way func(next Way) Way) Fool {
	return Fool{Name: name, Kind: Mutant, Requirement: requirement, Expect: verdict.Failed, About: about, Wrap: honest, Way: way}
}

// oddOnTheWay is an eccentric that does something to datagrams.
func oddOnTheWay(name, about string, way func(next Way) Way) Fool {
	return Fool{Name: "eccentric/" + name, Kind: Eccentric, Expect: verdict.Noted, About: about, Wrap: honest, Way: way}
}

// drop loses the datagrams that a fresh chooser chooses.
func drop(chooser func() func(*Datagram) bool) func(Way) Way {
	return func(next Way) Way {
		chosen := chooser()
		return func(d Datagram) error {
			if chosen(&d) {
				return nil
			}
			return next(d)
		}
	}
}

// each makes a chooser of every n-th datagram.
func each(n int) func() func(*Datagram) bool {
	return func() func(*Datagram) bool {
		seen := 0
		return func(*Datagram) bool {
			seen++
			return seen%n == 0
		}
	}
}

// reading makes a chooser that looks at what a datagram says; err tells that it says nothing.
func reading(choose func(m wire.Message, err error) bool) func() func(*Datagram) bool {
	return func() func(*Datagram) bool {
		var decoder wire.Decoder
		return func(d *Datagram) bool { return choose(decoder.Decode(d.From, d.Payload)) }
	}
}

// twice takes every n-th datagram twice.
func twice(n int) func(Way) Way {
	return func(next Way) Way {
		chosen := each(n)()
		return func(d Datagram) error {
			if chosen(&d) {
				if err := next(d); err != nil {
					return err
				}
			}
			return next(d)
		}
	}
}

// readdressed takes datagrams as if another source had sent them.
func readdressed(from func() func(netip.Addr) netip.Addr) func(Way) Way {
	return func(next Way) Way {
		other := from()
		return func(d Datagram) error {
			d.From = other(d.From)
			return next(d)
		}
	}
}

// even is an address without its last bit.
func even(a netip.Addr) netip.Addr {
	b := a.AsSlice()
	b[len(b)-1] &^= 1
	out, _ := netip.AddrFromSlice(b)
	return out
}

// firstOnly makes every address the one that came first.
func firstOnly() func(netip.Addr) netip.Addr {
	var first netip.Addr
	return func(a netip.Addr) netip.Addr {
		if !first.IsValid() {
			first = a
		}
		return first
	}
}

// stale takes what is left of the datagram before where one cannot be decoded.
func stale(next Way) Way {
	var decoder wire.Decoder
	last := map[netip.AddrPort][]byte{}
	return func(d Datagram) error {
		m, err := decoder.Decode(d.From, d.Payload)
		switch {
		case err == nil && m.Flows > 0:
			last[d.To] = bytes.Clone(d.Payload)
		case err != nil && last[d.To] != nil:
			d.Payload = last[d.To]
		}
		return next(d)
	}
}

// outdated makes a chooser of datagrams whose own time lies an hour behind that of the latest one.
func outdated() func(*Datagram) bool {
	latest := time.Time{}
	return func(d *Datagram) bool {
		at := exported(d.Payload)
		if at.After(latest) {
			latest = at
		}
		return !at.IsZero() && at.Before(latest.Add(-time.Hour))
	}
}

// exported is the time in a header of NetFlow v5, v9 and IPFIX; zero where there is none.
func exported(payload []byte) time.Time {
	if len(payload) < 16 {
		return time.Time{}
	}
	switch binary.BigEndian.Uint16(payload) {
	case 5, 9:
		return time.Unix(int64(binary.BigEndian.Uint32(payload[8:])), 0)
	case 10:
		return time.Unix(int64(binary.BigEndian.Uint32(payload[4:])), 0)
	}
	return time.Time{}
}
