// Package payload decodes request bodies: exactly one JSON value (RFC 8259), no object with a key twice, no deeper than
// a limit. It decodes into the values that package schema judges, and notes what those values no longer tell.
package payload

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// MaxDepth is how deep arrays and objects may lie in each other.
const MaxDepth = 64

// Value is a decoded body.
type Value struct {
	JSON any // nil, bool, float64, string, []any or map[string]any
	// Fractions are the JSON pointers of whole numbers that were written with a fraction or an exponent, such as 60.0.
	Fractions []string
	// Secret reports whether an object has a key that names a secret (see SecretKey).
	Secret bool
}

// Error says where a body is not what it should be: the byte offset and the reason. It never holds the body's text.
type Error struct {
	Offset int
	Reason string
}

// Error renders the place and the reason.
func (e *Error) Error() string { return e.Reason + " at byte " + strconv.Itoa(e.Offset) }

// ErrEmpty says that there is no JSON value at all.
var ErrEmpty = errors.New("the body is empty")

// SecretKey reports whether a property of that name holds a secret.
func SecretKey(name string) bool {
	switch name {
	case "password", "security_pwd", "assertion", "access_token", "session_id", "session_key":
		return true
	}
	return false
}

// Decode reads exactly one JSON value. The error is ErrEmpty or an *Error.
func Decode(raw []byte) (Value, error) {
	p := parser{raw: raw}
	p.path = p.room[:0]
	p.space()
	if p.at == len(raw) {
		return Value{}, ErrEmpty
	}
	v, err := p.value(0)
	if err != nil {
		return Value{}, err
	}
	p.space()
	if p.at < len(raw) {
		return Value{}, p.fail("something follows the JSON value")
	}
	return Value{JSON: v, Fractions: p.fractions, Secret: p.secret}, nil
}

type parser struct {
	raw       []byte
	at        int
	path      []string // keys and indexes on the way to the value
	room      [4]string
	fractions []string
	secret    bool
}

func (p *parser) fail(reason string) error { return &Error{Offset: p.at, Reason: reason} }

func (p *parser) space() {
	for p.at < len(p.raw) {
		switch p.raw[p.at] {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return
		}
	}
}

// peek is the next byte, 0 at the end; no valid JSON text has a 0 outside a string.
func (p *parser) peek() byte {
	if p.at < len(p.raw) {
		return p.raw[p.at]
	}
	return 0
}

func (p *parser) value(depth int) (any, error) {
	switch c := p.peek(); {
	case c == '{' || c == '[':
		if depth == MaxDepth {
			return nil, p.fail(fmt.Sprintf("arrays and objects lie more than %d deep in each other", MaxDepth))
		}
		if c == '{' {
			return p.object(depth + 1)
		}
		return p.array(depth + 1)
	case c == '"':
		return p.text()
	case c == '-' || '0' <= c && c <= '9':
		return p.number()
	}
	switch {
	case p.word("true"):
		return true, nil
	case p.word("false"):
		return false, nil
	case p.word("null"):
		return nil, nil //nolint:nilnil // JSON's null is Go's nil
	case p.at == len(p.raw):
		return nil, p.fail("the JSON text ends too early")
	}
	return nil, p.fail("not a JSON value")
}

func (p *parser) word(w string) bool {
	if len(p.raw)-p.at < len(w) || string(p.raw[p.at:p.at+len(w)]) != w {
		return false
	}
	p.at += len(w)
	return true
}

func (p *parser) object(depth int) (any, error) {
	p.at++
	out := make(map[string]any, 4)
	if p.space(); p.peek() == '}' {
		p.at++
		return out, nil
	}
	for {
		p.space()
		if p.peek() != '"' {
			return nil, p.fail("a property name in double quotes is missing")
		}
		start := p.at
		key, err := p.key()
		if err != nil {
			return nil, err
		}
		p.secret = p.secret || SecretKey(key)
		if p.space(); p.peek() != ':' {
			return nil, p.fail("a colon is missing")
		}
		p.at++
		p.space()
		p.path = append(p.path, key)
		v, err := p.value(depth)
		if err != nil {
			return nil, err
		}
		p.path = p.path[:len(p.path)-1]
		known := len(out)
		if out[key] = v; len(out) == known {
			p.at = start
			return nil, p.fail("a property name appears twice in one object")
		}
		if more, err := p.more('}'); !more {
			return out, err
		}
	}
}

func (p *parser) array(depth int) (any, error) {
	p.at++
	out := []any{}
	if p.space(); p.peek() == ']' {
		p.at++
		return out, nil
	}
	for {
		p.space()
		p.path = append(p.path, strconv.Itoa(len(out)))
		v, err := p.value(depth)
		if err != nil {
			return nil, err
		}
		p.path = p.path[:len(p.path)-1]
		out = append(out, v)
		if more, err := p.more(']'); !more {
			return out, err
		}
	}
}

// more steps over a comma (true) or the closing bracket (false).
func (p *parser) more(closing byte) (bool, error) {
	p.space()
	switch p.peek() {
	case ',':
		p.at++
		return true, nil
	case closing:
		p.at++
		return false, nil
	}
	if p.at == len(p.raw) {
		return false, p.fail("the JSON text ends too early")
	}
	return false, p.fail("a comma or a closing bracket is missing")
}

func (p *parser) digits() bool {
	start := p.at
	for c := p.peek(); '0' <= c && c <= '9'; c = p.peek() {
		p.at++
	}
	return p.at > start
}

func (p *parser) number() (any, error) {
	start := p.at
	if p.peek() == '-' {
		p.at++
	}
	zero := p.peek() == '0'
	first := p.at
	if !p.digits() || zero && p.at > first+1 {
		return nil, p.fail("not a JSON number")
	}
	whole := true
	if p.peek() == '.' {
		whole = false
		p.at++
		if !p.digits() {
			return nil, p.fail("not a JSON number")
		}
	}
	if c := p.peek(); c == 'e' || c == 'E' {
		whole = false
		p.at++
		if c := p.peek(); c == '+' || c == '-' {
			p.at++
		}
		if !p.digits() {
			return nil, p.fail("not a JSON number")
		}
	}
	if digits := p.raw[start:p.at]; whole && len(digits) <= 15 && digits[0] != '-' {
		n := 0
		for _, c := range digits {
			n = n*10 + int(c-'0')
		}
		return float64(n), nil
	}
	f, err := strconv.ParseFloat(string(p.raw[start:p.at]), 64)
	if err != nil {
		return nil, p.fail("a number is too large")
	}
	if !whole && f == float64(int64(f)) {
		p.fractions = append(p.fractions, pointer(p.path))
	}
	return f, nil
}

// key reads a property's name. Names of the documents cost no memory.
func (p *parser) key() (string, error) {
	rest := p.raw[p.at+1:]
	if end := bytes.IndexByte(rest[:min(len(rest), 16)], '"'); end >= 0 {
		if name := known(rest[:end]); name != "" {
			p.at += end + 2
			return name, nil
		}
	}
	return p.text()
}

func known(name []byte) string {
	switch string(name) {
	case "stats_type":
		return "stats_type"
	case "source_ip":
		return "source_ip"
	case "start_time":
		return "start_time"
	case "end_time":
		return "end_time"
	case "interval_type":
		return "interval_type"
	case "time_interval":
		return "time_interval"
	}
	return ""
}

func (p *parser) text() (string, error) {
	p.at++
	start := p.at
	for ; p.at < len(p.raw); p.at++ {
		switch c := p.raw[p.at]; {
		case c == '"':
			s := p.raw[start:p.at]
			if !utf8.Valid(s) {
				return "", p.fail("a string is not UTF-8")
			}
			p.at++
			return string(s), nil
		case c == '\\':
			return p.escaped(start)
		case c < ' ':
			return "", p.fail("a control character stands in a string without its escape")
		}
	}
	return "", p.fail("a string does not end")
}

// escaped goes on with a string at its first backslash.
func (p *parser) escaped(start int) (string, error) {
	out := append([]byte(nil), p.raw[start:p.at]...)
	for p.at < len(p.raw) {
		c := p.raw[p.at]
		p.at++
		switch {
		case c == '"':
			if !utf8.Valid(out) {
				return "", p.fail("a string is not UTF-8")
			}
			return string(out), nil
		case c < ' ':
			return "", p.fail("a control character stands in a string without its escape")
		case c != '\\':
			out = append(out, c)
			continue
		}
		var err error
		if out, err = p.escape(out); err != nil {
			return "", err
		}
	}
	return "", p.fail("a string does not end")
}

// escape reads what follows a backslash.
func (p *parser) escape(out []byte) ([]byte, error) {
	c := p.peek()
	p.at++
	switch c {
	case '"', '\\', '/':
		return append(out, c), nil
	case 'b':
		return append(out, '\b'), nil
	case 'f':
		return append(out, '\f'), nil
	case 'n':
		return append(out, '\n'), nil
	case 'r':
		return append(out, '\r'), nil
	case 't':
		return append(out, '\t'), nil
	case 'u':
		r, err := p.hex()
		if err != nil {
			return nil, err
		}
		if utf16.IsSurrogate(r) {
			if !p.word(`\u`) {
				return nil, p.fail("half a surrogate pair stands in a string")
			}
			low, err := p.hex()
			if err != nil {
				return nil, err
			}
			if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
				return nil, p.fail("half a surrogate pair stands in a string")
			}
		}
		return utf8.AppendRune(out, r), nil
	}
	p.at--
	return nil, p.fail("a backslash is followed by no escape that JSON knows")
}

func (p *parser) hex() (rune, error) {
	if len(p.raw)-p.at < 4 {
		return 0, p.fail("four hexadecimal digits are missing")
	}
	var r rune
	for _, c := range p.raw[p.at : p.at+4] {
		switch {
		case '0' <= c && c <= '9':
			r = r<<4 | rune(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, p.fail("four hexadecimal digits are missing")
		}
	}
	p.at += 4
	return r, nil
}
