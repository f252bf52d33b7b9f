package exchange

import (
	"bytes"
	"html"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// rewriter builds a view byte by byte.
type rewriter struct {
	src     view
	out     view
	changed bool
}

// put appends decoded bytes that stand at src.text[i].
func (w *rewriter) put(i int, decoded ...byte) {
	at := int32(w.src.pos(i)) //nolint:gosec // bodies are far below 2 GiB
	for range decoded {
		w.out.at = append(w.out.at, at)
	}
	w.out.text = append(w.out.text, decoded...)
}

// end closes the view; ok is false where decoding changed nothing.
func (w *rewriter) end() (view, bool) {
	w.out.at = append(w.out.at, int32(w.src.pos(len(w.src.text)))) //nolint:gosec // as above
	return w.out, w.changed
}

// unescapePercent decodes %XX, and + as a space where that is asked for.
func unescapePercent(v view, plus bool) (view, bool) {
	if bytes.IndexByte(v.text, '%') < 0 && (!plus || bytes.IndexByte(v.text, '+') < 0) {
		return v, false
	}
	w := rewriter{src: v}
	for i := 0; i < len(v.text); i++ {
		switch c := v.text[i]; {
		case c == '%' && i+2 < len(v.text) && hex(v.text[i+1:i+3]) >= 0:
			w.put(i, byte(hex(v.text[i+1:i+3]))) //nolint:gosec // two hexadecimal digits
			w.changed = true
			i += 2
		case c == '+' && plus:
			w.put(i, ' ')
			w.changed = true
		default:
			w.put(i, c)
		}
	}
	return w.end()
}

// hex reads hexadecimal digits; -1 where they are none.
func hex(s []byte) int {
	n, err := strconv.ParseUint(string(s), 16, 32)
	if err != nil {
		return -1
	}
	return int(n) //nolint:gosec // at most four digits
}

// escapes are those of one letter.
var escapes = map[byte]byte{'n': '\n', 't': '\t', 'r': '\r', 'b': '\b', 'f': '\f', '"': '"', '\\': '\\', '/': '/', '\'': '\''}

// unescapeJSON decodes the escapes of JSON strings, and \xXX, which JavaScript and Python write.
func unescapeJSON(v view) (view, bool) {
	if bytes.IndexByte(v.text, '\\') < 0 {
		return v, false
	}
	w := rewriter{src: v}
	s := v.text
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			w.put(i, s[i])
			continue
		}
		w.changed = true
		switch c := s[i+1]; {
		case c == 'u' && i+5 < len(s) && hex(s[i+2:i+6]) >= 0:
			r, size := rune(hex(s[i+2:i+6])), 6 //nolint:gosec // four hexadecimal digits
			if utf16.IsSurrogate(r) && i+11 < len(s) && s[i+6] == '\\' && s[i+7] == 'u' && hex(s[i+8:i+12]) >= 0 {
				r, size = utf16.DecodeRune(r, rune(hex(s[i+8:i+12]))), 12 //nolint:gosec // as above
			}
			w.put(i, utf8.AppendRune(nil, r)...)
			i += size - 1
		case c == 'x' && i+3 < len(s) && hex(s[i+2:i+4]) >= 0:
			w.put(i, byte(hex(s[i+2:i+4]))) //nolint:gosec // two hexadecimal digits
			i += 3
		case escapes[c] != 0:
			w.put(i, escapes[c])
			i++
		default:
			w.put(i, s[i])
		}
	}
	return w.end()
}

// unescapeEntities decodes entities such as &amp; and &#34;.
func unescapeEntities(v view) (view, bool) {
	if bytes.IndexByte(v.text, '&') < 0 {
		return v, false
	}
	w := rewriter{src: v}
	s := v.text
	for i := 0; i < len(s); i++ {
		if end := bytes.IndexByte(s[i:min(i+10, len(s))], ';'); s[i] == '&' && end > 0 {
			entity := string(s[i : i+end+1])
			if decoded := html.UnescapeString(entity); decoded != entity {
				w.put(i, []byte(decoded)...)
				w.changed = true
				i += end
				continue
			}
		}
		w.put(i, s[i])
	}
	return w.end()
}
