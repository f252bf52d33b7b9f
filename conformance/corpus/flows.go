package corpus

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/flowgate-dev/flowgate/flowgen"
	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

// FlowLoop is the probe that sends flows and asks what became of them.
const FlowLoop = "flows/loop"

// The steps of FlowLoop's requests; what was sent is noted under the mission's name.
const (
	StepMinutes = "minutes" // rows of a source around its minutes
	StepSeconds = "seconds" // the same by the second
	StepHeader  = "header"  // around the minute that late datagrams name
	StepAll     = "all"     // rows of all sources
)

// The missions of exporters: what one of them sends within a minute or two.
const (
	MissionThin      = "calibrate-thin" // NetFlow v5 datagrams of one flow
	MissionFull      = "calibrate-full" // NetFlow v5 datagrams of many flows
	MissionFlows     = "flows"          // two minutes of flows, not the same in both
	MissionBad       = "malformed"      // flows, and datagrams that nobody can decode
	MissionLate      = "late"           // flows in datagrams whose own time is Late ago
	MissionTemplates = "templates"      // templates and nothing else
	MissionOrphans   = "orphans"        // flows whose template is never sent
	MissionCounters  = "counters"       // sFlow counter samples and nothing else
	MissionVersions  = "old-versions"   // NetFlow v1 and v7
)

// Sampling is the sampling rate that sFlow samples name.
const Sampling = 4

// The flows in each datagram of the old versions: one of NetFlow v1 and two of v7 are sent, so that a sum tells which
// were taken.
const (
	FlowsOfV1 = 2
	FlowsOfV7 = 8
)

// Late is how far the own time of late datagrams lies back.
const Late = 2 * time.Hour

// Mission is one line of the table of missions.
type Mission struct {
	Name      string
	Protocols []flow.Protocol // that have it
	Minutes   int             // in a row
}

// Missions lists what exporters do, the firmest first.
func Missions() []Mission {
	five, templated := []flow.Protocol{flow.NetFlow5}, []flow.Protocol{flow.NetFlow9, flow.IPFIX}
	return []Mission{
		{MissionThin, five, 1},
		{MissionFull, five, 1},
		{MissionFlows, flow.Protocols(), 2},
		{MissionBad, flow.Protocols(), 1},
		{MissionLate, slices.Concat(five, templated), 1},
		{MissionTemplates, templated, 1},
		{MissionOrphans, templated, 1},
		{MissionCounters, []flow.Protocol{flow.SFlow}, 1},
		{MissionVersions, five, 1},
	}
}

// Malformation is one kind of malformed datagrams; they are so many that the sum of some of them tells which.
type Malformation struct {
	Kind      string `json:"kind"`
	Datagrams uint64 `json:"datagrams"`
	Payload   uint64 `json:"payload"` // bytes above UDP
}

// The kinds of malformed datagrams.
const (
	BadStump   = "stump"   // three bytes
	BadVersion = "version" // a version that nobody knows
	BadCut     = "cut"     // it ends within its first record
)

// Sent is the truth of what one exporter sent within one minute. It is the body of the note that a run records, so
// that a recording can be judged without sending anything.
type Sent struct {
	Mission   string         `json:"mission"`
	Protocol  flow.Protocol  `json:"protocol"`
	Source    netip.Addr     `json:"source"`
	Collector netip.AddrPort `json:"collector"`
	Minute    time.Time      `json:"minute"`          // its start, by the device's clock as far as it is known
	Header    time.Time      `json:"header,omitzero"` // the minute that the datagrams themselves name, where it is another

	Flows     uint64 `json:"flows"`     // records in well-formed data datagrams
	Datagrams uint64 `json:"datagrams"` // that hold them
	Payload   uint64 `json:"payload"`   // their bytes above UDP

	Templates       uint64 `json:"templates,omitempty"` // datagrams that hold templates or counters only
	TemplatePayload uint64 `json:"template_payload,omitempty"`

	Malformed []Malformation `json:"malformed,omitempty"`

	// DescribedPackets and DescribedOctets are what the records tell of; import_stats should not count them.
	DescribedPackets uint64 `json:"described_packets"`
	DescribedOctets  uint64 `json:"described_octets"`

	Seconds []flowgen.TruthRow `json:"seconds"` // all of it by the second, on the device's clock
}

// JSON is the truth as text.
func (s *Sent) JSON() ([]byte, error) {
	text, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return nil, fmt.Errorf("corpus: what was sent cannot be written down: %w", err)
	}
	return text, nil
}

// ParseSent reads what JSON wrote.
func ParseSent(text []byte) (*Sent, error) {
	var s Sent
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, fmt.Errorf("corpus: this is no account of what was sent: %w", err)
	}
	return &s, nil
}
