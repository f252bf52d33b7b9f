package ingest

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// versions are the version numbers that a listener of a protocol takes, as the first two bytes of a datagram have them;
// sFlow starts with a number of four bytes.
var versions = []struct {
	protocol string
	accepted []uint16
}{
	{"netflow", []uint16{1, 5, 7, 9, 10}},
	{"netflow5", []uint16{1, 5, 7}},
	{"netflow9", []uint16{9}},
	{"ipfix", []uint16{10}},
	{"sflow", []uint16{0}},
}

// Protocols lists what a listener can be told to take.
func Protocols() []string {
	var out []string
	for _, v := range versions {
		out = append(out, v.protocol)
	}
	return out
}

// accepted are the versions of a protocol; the error names those that there are.
func accepted(protocol string) ([]uint16, error) {
	for _, v := range versions {
		if v.protocol == protocol {
			return v.accepted, nil
		}
	}
	return nil, fmt.Errorf("ingest: %q is no protocol of a collector (expected one of %s)", protocol, strings.Join(Protocols(), ", "))
}

// takes reports whether a payload is of a version that is accepted; one too short to have any is for the decoder to refuse.
func takes(versions []uint16, payload []byte) bool {
	return len(payload) < 2 || slices.Contains(versions, binary.BigEndian.Uint16(payload))
}
