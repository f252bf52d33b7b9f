package wire

// Field is one field specifier of a template: an information element and its
// length in a record. Length 65535 is IPFIX's variable length.
type Field struct {
	ID         uint16
	Length     uint16
	Enterprise uint32 // 0 is IANA's own registry
}

// VariableLength is the field length that IPFIX reserves for fields whose
// length stands in each record (RFC 7011 section 7).
const VariableLength = 65535

// Template and set numbers that the exporters of this package use.
const (
	Template4      = 256 // IPv4 traffic
	Template6      = 257 // IPv6 traffic
	TemplateOption = 258 // sampling and exporter options

	v9TemplateSet    = 0
	v9OptionSet      = 1
	ipfixTemplateSet = 2
	ipfixOptionSet   = 3
	minDataSet       = 256
)

// DocumentationPEN is the enterprise number that RFC 5612 sets aside for
// examples; the exporters use it for the ordinal of a record.
const DocumentationPEN = 32473

// Information elements (IANA ipfix registry; NetFlow v9 shares the low numbers).
const (
	ieOctets      = 1
	iePackets     = 2
	ieProtocol    = 4
	ieTOS         = 5
	ieTCPFlags    = 6
	ieSrcPort     = 7
	ieSrc4        = 8
	ieSrcMask4    = 9
	ieInput       = 10
	ieDstPort     = 11
	ieDst4        = 12
	ieDstMask4    = 13
	ieOutput      = 14
	ieNextHop4    = 15
	ieSrcAS       = 16
	ieDstAS       = 17
	ieLastUptime  = 21
	ieFirstUptime = 22
	ieSrc6        = 27
	ieDst6        = 28
	ieSrcMask6    = 29
	ieDstMask6    = 30
	ieSampling    = 34
	ieSamplingAlg = 35
	ieVLAN        = 58
	ieIPVersion   = 60
	ieDirection   = 61
	ieNextHop6    = 62
	ieForwarding  = 89
	ieEndReason   = 136
	ieDomain      = 149
	ieStartMillis = 152
	ieEndMillis   = 153
	ieOrdinal     = 1 // under DocumentationPEN

	v9ScopeSystem = 1
)

// The order of these fields is the order in which the encoders write.
func v9Template(ipv6 bool) [v9Fields]Field {
	fields := [...]Field{
		{ID: ieSrc4, Length: 4},
		{ID: ieDst4, Length: 4},
		{ID: ieNextHop4, Length: 4},
		{ID: ieInput, Length: 2},
		{ID: ieOutput, Length: 2},
		{ID: iePackets, Length: 4},
		{ID: ieOctets, Length: 4},
		{ID: ieFirstUptime, Length: 4},
		{ID: ieLastUptime, Length: 4},
		{ID: ieSrcPort, Length: 2},
		{ID: ieDstPort, Length: 2},
		{ID: ieSrcAS, Length: 4},
		{ID: ieDstAS, Length: 4},
		{ID: ieTCPFlags, Length: 1},
		{ID: ieProtocol, Length: 1},
		{ID: ieTOS, Length: 1},
		{ID: ieSrcMask4, Length: 1},
		{ID: ieDstMask4, Length: 1},
		{ID: ieDirection, Length: 1},
		{ID: ieIPVersion, Length: 1},
		{ID: ieForwarding, Length: 1},
	}
	if ipv6 {
		sixOf(fields[:])
	}
	return fields
}

func ipfixTemplate(ipv6 bool) [ipfixFields]Field {
	fields := [...]Field{
		{ID: ieSrc4, Length: 4},
		{ID: ieDst4, Length: 4},
		{ID: ieNextHop4, Length: 4},
		{ID: ieInput, Length: 4},
		{ID: ieOutput, Length: 4},
		{ID: iePackets, Length: 8},
		{ID: ieOctets, Length: 8},
		{ID: ieStartMillis, Length: 8},
		{ID: ieEndMillis, Length: 8},
		{ID: ieSrcPort, Length: 2},
		{ID: ieDstPort, Length: 2},
		{ID: ieSrcAS, Length: 4},
		{ID: ieDstAS, Length: 4},
		{ID: ieTCPFlags, Length: 1},
		{ID: ieProtocol, Length: 1},
		{ID: ieTOS, Length: 1},
		{ID: ieSrcMask4, Length: 1},
		{ID: ieDstMask4, Length: 1},
		{ID: ieEndReason, Length: 1},
		{ID: ieVLAN, Length: 2},
		{ID: ieOrdinal, Length: 4, Enterprise: DocumentationPEN},
	}
	if ipv6 {
		sixOf(fields[:])
	}
	return fields
}

// sixOf turns a template into the one for IPv6 traffic.
func sixOf(fields []Field) {
	for i, f := range fields {
		if f.Enterprise != 0 {
			continue
		}
		switch f.ID {
		case ieSrc4:
			fields[i] = Field{ID: ieSrc6, Length: 16}
		case ieDst4:
			fields[i] = Field{ID: ieDst6, Length: 16}
		case ieNextHop4:
			fields[i] = Field{ID: ieNextHop6, Length: 16}
		case ieSrcMask4:
			fields[i].ID = ieSrcMask6
		case ieDstMask4:
			fields[i].ID = ieDstMask6
		}
	}
}

// Lengths of the housekeeping payloads; a test compares them with the bytes
// that the encoders write.
const (
	v9Fields    = 21
	ipfixFields = 21

	// two templates, one options template (padded), one options record
	v9HousekeepingBytes = v9HeaderBytes +
		setHeaderBytes + 2*(4+4*v9Fields) +
		setHeaderBytes + 6 + 3*4 + 2 +
		setHeaderBytes + 4 + 4 + 1 + 3

	ipfixHousekeepingBytes = ipfixHeaderBytes +
		setHeaderBytes + 2*(4+4*ipfixFields+4) +
		setHeaderBytes + 6 + 3*4 + 2 +
		setHeaderBytes + 4 + 4 + 1 + 3

	// one generic interface counter sample for each of two interfaces
	sflowInterfaces   = 2
	sflowCounterBytes = sflowInterfaces * (8 + 12 + 8 + 88)
)
