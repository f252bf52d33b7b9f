package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// visible makes text of a device harmless for a terminal and an editor, and keeps what it said: every rune that cannot
// be printed (control characters, escape sequences, marks that turn the direction of text, bytes that are no UTF-8) is
// written as an escape of Go, such as \x1b or \u202e. Those of kept stay as they are.
func visible(s, kept string) string {
	clean := func(r rune) bool { return r != utf8.RuneError && (unicode.IsPrint(r) || strings.ContainsRune(kept, r)) }
	if strings.IndexFunc(s, func(r rune) bool { return !clean(r) }) < 0 {
		return s
	}
	var out strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&out, `\x%02x`, s[0])
		case clean(r) || r == utf8.RuneError:
			out.WriteRune(r)
		case r == '\n':
			out.WriteString(`\n`)
		case r == '\r':
			out.WriteString(`\r`)
		case r == '\t':
			out.WriteString(`\t`)
		case r < 0x100:
			fmt.Fprintf(&out, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&out, `\u%04x`, r)
		default:
			fmt.Fprintf(&out, `\U%08x`, r)
		}
		s = s[size:]
	}
	return out.String()
}

// line is text of a device as one line of at most limit runes; 0 is no limit.
func line(s string, limit int) string {
	s = visible(s, "")
	if limit > 0 && utf8.RuneCountInString(s) > limit {
		runes := []rune(s)
		return fmt.Sprintf("%s... (%d more characters)", string(runes[:limit]), len(runes)-limit)
	}
	return s
}

// block is text of a device as lines of their own.
func block(s string) string { return visible(strings.ReplaceAll(s, "\r\n", "\n"), "\n\t") }

// wire writes a message as it went over the wire, without what a version of HTTP adds.
func wire(start string, headers [][2]string, body string, cut int) string {
	var out strings.Builder
	out.WriteString(line(start, 0) + "\n")
	for _, h := range headers {
		out.WriteString(line(h[0]+": "+h[1], 0) + "\n")
	}
	if body != "" {
		out.WriteString("\n" + strings.TrimSuffix(block(body), "\n") + "\n")
	}
	if cut > 0 {
		fmt.Fprintf(&out, "... (%s not shown)\n", plural(cut, "more byte"))
	}
	return out.String()
}

// clip cuts a body to a number of bytes, and tells how many are not shown in all.
func clip(body string, cut, limit int) (string, int) {
	if len(body) <= limit {
		return body, cut
	}
	return strings.ToValidUTF8(body[:limit], ""), cut + len(body) - limit
}
