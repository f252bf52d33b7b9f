package exchange

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"
	"unicode"
	"unicode/utf8"
)

// The credentials of requests that must be refused.
const (
	WrongUserName    = "flowgate-nobody" // a user name that nobody has
	wrongPassword    = "flowgate-wrong-password"
	wrongPasswordToo = "flowgate-other-password" // for the account whose password is the first
)

// request builds what goes on the wire.
func (r *Recorder) request(ctx context.Context, q Request, id string) (*http.Request, error) {
	var body io.Reader
	if q.Body != nil {
		body = bytes.NewReader(q.Body) // a *bytes.Reader gets a Content-Length, on GET too
	}
	req, err := http.NewRequestWithContext(ctx, q.Method, r.base+q.Path, body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errRequest, err)
	}
	h := req.Header
	h.Set("User-Agent", r.o.UserAgent)
	h.Set("Accept", "application/json")
	h.Set("Accept-Encoding", "identity") // net/http would decompress what it asked for itself
	if id != "" {
		h.Set("X-Request-Id", strings.TrimPrefix(r.o.RunID+"-"+id, "-"))
	}
	switch {
	case q.ContentType == "-":
	case q.ContentType != "":
		h.Set("Content-Type", q.ContentType)
	case q.Body != nil:
		h.Set("Content-Type", "application/json")
	}
	r.authorize(req, q)
	return req, nil
}

func (r *Recorder) authorize(req *http.Request, q Request) {
	switch q.Auth {
	case None:
	case WrongPassword:
		wrong := wrongPassword
		if r.o.Password == wrong {
			wrong = wrongPasswordToo
		}
		req.SetBasicAuth(r.o.User, wrong)
	case EmptyPassword:
		req.SetBasicAuth(r.o.User, "")
	case ShortPassword:
		_, size := utf8.DecodeLastRuneInString(r.o.Password)
		req.SetBasicAuth(r.o.User, r.o.Password[:len(r.o.Password)-size])
	case LongPassword:
		req.SetBasicAuth(r.o.User, r.o.Password+"x")
	case WrongCase:
		req.SetBasicAuth(r.o.User, otherCase(r.o.Password))
	case UserCase:
		req.SetBasicAuth(otherCase(r.o.User), r.o.Password)
	case WrongUser:
		req.SetBasicAuth(WrongUserName, r.o.Password)
	case Verbatim:
		verbatim(req.Header, "Authorization", q.Authorization)
		verbatim(req.Header, "Cookie", q.Cookie)
	case OwnBasic, Ended:
		req.SetBasicAuth(r.o.User, r.o.Password)
	case Account:
		if r.o.Authorize != nil {
			r.o.Authorize(req)
		} else {
			req.SetBasicAuth(r.o.User, r.o.Password)
		}
	}
}

func verbatim(h http.Header, name, value string) {
	if value != "" {
		h.Set(name, value)
	}
}

// otherCase swaps upper and lower case; a text without letters gets one, so that it differs in any case.
func otherCase(text string) string {
	swapped := strings.Map(func(c rune) rune {
		if unicode.IsUpper(c) {
			return unicode.ToLower(c)
		}
		return unicode.ToUpper(c)
	}, text)
	if swapped == text {
		return text + "x"
	}
	return swapped
}

// sent is a request as a message.
func sent(req *http.Request, body []byte) Message {
	return Message{Method: req.Method, URL: req.URL.String(), Proto: req.Proto, Header: latin1(req.Header), Body: bytes.Clone(body)}
}

var (
	errRequest = errors.New("the request could not be built")
	errTooLong = errors.New("too long")
)

// brokenOff says that a body ended before its end.
type brokenOff struct {
	n   int
	err error
}

func (b *brokenOff) Error() string { return fmt.Sprintf("after %d bytes: %v", b.n, b.err) }
func (b *brokenOff) Unwrap() error { return b.err }

// failure is one way in which there is no answer: the word that starts Exchange.Error, and what to do.
type failure struct {
	word, hint string
	is         func(error) bool
}

// failures are tried in order.
var failures = []failure{
	{"the request could not be built", "the harness asked for a URL that is none: check the base URL", func(err error) bool { return errors.Is(err, errRequest) }},
	{"too long", "ask for a shorter window, or raise the limit of what is read", func(err error) bool { return errors.Is(err, errTooLong) }},
	{"timeout", "the device is slow or drops packets: try it with curl, and raise --timeout", func(err error) bool {
		var t interface{ Timeout() bool }
		return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &t) && t.Timeout()
	}},
	{"broken off", "the device or a proxy closed the connection within an answer: look at its log", func(err error) bool {
		var b *brokenOff
		return errors.As(err, &b)
	}},
	{"unknown authority", "the certificate is not signed by an authority that is trusted here: give --ca FILE, or --fingerprint sha256:…", is[x509.UnknownAuthorityError]},
	{"wrong certificate name", "the certificate is for another name: use that name, or give --fingerprint sha256:…", is[x509.HostnameError]},
	{"invalid certificate", "the certificate has expired or is not for servers: renew it, or give --fingerprint sha256:…", is[x509.CertificateInvalidError]},
	{"certificate not accepted", "give --ca FILE, or --fingerprint sha256:…", func(err error) bool {
		var v *tls.CertificateVerificationError
		return errors.As(err, &v)
	}},
	{"no TLS", "nothing on that port speaks TLS: is it http:// and not https://, or another port?", func(err error) bool {
		return is[tls.RecordHeaderError](err) || strings.Contains(err.Error(), "server gave HTTP response to HTTPS client")
	}},
	{"TLS handshake failed", "device and harness agree on no TLS version or cipher: old firmware needs a lower floor", func(err error) bool {
		return is[tls.AlertError](err) || strings.Contains(err.Error(), "tls: ")
	}},
	{"no such host", "the name has no address: check its spelling and the resolver", func(err error) bool {
		var d *net.DNSError
		return errors.As(err, &d)
	}},
	{"refused", "nothing listens on that port: is the device up, and is it this port?", func(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }},
	{"unreachable", "there is no route to the device: check network, firewall and VPN", func(err error) bool {
		return errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.ENETUNREACH)
	}},
	{"connection closed", "the device closed the connection without an answer: is it TLS and not http:// there? look at its log", func(err error) bool {
		return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) ||
			errors.Is(err, syscall.EPIPE) || errors.Is(err, net.ErrClosed) || strings.Contains(err.Error(), "server closed idle connection")
	}},
	{"no HTTP", "what came back is no HTTP: is it this port?", func(err error) bool {
		return strings.Contains(err.Error(), "malformed HTTP") || strings.Contains(err.Error(), "malformed MIME")
	}},
}

func is[T error](err error) bool {
	var t T
	return errors.As(err, &t)
}

// reason says in plain words why there is no answer, or no whole one.
func reason(err error, timeout time.Duration) string {
	for _, f := range failures {
		if !f.is(err) {
			continue
		}
		if f.word == "timeout" {
			return fmt.Sprintf("timeout: no whole answer within %s", timeout)
		}
		return f.word + ": " + strings.TrimPrefix(err.Error(), f.word+": ")
	}
	return "failed: " + err.Error()
}

// Hint says what to do about an exchange without an answer; "" where there is nothing to say.
func (x *Exchange) Hint() string {
	for _, f := range failures {
		if strings.HasPrefix(x.Error, f.word+":") {
			return f.hint
		}
	}
	return ""
}

// text is s as UTF-8; other bytes are read as ISO 8859-1.
func text(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	runes := make([]rune, len(s))
	for i := range len(s) {
		runes[i] = rune(s[i])
	}
	return string(runes)
}

// harmless reports that an Authorization header cannot carry credentials: no value, no base64, no name or no password.
func harmless(header string) bool {
	scheme, value, found := strings.Cut(header, " ")
	if !found || strings.TrimSpace(value) == "" {
		return true
	}
	switch strings.ToLower(scheme) {
	case "basic":
		plain, err := base64.StdEncoding.DecodeString(value)
		if err != nil {
			return strings.Trim(value, "%= ") == ""
		}
		user, password, colon := strings.Cut(string(plain), ":")
		return !colon || user == "" && password == ""
	case "flowgate":
		return true
	}
	return false
}
