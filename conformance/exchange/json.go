package exchange

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// token is a part of JSON text that can hold a value.
type token struct {
	from, to int    // with the quotes of a string
	text     bool   // a string
	open     bool   // a string that never ends
	name     bool   // a string before a colon
	kind     string // of the secret key whose value it is or is inside of, "" for none
	key      string // that key
}

// scan visits the strings and bare values of JSON text, broken text included: it never fails.
func scan(b []byte, visit func(token)) {
	var pending, inside struct{ kind, key string }
	depth, insideAt := 0, -1
	for i := 0; i < len(b); {
		switch c := b[i]; {
		case c == '{' || c == '[':
			if pending.kind != "" && insideAt < 0 {
				inside, insideAt = pending, depth
			}
			pending.kind = ""
			depth++
			i++
		case c == '}' || c == ']':
			depth--
			if depth <= insideAt {
				insideAt, inside.kind = -1, ""
			}
			pending.kind = ""
			i++
		case c == ',' || c == ':' || space(c):
			if c == ',' {
				pending.kind = ""
			}
			i++
		default:
			t := token{from: i, kind: inside.kind, key: inside.key}
			if pending.kind != "" {
				t.kind, t.key = pending.kind, pending.key
			}
			t.to, t.open = tokenEnd(b, i)
			t.text = c == '"'
			t.name = t.text && colonNext(b, t.to)
			visit(t)
			pending.kind = ""
			if t.name {
				pending.key = inner(b, t)
				pending.kind = secretKeys[strings.ToLower(pending.key)]
			}
			i = t.to
		}
	}
}

func space(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// tokenEnd is the end of the token at b[i].
func tokenEnd(b []byte, i int) (end int, open bool) {
	if b[i] != '"' {
		end := bytes.IndexAny(b[i:], "{}[],:\" \t\r\n")
		if end < 0 {
			return len(b), false
		}
		return i + end, false
	}
	for j := i + 1; j < len(b); j++ {
		switch b[j] {
		case '\\':
			j++
		case '"':
			return j + 1, false
		}
	}
	return len(b), true
}

func colonNext(b []byte, i int) bool {
	for i < len(b) && space(b[i]) {
		i++
	}
	return i < len(b) && b[i] == ':'
}

// inner is the decoded value of a string, or its raw text where it cannot be decoded.
func inner(b []byte, t token) string {
	raw := b[t.from:t.to]
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return strings.Trim(string(raw), `"`)
}

// looksJSON reports that b begins like JSON.
func looksJSON(b []byte) bool {
	b = bytes.TrimLeft(b, " \t\r\n\ufeff")
	return len(b) > 0 && strings.IndexByte(`{["`, b[0]) >= 0
}

// json redacts JSON text; what is valid stays valid, and a number stays a number.
func (p *pass) json(b []byte) []byte {
	out := make([]byte, 0, len(b)+64)
	at := 0
	scan(b, func(t token) {
		out = append(out, b[at:t.from]...)
		out = append(out, p.token(b, t)...)
		at = t.to
	})
	return append(out, b[at:]...)
}

func (p *pass) token(b []byte, t token) []byte {
	raw := b[t.from:t.to]
	if !t.text {
		return p.bare(raw, t)
	}
	content := raw[1:]
	if !t.open {
		content = content[:len(content)-1]
	}
	spans := findEscaped(content, p.secrets)
	for _, sp := range spans {
		p.leak(sp.kind, t.kind)
	}
	switch {
	case t.kind != "" && !t.name && len(content) > 0:
		content = []byte(placeholder(t.kind))
	case len(spans) > 0:
		content = replace(content, spans)
	}
	if t.kind == "" || t.name {
		content = keyedEscaped(content)
	}
	out := append([]byte{'"'}, content...)
	if !t.open {
		out = append(out, '"')
	}
	return out
}

// keyedEscaped is keyed for the inside of a JSON string, where a quote never stands alone.
func keyedEscaped(b []byte) []byte {
	if bytes.IndexByte(b, '\\') >= 0 {
		return b
	}
	return keyed(b)
}

// bare redacts a number, a literal, or what stands without quotes in broken text.
func (p *pass) bare(raw []byte, t token) []byte {
	number := json.Valid(raw) && raw[0] != 't' && raw[0] != 'f' && raw[0] != 'n'
	for i := range p.secrets.needles {
		n := &p.secrets.needles[i]
		if n.value == string(raw) && (!n.numeric || !n.short) {
			p.leak(n.kind, t.kind)
			return []byte(`"` + placeholder(n.kind) + `"`)
		}
	}
	switch {
	case t.kind != "" && number:
		return []byte("0")
	case t.kind != "" && !json.Valid(raw):
		return []byte(`"` + placeholder(t.kind) + `"`)
	case !number && len(find(raw, p.secrets)) > 0:
		return p.values(slices.Clone(raw), t.kind)
	}
	return raw
}

// named visits what stands under secret keys: in JSON, and as parameters of forms.
func named(b []byte, visit func(kind, key, value string)) {
	if !mentions(b) && bytes.IndexByte(b, '\\') < 0 {
		return
	}
	if looksJSON(b) {
		scan(b, func(t token) {
			if t.text && !t.name && t.kind != "" {
				visit(t.kind, t.key, inner(b, t))
			}
		})
		return
	}
	for _, form := range []*regexp.Regexp{param, attr, element, member} {
		for _, m := range form.FindAllSubmatch(b, -1) {
			v, _ := unescapePercent(view{text: m[3]}, true)
			v, _ = unescapeEntities(v)
			visit(secretKeys[strings.ToLower(string(m[2]))], string(m[2]), string(v.text))
		}
	}
}

// kindIn is what a secret of a request's body is: its key there, or just a secret.
func kindIn(body []byte, value string) string {
	kind := "secret"
	named(body, func(k, _, v string) {
		if v == value {
			kind = k
		}
	})
	return kind
}
