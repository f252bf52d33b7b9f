package flowgen

import (
	"cmp"
	"fmt"
	"slices"
)

// EventKind is something that happens to a source besides its usual traffic.
type EventKind uint8

// The kinds of event. Several can overlap; an outage silences the others.
const (
	Outage EventKind = iota // nothing is exported; then the exporter restarts
	Burst                   // more of the usual traffic
	DDoS                    // one victim, one-packet flows from everywhere
	Scan                    // one host probes many
	Broken                  // some datagrams are damaged
	eventKinds
)

// EventKindNames lists the words of the kinds in the order of the constants.
func EventKindNames() []string { return []string{"outage", "burst", "ddos", "scan", "broken"} }

// String is the word of the kind.
func (k EventKind) String() string {
	if int(k) < len(EventKindNames()) {
		return EventKindNames()[k]
	}
	return fmt.Sprintf("event(%d)", uint8(k))
}

// ParseEventKind reads the word that String writes.
func ParseEventKind(word string) (EventKind, error) {
	i := slices.Index(EventKindNames(), word)
	if i < 0 {
		return 0, fmt.Errorf("flowgen: there is no event %q; hint: use outage, burst, ddos, scan or broken", word)
	}
	return EventKind(i), nil
}

// MarshalText writes the word of the kind.
func (k EventKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (k *EventKind) UnmarshalText(text []byte) error {
	parsed, err := ParseEventKind(string(text))
	if err == nil {
		*k = parsed
	}
	return err
}

// Event is one happening on one source. It covers whole minutes.
type Event struct {
	Kind    EventKind `json:"kind"`
	Source  int       `json:"source"`  // index into Generator.Sources
	Start   int64     `json:"start"`   // Unix minute
	Minutes int64     `json:"minutes"` // at least 1

	// Percent is how strong the event is. Burst, DDoS and Scan: the rate in
	// percent of the usual one (300 is three times). Broken: how many damaged
	// datagrams come with a hundred sound ones. Zero is what is usual for the
	// kind. Outage has no strength.
	Percent int64 `json:"percent,omitempty"`
}

// End is the first Unix minute after the event.
func (e Event) End() int64 { return e.Start + e.Minutes }

func (e Event) covers(minute int64) bool { return minute >= e.Start && minute < e.End() }

const (
	minutesPerDay = 1440
	maxPercent    = 1_000_000
)

// habit is what is usual for a kind: its length and its strength.
type habit struct {
	minutes   q16   // binary logarithm of the median length
	sigma     q16   // deviation of the binary logarithm of the length
	low, high q16   // binary logarithms of the percent, drawn evenly
	percent   int64 // of an ordered event that names none
}

func newHabit(median int64, sigma Decimal, low, high, percent int64) habit {
	h := habit{minutes: log2(qInt(median)), sigma: sigma.q().times(perLn2), percent: percent}
	if low > 0 {
		h.low, h.high = log2(qInt(low)), log2(qInt(high))
	}
	return h
}

func newHabits() *[eventKinds]habit {
	return &[eventKinds]habit{
		Outage: newHabit(12, 1_200_000, 0, 0, 0),
		Burst:  newHabit(3, 700_000, 200, 500, 300),
		DDoS:   newHabit(10, 1_000_000, 800, 5000, 2000),
		Scan:   newHabit(8, 800_000, 130, 300, 200),
		Broken: newHabit(20, 0, 5, 5, 5),
	}
}

// completed fills in the strength and reports what the model cannot take.
func (e Event) completed(sources int) (Event, error) {
	if e.Percent == 0 {
		e.Percent = newHabits()[e.Kind%eventKinds].percent
	}
	most := int64(maxPercent)
	if e.Kind == Broken {
		most = 100
	}
	if e.Kind >= eventKinds || e.Source < 0 || e.Source >= sources || e.Minutes < 1 || e.Percent < 0 || e.Percent > most {
		return e, fmt.Errorf("flowgen: the event %+v cannot happen; hint: give a source from 0 to %d, at least one minute, and up to %d percent",
			e, sources-1, most)
	}
	return e, nil
}

// hashed is the event of a kind that a source meets on a UTC day, if it does.
// It starts on that day and lasts at most one.
func (s *source) hashed(k EventKind, day int64) (Event, bool) {
	h := s.events.at(day<<3 | int64(k))
	if h>>32 >= s.chances[k] {
		return Event{}, false
	}
	habit := &s.habits[k]
	length := (exp2(habit.minutes+habit.sigma.times(normal(mix(h+1)))) + one/2) >> 16
	e := Event{
		Kind: k, Source: s.Index,
		Start:   day*minutesPerDay + between(h<<32, 0, minutesPerDay-1),
		Minutes: min(max(int64(length), 1), minutesPerDay),
	}
	if habit.low > 0 {
		e.Percent = int64(exp2(q16(between(mix(h+2), int64(habit.low), int64(habit.high))))+one/2) >> 16
	}
	return e, true
}

// happening is what events make of a minute.
type happening struct {
	dark   bool
	gain   q16 // binary logarithm of the factor on the rate
	damage q16 // damaged datagrams per sound one
	attack EventKind
	share  q16 // of the records, how many belong to the attack
}

// happens collects the events of a minute. Events that were ordered for the
// minute take the place of those that the hash would bring.
func (s *source) happens(minute int64) happening {
	var h happening
	if s.ordered(minute, &h) || s.calm {
		return h
	}
	day := floorDiv(minute, minutesPerDay)
	for k := range eventKinds {
		for d := day - 1; d <= day; d++ {
			if e, ok := s.hashed(k, d); ok && e.covers(minute) {
				h.add(e, minute)
			}
		}
	}
	return h
}

func (s *source) ordered(minute int64, h *happening) bool {
	found := false
	for _, e := range s.orders {
		if e.covers(minute) {
			found = true
			h.add(e, minute)
		}
	}
	return found
}

// dark reports whether an outage covers the minute.
func (s *source) dark(minute int64) bool {
	var h happening
	if s.ordered(minute, &h) || s.calm {
		return h.dark
	}
	day := floorDiv(minute, minutesPerDay)
	for d := day - 1; d <= day; d++ {
		if e, ok := s.hashed(Outage, d); ok && e.covers(minute) {
			return true
		}
	}
	return false
}

func (h *happening) add(e Event, minute int64) {
	switch e.Kind {
	case Outage:
		h.dark = true
	case Broken:
		h.damage += qInt(e.Percent) / 100
	default:
		gain := log2(qInt(e.Percent) / 100)
		if e.Kind == DDoS && minute == e.Start {
			gain /= 2 // the rise takes a minute
		}
		h.gain += gain
		if e.Kind != Burst && gain > 0 && h.share == 0 {
			h.attack, h.share = e.Kind, one-exp2(-gain)
		}
	}
}

// Events lists what happens to a source in the minutes from..to (to excluded),
// by start, then kind. Where an ordered event covers a hashed one, the ordered
// one alone has effect; both are listed.
func (g *Generator) Events(source int, from, to int64) []Event {
	s := &g.sources[source]
	var list []Event
	for _, e := range s.orders {
		if e.Start < to && e.End() > from {
			list = append(list, e)
		}
	}
	if !s.calm {
		for day := floorDiv(from, minutesPerDay) - 1; day*minutesPerDay < to; day++ {
			for k := range eventKinds {
				if e, ok := s.hashed(k, day); ok && e.Start < to && e.End() > from {
					list = append(list, e)
				}
			}
		}
	}
	slices.SortFunc(list, func(a, b Event) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Minutes, b.Minutes))
	})
	return list
}
