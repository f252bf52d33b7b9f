package exchange

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// Curl is a line for sh that sends x's request again. Credentials of the account come from FLOWGATE_USER and
// FLOWGATE_PASSWORD of the environment; other secrets are what the redaction put in their place. A base that is not
// empty replaces scheme and host of the URL (and is put before a URL without them). What is no HTTP request becomes a
// comment.
func Curl(x Exchange, base string) string {
	if x.Request.Method == MethodSeen {
		return "# no request: seen at " + strings.Join(strings.Fields(x.Request.URL), "") + ", as the body lists"
	}
	if x.Noted() {
		return "# no request: sent to " + strings.Join(strings.Fields(x.Request.URL), "") + " what the body lists"
	}
	body := x.Request.Body
	args := []string{"curl", "-sS"}
	if x.Request.Method == http.MethodHead {
		args = append(args, "--head")
	} else {
		args = append(args, "-X", quote(x.Request.Method))
	}
	args = append(args, curlAuth(&x)...)
	args = append(args, curlHeaders(&x)...)
	pipe := ""
	if body != nil {
		if len(body) > 1024 {
			args = append(args, "-H", "'Expect:'")
		}
		if len(body) > 100_000 || !printable(body) { // an argument has a limit, and no byte zero
			pipe = "printf " + quote(octal(body)) + " | "
			args = append(args, "--data-binary", "@-")
		} else {
			args = append(args, "--data-raw", quote(string(body)))
		}
	}
	target := rebase(x.Request.URL, base)
	if strings.ContainsAny(target, "[]{}") {
		args = append(args, "--globoff")
	}
	if strings.Contains(target, "/.") {
		args = append(args, "--path-as-is")
	}
	return pipe + strings.Join(append(args, quote(target)), " ")
}

func curlAuth(x *Exchange) []string {
	header := x.Request.Header.Get("Authorization")
	user, password := `"$FLOWGATE_USER`, `$FLOWGATE_PASSWORD"`
	const otherCase = ` | tr a-zA-Z A-Za-z)`
	switch x.Auth {
	case None:
		return nil
	case WrongPassword:
		return []string{"--user", user + ":" + wrongPassword + `"`}
	case EmptyPassword:
		return []string{"--user", user + `:"`}
	case ShortPassword:
		return []string{"--user", user + `:${FLOWGATE_PASSWORD%?}"`}
	case LongPassword:
		return []string{"--user", user + `:${FLOWGATE_PASSWORD}x"`}
	case WrongCase:
		return []string{"--user", user + `:$(printf %s "$FLOWGATE_PASSWORD"` + otherCase + `"`}
	case UserCase:
		return []string{"--user", `"$(printf %s "$FLOWGATE_USER"` + otherCase + ":" + password}
	case WrongUser:
		return []string{"--user", `"` + WrongUserName + ":" + password}
	case Verbatim:
		return []string{"-H", quote(headerLine("Authorization", header))}
	case Account, OwnBasic, Ended:
	}
	switch {
	case header == "" && x.Request.Header.Get("Cookie") != "":
		return nil
	case header == "" && x.Operation == "" && x.Probe == "": // of another tool, which sent none
		return nil
	case header != "" && !strings.HasPrefix(header, "Basic "):
		return []string{"-H", quote(headerLine("Authorization", header))}
	}
	return []string{"--user", user + ":" + password}
}

// ownHeaders are those that curl makes itself, or that belong to the one exchange.
var ownHeaders = []string{"Authorization", "Host", "Content-Length", "User-Agent", "Accept-Encoding", "X-Request-Id", "Connection"}

func curlHeaders(x *Exchange) []string {
	var args []string
	for _, name := range slices.Sorted(maps.Keys(x.Request.Header)) {
		if slices.Contains(ownHeaders, http.CanonicalHeaderKey(name)) || strings.HasPrefix(name, ":") {
			continue
		}
		for _, v := range x.Request.Header[name] {
			args = append(args, "-H", quote(headerLine(name, v)))
		}
	}
	if x.Request.Body != nil && x.Request.Header.Get("Content-Type") == "" {
		args = append(args, "-H", "'Content-Type:'") // curl would say that it is a form
	}
	return args
}

func headerLine(name, value string) string {
	if value == "" {
		return name + ";" // curl's way to send an empty header
	}
	return name + ": " + value
}

// rebase puts a URL below another base.
func rebase(target, base string) string {
	if base == "" {
		return target
	}
	base = strings.TrimSuffix(base, "/")
	u, err := url.Parse(target)
	if err != nil || u.Host == "" {
		return base + target
	}
	return base + strings.TrimPrefix(target, u.Scheme+"://"+u.Host)
}

// quote makes one word of sh out of s.
func quote(s string) string {
	plain := func(c rune) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("-_./:=@%+,", c)
	}
	if s != "" && strings.IndexFunc(s, func(c rune) bool { return !plain(c) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// printable reports that a body can be pasted into a terminal as it is.
func printable(b []byte) bool {
	if !utf8.Valid(b) {
		return false
	}
	for _, c := range b {
		if c < ' ' && c != '\n' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// octal writes bytes for printf.
func octal(b []byte) string {
	var out strings.Builder
	for i, c := range b {
		switch {
		case i == 0 && c == '-': // printf would take it for an option
			out.WriteString(`\055`)
		case c == '\\':
			out.WriteString(`\\`)
		case c == '%':
			out.WriteString("%%")
		case c < ' ' || c >= 0x7f:
			fmt.Fprintf(&out, `\%03o`, c)
		default:
			out.WriteByte(c)
		}
	}
	return out.String()
}
