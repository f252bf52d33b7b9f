package exchange

import (
	"bytes"
	"encoding/base64"
	"regexp"
	"slices"
	"strings"
)

// needle is a secret as it is looked for.
type needle struct {
	kind    string
	value   string
	base64  [][]byte // what of its base64 is the same wherever it stands in what was encoded, both alphabets
	exact   [][]byte // its whole base64, for values too short for the above
	numeric bool     // digits only: not looked for inside numbers, times and addresses
	short   bool     // matched as a word only
	least   int      // no text shorter than this holds it
	word    []byte   // its longest part without spaces, which a + may stand for
}

func newNeedle(kind, value, user string) needle {
	n := needle{kind: kind, value: value, short: len(value) < 8, numeric: strings.Trim(value, "0123456789") == ""}
	for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		if len(value) < 5 {
			n.exact = append(n.exact, []byte(enc.EncodeToString([]byte(value))), []byte(enc.EncodeToString([]byte(user+":"+value))))
			continue
		}
		for shift := range 3 {
			all := enc.EncodeToString(append(make([]byte, shift), value...))
			n.base64 = append(n.base64, []byte(all[(8*shift+5)/6:8*(shift+len(value))/6]))
		}
	}
	sorted := func(list [][]byte) [][]byte {
		slices.SortFunc(list, bytes.Compare)
		return slices.CompactFunc(list, bytes.Equal)
	}
	n.base64, n.exact = sorted(n.base64), sorted(n.exact)
	n.least = len(value)
	for _, part := range slices.Concat(n.base64, n.exact) {
		n.least = min(n.least, len(part))
	}
	for part := range strings.SplitSeq(value, " ") {
		if len(part) > len(n.word) {
			n.word = []byte(part)
		}
	}
	return n
}

// span is a place of a secret in a text.
type span struct {
	from, to int
	kind     string
}

// view is a text as a reader sees it after decoding; at tells for each byte where it stands in the source, and where
// the source ends. A nil at is the source itself.
type view struct {
	text []byte
	at   []int32
}

func (v view) pos(i int) int {
	if v.at == nil {
		return i
	}
	return int(v.at[i])
}

// find lists where secrets stand in s, whatever their encoding: plain, base64, percent-escaped, JSON-escaped, as
// entities of XML or HTML, and two of these over each other. Spans are in order and do not overlap.
func find(s []byte, in *secrets) []span {
	if len(s) < in.least {
		return nil
	}
	return merge(look(view{text: s}, 2, in, nil))
}

// findEscaped is find for the inside of a JSON string: a span never begins or ends within an escape.
func findEscaped(s []byte, in *secrets) []span {
	if len(s) < in.least {
		return nil
	}
	v := view{text: s}
	if w, ok := unescapeJSON(v); ok {
		v = w
	}
	return merge(look(v, 2, in, nil))
}

func look(v view, depth int, in *secrets, spans []span) []span {
	if in.maybe(v.text) {
		for i := range in.needles {
			spans = in.needles[i].search(v, spans)
		}
	}
	if depth == 0 {
		return spans
	}
	if !bytes.ContainsAny(v.text, `%+\&`) {
		return spans
	}
	for _, decode := range []func(view) (view, bool){
		func(v view) (view, bool) { return unescapePercent(v, false) },
		func(v view) (view, bool) { return unescapePercent(v, in.spaces) },
		unescapeJSON,
		unescapeEntities,
	} {
		if w, ok := decode(v); ok {
			spans = look(w, depth-1, in, spans)
		}
	}
	return spans
}

// search adds the places of one secret in one view.
func (n *needle) search(v view, spans []span) []span {
	each(v.text, []byte(n.value), func(from, to int) {
		if n.stands(v.text, from, to) {
			spans = append(spans, span{v.pos(from), v.pos(to), n.kind})
		}
	})
	for _, core := range n.base64 {
		each(v.text, core, func(from, to int) {
			from, to = run(v.text, from, to)
			spans = append(spans, span{v.pos(from), v.pos(to), n.kind})
		})
	}
	for _, whole := range n.exact {
		each(v.text, whole, func(from, to int) {
			if a, b := run(v.text, from, to); a == from && len(bytes.TrimRight(v.text[to:b], "=")) == 0 {
				spans = append(spans, span{v.pos(a), v.pos(b), n.kind})
			}
		})
	}
	return spans
}

func each(s, part []byte, found func(from, to int)) {
	for from := 0; ; {
		i := bytes.Index(s[from:], part)
		if i < 0 {
			return
		}
		found(from+i, from+i+len(part))
		from += i + 1
	}
}

// stands reports that the secret at s[from:to] is not a part of a word or number that is no secret.
func (n *needle) stands(s []byte, from, to int) bool {
	before, after := byte(' '), byte(' ')
	if from > 0 {
		before = s[from-1]
	}
	if to < len(s) {
		after = s[to]
	}
	if n.numeric {
		return !numberish(before) && !numberish(after) && (!n.short || len(bytes.Trim(s, "0123456789 ")) > 0)
	}
	if !n.short {
		return true
	}
	return (!alphanumeric(s[from]) || !alphanumeric(before)) && (!alphanumeric(s[to-1]) || !alphanumeric(after))
}

func alphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c >= 0x80
}

func numberish(c byte) bool { return alphanumeric(c) || strings.IndexByte("-.:+/", c) >= 0 }

// run widens a place to all of the base64 around it.
func run(s []byte, from, to int) (int, int) {
	in := func(c byte) bool { return c < 0x80 && alphanumeric(c) || strings.IndexByte("+/-_", c) >= 0 }
	for from > 0 && in(s[from-1]) {
		from--
	}
	for to < len(s) && in(s[to]) {
		to++
	}
	for to < len(s) && s[to] == '=' {
		to++
	}
	return from, to
}

// merge sorts spans and joins those that overlap; the longest gives the kind.
func merge(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int {
		if a.from != b.from {
			return a.from - b.from
		}
		if a.to != b.to {
			return b.to - a.to
		}
		return strings.Compare(a.kind, b.kind)
	})
	var out []span
	for _, s := range spans {
		if last := len(out) - 1; last >= 0 && s.from < out[last].to {
			if s.to-s.from > out[last].to-out[last].from {
				out[last].kind = s.kind
			}
			out[last].to = max(out[last].to, s.to)
			continue
		}
		out = append(out, s)
	}
	return out
}

// replace puts placeholders into spans.
func replace(s []byte, spans []span) []byte {
	out := make([]byte, 0, len(s)+len(spans)*16)
	at := 0
	for _, sp := range spans {
		out = append(append(out, s[at:sp.from]...), placeholder(sp.kind)...)
		at = sp.to
	}
	return append(out, s[at:]...)
}

// suspicious is a quick look at a body: false means that it holds no secret and no secret key. Most bodies are long
// and innocent, and rules want them byte for byte.
func suspicious(b []byte, in *secrets) bool {
	if bytes.IndexByte(b, '\\') >= 0 || bytes.IndexByte(b, '%') >= 0 || bytes.IndexByte(b, '&') >= 0 || mentions(b) {
		return true
	}
	if !in.maybe(b) {
		return false
	}
	for i := range in.needles {
		n := &in.needles[i]
		if bytes.Contains(b, n.word) {
			return true
		}
		for _, list := range [][][]byte{n.base64, n.exact} {
			for _, part := range list {
				if bytes.Contains(b, part) {
					return true
				}
			}
		}
	}
	return false
}

// mentions reports that a secret key occurs in b, in whatever case.
func mentions(b []byte) bool {
	for at := keyStarts.next(b, 0); at >= 0; at = keyStarts.next(b, at+1) {
		if startsWithKey(b[at:]) {
			return true
		}
	}
	return false
}

func startsWithKey(b []byte) bool {
	for key := range secretKeys {
		if len(b) >= len(key) && strings.EqualFold(string(b[:len(key)]), key) {
			return true
		}
	}
	return false
}

const keyNames = `password|security_pwd|access_token|session_id|session_key|assertion|access_code`

var (
	param    = regexp.MustCompile(`(?i)(^|[^a-z0-9_-])(` + keyNames + `)=([^&;\s"'<>,]+)`)
	element  = regexp.MustCompile(`(?i)(<(?:\w+:)?(` + keyNames + `)(?:\s[^<>]*)?>)([^<]+)(<|$)`)
	attr     = regexp.MustCompile(`(?i)(\b(` + keyNames + `)\s*=\s*["'])([^"']+)(["']|$)`)
	member   = regexp.MustCompile(`(?i)("(` + keyNames + `)"\s*:\s*")((?:[^"\\]|\\.)+)("|$)`)
	urlParam = regexp.MustCompile(`([?&#](?:code|token)=)[^&;\s]+`)
)

// keyed redacts text that is not JSON by key: parameters, attributes, elements, and JSON within it.
func keyed(b []byte) []byte {
	if !mentions(b) {
		return b
	}
	hide := func(b []byte, form *regexp.Regexp, join string) []byte {
		return form.ReplaceAllFunc(b, func(m []byte) []byte {
			g := form.FindSubmatch(m)
			out := append([]byte{}, g[1]...)
			if join != "" {
				out = append(append(out, g[2]...), join...)
			}
			out = append(out, placeholder(secretKeys[strings.ToLower(string(g[2]))])...)
			if len(g) > 4 {
				out = append(out, g[4]...)
			}
			return out
		})
	}
	return hide(hide(hide(hide(b, param, "="), attr, ""), element, ""), member, "")
}
