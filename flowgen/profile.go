package flowgen

import (
	"embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/flowgate-dev/flowgate/flowgen/flow"
)

//go:embed profiles/*.yaml
var builtIn embed.FS

// Mixed is the profile that gives every source one of the built-in profiles.
const Mixed = "mixed"

// ProfileNames lists the built-in profiles, sorted; Mixed is not among them.
func ProfileNames() []string { return []string{"branch", "datacentre", "enterprise", "residential"} }

// BuiltInProfile returns a built-in profile by name.
func BuiltInProfile(name string) (Profile, error) {
	if !slices.Contains(ProfileNames(), name) {
		return Profile{}, fmt.Errorf("flowgen: there is no profile %q; hint: use %s, %s, or a profile file",
			name, strings.Join(ProfileNames(), ", "), Mixed)
	}
	text, err := builtIn.ReadFile("profiles/" + name + ".yaml")
	if err != nil {
		return Profile{}, fmt.Errorf("flowgen: profile %s: %w", name, err)
	}
	return ParseProfile(text)
}

// Profile says how the sources of one kind behave. Its YAML form is the file
// format; the files of the built-in profiles are examples of it.
type Profile struct {
	Name string `yaml:"name"`

	// Rate is how busy a source is in its busiest weekday hour: lognormal over
	// the sources, Spread being the deviation of the natural logarithm.
	Rate struct {
		Median int64   `yaml:"median"`
		Spread Decimal `yaml:"spread"`
		Min    int64   `yaml:"min"`
		Max    int64   `yaml:"max"`
	} `yaml:"flows_per_minute"`

	// Weekday and Weekend are the share of that rate in the 24 hours of a
	// local day, each from 0.001 to 10; between the hours it is interpolated.
	Weekday []Decimal `yaml:"weekday"`
	Weekend []Decimal `yaml:"weekend"`

	// Variation is the deviation of the natural logarithm of the rate around
	// that curve, and Hurst (0.5 to 0.95) how long it remembers.
	Variation Decimal `yaml:"variation"`
	Hurst     Decimal `yaml:"hurst"`

	// Burstiness is the deviation of the natural logarithm of a second's share
	// of its minute; each source has its own between Min and Max.
	Burstiness struct {
		Min Decimal `yaml:"min"`
		Max Decimal `yaml:"max"`
	} `yaml:"burstiness"`

	// Flush lists the intervals, in seconds, at which exporters empty their
	// cache: each source has one of them. They divide 60.
	Flush []int64 `yaml:"flush_seconds"`

	// Refresh is how often templates (NetFlow v9, IPFIX) or counters (sFlow)
	// are sent, in seconds; it divides 3600.
	Refresh int64 `yaml:"template_refresh"`

	// IPv6 is the share of IPv6 flows where the protocol can carry them.
	IPv6 Decimal `yaml:"ipv6_share"`

	// Protocols and Offsets are given to the sources in turn.
	Protocols []flow.Protocol `yaml:"protocols"`
	Offsets   []Offset        `yaml:"utc_offsets"`

	// Events are chances per source and day.
	Events struct {
		Outage Decimal `yaml:"outage"`
		Burst  Decimal `yaml:"burst"`
		DDoS   Decimal `yaml:"ddos"`
		Scan   Decimal `yaml:"scan"`
		Broken Decimal `yaml:"broken"`
	} `yaml:"events_per_day"`
}

// ParseProfile reads a profile file. Unknown keys are errors, as are values
// that the model cannot take; the error names the first key at fault.
func ParseProfile(text []byte) (Profile, error) {
	var p Profile
	if err := yaml.Load(text, &p, yaml.WithKnownFields()); err != nil {
		return Profile{}, fmt.Errorf("flowgen: the profile is not readable: %w; hint: %s", err, profileHint)
	}
	err := p.Validate()
	var fault *profileFault
	if errors.As(err, &fault) {
		fault.line = lineOf(text, fault.key)
	}
	if err != nil {
		return Profile{}, err
	}
	return p, nil
}

const profileHint = "docs/flows.md lists the keys and what they take; fixtures/profiles holds examples"

// profileFault is a value that the model cannot take.
type profileFault struct {
	name, want string
	key        []string // from the top of the file down
	line       int      // in the file; 0 where there is no file, or not this key
}

// Error names the key and what it takes.
func (f *profileFault) Error() string {
	at := ""
	if f.line > 0 {
		at = fmt.Sprintf("line %d: ", f.line)
	}
	return fmt.Sprintf("flowgen: profile %q: %s%s: expected %s; hint: %s", f.name, at, strings.Join(f.key, ": "), f.want, profileHint)
}

// lineOf is the line on which a key stands, or the last one above it that is there; 0 for none.
func lineOf(text []byte, key []string) int {
	var top yaml.Node
	if yaml.Load(text, &top) != nil || len(top.Content) == 0 {
		return 0
	}
	line, at := 0, top.Content[0]
	for _, word := range key {
		i := slices.IndexFunc(at.Content, func(n *yaml.Node) bool { return n.Value == word })
		if i < 0 || i+1 >= len(at.Content) {
			break
		}
		line, at = at.Content[i].Line, at.Content[i+1]
	}
	return line
}

// Validate reports the first value that the model cannot take.
func (p *Profile) Validate() error {
	bad := func(key, want string) error {
		return &profileFault{name: p.Name, key: strings.Split(key, ": "), want: want}
	}
	switch {
	case p.Name == "":
		return errors.New("flowgen: the profile has no name; hint: start the file with name: SOMETHING")
	case p.Rate.Min < 1 || p.Rate.Median < p.Rate.Min || p.Rate.Max < p.Rate.Median || p.Rate.Max > maxFlows:
		return bad("flows_per_minute", fmt.Sprintf("1 <= min <= median <= max <= %d", int64(maxFlows)))
	case !p.Rate.Spread.within(0, 4):
		return bad("flows_per_minute: spread", "0 to 4")
	case !validCurve(p.Weekday):
		return bad("weekday", "24 numbers from 0.001 to 10")
	case !validCurve(p.Weekend):
		return bad("weekend", "24 numbers from 0.001 to 10")
	case !p.Variation.within(0, 2):
		return bad("variation", "0 to 2")
	case p.Hurst < 500_000 || p.Hurst > 950_000:
		return bad("hurst", "0.5 to 0.95")
	case !p.Burstiness.Min.within(0, 2) || !p.Burstiness.Max.within(0, 2) || p.Burstiness.Min > p.Burstiness.Max:
		return bad("burstiness", "0 <= min <= max <= 2")
	case !divisors(60, p.Flush...):
		return bad("flush_seconds", "numbers that divide 60")
	case !divisors(3600, p.Refresh):
		return bad("template_refresh", "a number that divides 3600")
	case !p.IPv6.within(0, 1):
		return bad("ipv6_share", "0 to 1")
	case len(p.Protocols) == 0:
		return bad("protocols", "at least one of netflow5, netflow9, ipfix, sflow")
	case len(p.Offsets) == 0:
		return bad("utc_offsets", `at least one such as "+00:00"`)
	}
	for i, chance := range p.chances() {
		if !chance.within(0, 1) {
			return bad("events_per_day: "+EventKind(i).String(), "a chance from 0 to 1")
		}
	}
	return nil
}

func (p *Profile) chances() [eventKinds]Decimal {
	return [...]Decimal{
		Outage: p.Events.Outage, Burst: p.Events.Burst, DDoS: p.Events.DDoS, Scan: p.Events.Scan, Broken: p.Events.Broken,
	}
}

func validCurve(hours []Decimal) bool {
	return len(hours) == 24 && !slices.ContainsFunc(hours, func(d Decimal) bool { return d < 1_000 || d > 10_000_000 })
}

func divisors(of int64, numbers ...int64) bool {
	return len(numbers) > 0 && !slices.ContainsFunc(numbers, func(n int64) bool { return n < 1 || of%n != 0 })
}

// Decimal is a number with six decimals, read from its digits and never
// through a float: 0.25 is Decimal(250000).
type Decimal int64

// UnmarshalYAML reads digits with at most six decimals and no exponent.
func (d *Decimal) UnmarshalYAML(node *yaml.Node) error {
	whole, frac, _ := strings.Cut(node.Value, ".")
	digits := whole + frac + strings.Repeat("0", max(0, 6-len(frac)))
	if whole == "" || len(frac) > 6 || len(digits) > 15 {
		return fmt.Errorf("line %d: %q is no number with up to six decimals", node.Line, node.Value)
	}
	var v int64
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' {
			return fmt.Errorf("line %d: %q is no number with up to six decimals", node.Line, node.Value)
		}
		v = v*10 + int64(c-'0')
	}
	*d = Decimal(v)
	return nil
}

func (d Decimal) q() q16 { return q16((int64(d)<<16 + 500_000) / 1_000_000) }

func (d Decimal) within(lo, hi int64) bool {
	return int64(d) >= lo*1_000_000 && int64(d) <= hi*1_000_000
}

// Offset is local time's distance from UTC, in minutes. It is a fixed one: the
// dates of summer time come from a database that differs between machines.
type Offset int64

// UnmarshalYAML reads +hh:mm or -hh:mm, up to 14 hours.
func (o *Offset) UnmarshalYAML(node *yaml.Node) error {
	t, err := time.Parse("-07:00", node.Value)
	if err == nil {
		_, seconds := t.Zone()
		*o = Offset(seconds / 60)
	}
	if err != nil || *o < -14*60 || *o > 14*60 {
		return fmt.Errorf("line %d: %q is no offset such as \"-05:00\" or \"+05:30\"", node.Line, node.Value)
	}
	return nil
}

// String writes the offset as +hh:mm.
func (o Offset) String() string {
	sign := '+'
	if o < 0 {
		sign, o = '-', -o
	}
	return fmt.Sprintf("%c%02d:%02d", sign, o/60, o%60)
}
