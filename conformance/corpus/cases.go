package corpus

import (
	"strconv"
	"strings"
	"time"

	"github.com/flowgate-dev/flowgate/openapi/catalogue"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

// Expect is what the documents let a device do with a negative case.
type Expect uint8

// What a device may do.
const (
	// Reject: the documents make the argument invalid, so it is answered 400 BAD_REQUEST.
	Reject Expect = iota
	// RejectOrNothing: 400 BAD_REQUEST, or a success that holds no rows.
	RejectOrNothing
	// Any: the documents do not say; an answer is recorded, and a rejection has to be a documented one.
	Any
)

// Case is one request that differs from its positive twin in one thing.
type Case struct {
	ID          string // of the check: the requirement's id and a name
	Requirement string
	Template    string // "A", "B", "C"; "" for jobs
	About       string // what differs, for people
	Edit        func(twin Body) Body
	Raw         func(twin string) string // instead of Edit: rewrites the rendered body
	ContentType string                   // "" is application/json
	Expect      Expect
	Question    dialect.Key // that the answer settles, "" for none
	Accepted    string      // the dialect's answer when it is accepted with rows or without saying
	Nothing     string      // when it is accepted and the answer is empty; "" means Accepted
}

// Render is the body that the case sends, given the twin.
func (c *Case) Render(twin Body, array bool) []byte {
	if c.Raw != nil {
		return []byte(c.Raw(twin.Wrap(array)))
	}
	return []byte(c.Edit(twin).Wrap(array))
}

func set(key, raw string) func(Body) Body { return func(b Body) Body { return b.Set(key, raw) } }
func drop(key string) func(Body) Body     { return func(b Body) Body { return b.Drop(key) } }
func raw(text string) func(string) string { return func(string) string { return text } }

// table collects the cases of one place of the documents.
type table struct {
	prefix, template string
	rows             []Case
}

// key adds a case that sets one key to a value.
func (t *table) key(req, name, key, value string, expect Expect) {
	t.add(Case{Requirement: req, ID: name, About: key + " is " + value, Edit: set(key, value), Expect: expect})
}

// add completes a case: Requirement and ID are relative to the prefix, ID to the requirement.
func (t *table) add(c Case) {
	c.Requirement = t.prefix + "/" + c.Requirement
	c.ID = c.Requirement + "/" + c.ID
	c.Template = t.template
	t.rows = append(t.rows, c)
}

// Negative lists the cases of import_stats.
func Negative() []Case {
	var out []Case
	for _, tpl := range catalogue.Templates() {
		t := &table{prefix: "analytics/request/" + tpl.Slug, template: tpl.Name}
		structureCases(t)
		silentCases(t)
		statsTypeCases(t)
		sourceCases(t)
		switch tpl.Name {
		case "A":
			intervalCases(t)
		case "B":
			textCases(t)
		case "C":
			epochCases(t)
		}
		out = append(out, t.rows...)
	}
	return out
}

func structureCases(t *table) {
	for _, c := range []struct{ name, about, body string }{
		{"truncated", "the body is cut off", ""},
		{"not-json", "the body is no JSON", "stats_type=flows_per_minute"},
		{"string", "the body is a JSON string", `"flows_per_minute"`},
		{"number", "the body is a JSON number", "42"},
		{"array-of-strings", "the body is an array of a string", `["flows_per_minute"]`},
	} {
		edit := raw(c.body)
		if c.name == "truncated" {
			edit = func(twin string) string { return twin[:len(twin)*2/3] }
		}
		t.add(Case{Requirement: "structure", ID: c.name, About: c.about, Raw: edit})
	}
	for _, c := range []struct{ name, about, old, new string }{
		{"single-quotes", "texts stand in single quotes", `"`, "'"},
		{"trailing-comma", "a comma stands before the closing brace", "}", ",}"},
	} {
		t.add(Case{Requirement: "structure", ID: c.name, About: c.about, Raw: func(twin string) string {
			return strings.ReplaceAll(twin, c.old, c.new)
		}})
	}
	t.add(Case{Requirement: "structure", ID: "trailing-text", About: "text follows the JSON", Raw: func(twin string) string { return twin + " and so on" }})
	t.add(Case{Requirement: "structure", ID: "no-body", About: "there is no body", Raw: raw("")})
	t.add(Case{Requirement: "structure", ID: "empty-object", About: "the object has no keys", Edit: func(Body) Body { return Body{} }})
	t.add(Case{Requirement: "structure", ID: "unquoted-keys", About: "the keys have no quotes", Raw: func(twin string) string {
		return strings.ReplaceAll(twin, `"stats_type"`, "stats_type")
	}})
}

func silentCases(t *table) {
	t.add(Case{
		Requirement: "item-optional", ID: "empty-array", About: "the array is empty", Raw: raw("[]"), Expect: Any,
		Question: dialect.EmptyArray, Accepted: "empty",
	})
	t.add(Case{
		Requirement: "several-items", ID: "two", About: "the array holds the request twice", Expect: Any,
		Raw: func(twin string) string {
			return "[" + strings.Trim(twin, "[]") + ", " + strings.Trim(twin, "[]") + "]"
		},
		Question: dialect.ArrayOfTwo,
	})
	t.add(Case{
		Requirement: "unknown-key", ID: "extra", About: "there is a key that no document knows", Edit: set("flowgate_extra", `"x"`), Expect: Any,
		Question: dialect.ExtraKeys, Accepted: "ignore",
	})
	t.add(Case{
		Requirement: "content-type", ID: "text-plain", About: "Content-Type is text/plain", Edit: func(b Body) Body { return b }, ContentType: "text/plain",
		Expect: Any, Question: dialect.ContentType, Accepted: "any",
	})
	t.add(Case{
		Requirement: "content-type", ID: "absent", About: "there is no Content-Type", Edit: func(b Body) Body { return b }, ContentType: "-",
		Expect: Any, Question: dialect.ContentType, Accepted: "any",
	})
	t.add(Case{
		Requirement: "source-ip/absent", ID: "dropped", About: "source_ip is absent", Edit: drop("source_ip"), Expect: Any,
		Question: dialect.AbsentSource, Accepted: "all",
	})
	t.add(Case{
		Requirement: "source-ip/unknown", ID: "documentation-address", About: "source_ip is an address that sends nothing",
		Edit: set("source_ip", `"192.0.2.254"`), Expect: Any, Question: dialect.UnknownSource, Accepted: "empty",
	})
}

func statsTypeCases(t *table) {
	t.key("stats-type", "unknown-word", "stats_type", `"flows_per_fortnight"`, Reject)
	t.key("stats-type", "unknown-day", "stats_type", `"flows_per_day"`, Reject)
	t.key("stats-type", "longer-word", "stats_type", `"flows_per_minute_and_more"`, Reject)
	t.key("stats-type", "empty", "stats_type", `""`, Reject)
	t.key("stats-type", "number", "stats_type", "60", Reject)
	t.key("stats-type", "null", "stats_type", "null", Reject)
	t.key("stats-type", "upper-case", "stats_type", `"FLOWS_PER_MINUTE"`, Any)
	t.add(Case{Requirement: "stats-type", ID: "missing", About: "stats_type is absent", Edit: drop("stats_type")})
}

func sourceCases(t *table) {
	t.key("source-ip", "number", "source_ip", "10", Reject)
	t.key("source-ip", "array", "source_ip", `["192.0.2.1"]`, Reject)
	t.key("source-ip", "word", "source_ip", `"not-an-address"`, RejectOrNothing)
	t.key("source-ip", "octet-too-large", "source_ip", `"192.0.2.256"`, RejectOrNothing)
	t.key("source-ip", "three-octets", "source_ip", `"192.0.2"`, RejectOrNothing)
	t.key("source-ip", "bad-ipv6", "source_ip", `"2001:db8::1::2"`, RejectOrNothing)
}

func intervalCases(t *table) {
	t.key("interval-type", "unknown-word", "interval_type", `"fortnights"`, Reject)
	t.key("interval-type", "years", "interval_type", `"years"`, Reject)
	t.key("interval-type", "empty", "interval_type", `""`, Reject)
	t.key("interval-type", "number", "interval_type", "60", Reject)
	t.key("interval-type", "singular", "interval_type", `"minute"`, Any)
	t.add(Case{Requirement: "interval-type", ID: "missing", About: "interval_type is absent", Edit: drop("interval_type")})
	t.key("time-interval", "quoted", "time_interval", `"5"`, Reject)
	t.key("time-interval", "word", "time_interval", `"five"`, Reject)
	t.key("time-interval", "fraction", "time_interval", "5.5", Reject)
	t.key("time-interval", "boolean", "time_interval", "true", Reject)
	t.key("time-interval", "null", "time_interval", "null", Reject)
	t.key("time-interval", "array", "time_interval", "[5]", Reject)
	t.add(Case{Requirement: "time-interval", ID: "missing", About: "time_interval is absent", Edit: drop("time_interval")})
	t.add(Case{
		Requirement: "time-interval/range", ID: "zero", About: "time_interval is 0", Edit: set("time_interval", "0"), Expect: Any,
		Question: dialect.ZeroInterval, Accepted: "empty",
	})
	t.key("time-interval/range", "enormous", "time_interval", "99999999999999999999", Any)
	t.key("time-interval", "negative", "time_interval", "-5", RejectOrNothing)
	t.add(Case{Requirement: "mixed-templates", ID: "with-window", About: "there is a window of template C too", Expect: Any, Edit: func(b Body) Body {
		return b.Set("start_time", "1702580400").Set("end_time", "1702584000")
	}})
	t.add(Case{Requirement: "mixed-templates", ID: "only-source", About: "only source_ip is there", Edit: func(b Body) Body {
		return b.Drop("stats_type").Drop("interval_type").Drop("time_interval")
	}})
}

// textForms are wrong ways to write the time of template B. "#" marks digits that are put in verbatim, since Go's
// layouts would read them as parts of a time.
var textForms = []struct {
	name, about string
	expect      Expect
	write       func(time.Time) string
}{
	{"iso-form", "has the form of ISO 8601", Reject, layout("2006-01-02T15:04:05Z")},
	{"year-first", "has the year first", Reject, layout("2006/01/02 15:04:05")},
	{"without-time", "is a date without a time of day", Reject, layout("02/01/2006")},
	{"no-such-day", "names day 32", Reject, layout("#/01/2006 15:04:05", "32")},
	{"no-such-month", "names month 13", Reject, layout("02/#/2006 15:04:05", "13")},
	{"no-such-hour", "names hour 25", Reject, layout("02/01/2006 #:04:05", "25")},
	{"no-such-minute", "names minute 61", Reject, layout("02/01/2006 15:#:05", "61")},
	{"month-first", "has the month before the day", Reject, layout("01/#/2006 15:04:05", "23")},
	{"single-digits", "is written without leading zeros", Any, layout("2/1/2006 15:04:05")},
}

func layout(form string, verbatim ...string) func(time.Time) string {
	return func(t time.Time) string {
		text := t.Format(form)
		for _, v := range verbatim {
			text = strings.Replace(text, "#", v, 1)
		}
		return text
	}
}

// textCases derive every time from the twin's, so that a device that takes one by mistake answers a short window.
func textCases(t *table) {
	for _, key := range []string{"start_time", "end_time"} {
		req := strings.ReplaceAll(key, "_", "-")
		for _, f := range textForms {
			t.add(Case{Requirement: req, ID: f.name, About: key + " " + f.about, Expect: f.expect, Edit: func(b Body) Body {
				return b.Set(key, strconv.Quote(f.write(b.clock(key))))
			}})
		}
		t.key(req, "word", key, `"yesterday"`, Reject)
		t.key(req, "empty", key, `""`, Reject)
		t.key(req, "boolean", key, "true", Reject)
		t.add(Case{Requirement: req, ID: "missing", About: key + " is absent", Edit: drop(key)})
	}
	t.add(Case{Requirement: "mixed-templates", ID: "no-window", About: "only stats_type and source_ip are there", Edit: func(b Body) Body {
		return b.Drop("start_time").Drop("end_time")
	}})
	t.add(Case{
		Requirement: "reversed", ID: "swapped", About: "start_time and end_time are swapped", Edit: swap, Expect: Any,
		Question: dialect.ReversedWindow, Accepted: "empty",
	})
	t.add(Case{
		Requirement: "future", ID: "ten-years", About: "the window lies ten years ahead", Expect: Any, Question: dialect.FutureWindow, Accepted: "empty",
		Edit: func(b Body) Body { return future("end_time")(future("start_time")(b)) },
	})
	t.add(Case{Requirement: "start-time", ID: "no-such-date", About: "the window is on 30 February", Edit: func(b Body) Body {
		day := "30/02/" + strconv.Itoa(b.clock("start_time").Year())
		return b.Set("start_time", strconv.Quote(day+" 10:00:00")).Set("end_time", strconv.Quote(day+" 11:00:00"))
	}})
	t.add(Case{Requirement: "mixed-templates", ID: "text-and-epoch", About: "start_time is text and end_time epoch seconds", Expect: Any, Edit: func(b Body) Body {
		return b.Set("end_time", strconv.FormatInt(b.clock("end_time").Unix(), 10))
	}})
}

func epochCases(t *table) {
	for _, key := range []string{"start_time", "end_time"} {
		req := strings.ReplaceAll(key, "_", "-")
		as := func(name, about string, expect Expect, edit func(value string) string) {
			t.add(Case{Requirement: req, ID: name, About: key + " " + about, Expect: expect, Edit: func(b Body) Body {
				return b.Set(key, edit(b.value(key)))
			}})
		}
		as("quoted", "is in quotes", Reject, strconv.Quote)
		as("fraction", "has a fraction", Reject, func(v string) string { return v + ".5" })
		as("list", "is an array", Reject, func(v string) string { return "[" + v + "]" })
		t.key(req, "word", key, `"yesterday"`, Reject)
		t.key(req, "boolean", key, "true", Reject)
		t.key(req, "null", key, "null", Reject)
		t.add(Case{Requirement: req, ID: "missing", About: key + " is absent", Edit: drop(key)})
	}
	t.add(Case{Requirement: "mixed-templates", ID: "no-window", About: "only stats_type and source_ip are there", Edit: func(b Body) Body {
		return b.Drop("start_time").Drop("end_time")
	}})
	t.add(Case{
		Requirement: "reversed", ID: "swapped", About: "start_time and end_time are swapped", Edit: swap, Expect: Any,
		Question: dialect.ReversedWindow, Accepted: "empty",
	})
	t.add(Case{
		Requirement: "future", ID: "ten-years", About: "the window lies ten years ahead", Expect: Any, Question: dialect.FutureWindow, Accepted: "empty",
		Edit: func(b Body) Body { return future("end_time")(future("start_time")(b)) },
	})
	t.key("end-time", "negative", "end_time", "-1", Any)
	t.key("end-time", "enormous", "end_time", "99999999999999999999", Any)
	t.add(Case{
		Requirement: "epoch-form", ID: "point-zero", About: "start_time is written with .0", Expect: Any, Question: dialect.EpochForm, Accepted: "accept",
		Edit: func(b Body) Body { return b.Set("start_time", b.value("start_time")+".0") },
	})
	t.add(Case{Requirement: "mixed-templates", ID: "epoch-and-text", About: "start_time is epoch seconds and end_time text", Expect: Any, Edit: func(b Body) Body {
		return b.Set("end_time", strconv.Quote(b.clock("end_time").Format(LocalForm)))
	}})
}

// clock reads a time of the body, in either form; the zone of text is left alone.
func (b Body) clock(key string) time.Time {
	text := strings.Trim(b.value(key), `"`)
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.Unix(n, 0).UTC()
	}
	at, err := time.Parse(LocalForm, text)
	if err != nil {
		return time.Unix(0, 0).UTC()
	}
	return at
}

// future moves a time by ten years.
func future(key string) func(Body) Body {
	return func(b Body) Body {
		at := b.clock(key).AddDate(10, 0, 0)
		if strings.HasPrefix(b.value(key), `"`) {
			return b.Set(key, strconv.Quote(at.Format(LocalForm)))
		}
		return b.Set(key, strconv.FormatInt(at.Unix(), 10))
	}
}

// swap exchanges start_time and end_time.
func swap(b Body) Body {
	return b.Set("start_time", b.value("end_time")).Set("end_time", b.value("start_time"))
}

// value is the JSON text of a key, "" where it is absent.
func (b Body) value(key string) string {
	for _, f := range b {
		if f.Key == key {
			return f.Raw
		}
	}
	return ""
}
