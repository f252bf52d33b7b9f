package exchange

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// mark starts what stands in a secret's place: REDACTED_ and the kind in capitals. It needs no escaping in JSON, XML,
// HTML, URLs, headers or a shell.
const mark = "REDACTED_"

// The kinds of secrets that are known by where they stand.
const (
	kindPassword    = "password"
	kindSession     = "session"
	kindCredentials = "credentials"
	kindCookie      = "cookie"
	kindAssertion   = "assertion"
)

// secretKeys are keys whose value is never shown, at any depth of JSON, as form or query parameters and as XML
// elements, with the kind of secret that they hold. Case does not matter.
var secretKeys = map[string]string{
	"password": kindPassword, "security_pwd": "security_pwd",
	"access_token": kindSession, "session_id": kindSession, "session_key": kindSession,
	"assertion": kindAssertion, "access_code": kindAssertion,
}

// Redactor takes secrets out of exchanges: by where they stand (headers, keys) and by value, whatever the encoding. It
// learns as it goes: passwords that a request carries and tokens that an answer hands out are known from then on. The
// zero value is not usable; it is safe for concurrent use.
//
// A value shorter than four bytes, equal to the account's name, or part of the words that the documents themselves use
// (see ordinary) is redacted by where it stands only: looking for it everywhere would eat words that are no secret.
type Redactor struct {
	mu    sync.RWMutex
	user  string
	known map[string]needle // by value
	cache *secrets          // of all that is known; nil where it has to be made anew
}

// NewRedactor makes a redactor for the account of that name, which is no secret; "" where it is not known.
func NewRedactor(user string) *Redactor {
	return &Redactor{user: user, known: map[string]needle{}}
}

// Keep makes a value known as a secret; kind is what it is.
func (r *Redactor) Keep(kind, value string) {
	if len(value) < 4 || value == r.user || strings.HasPrefix(value, mark) || ordinary(value) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.known[value]; !ok {
		r.known[value] = newNeedle(kind, value, r.user)
		r.cache = nil
	}
}

// size is how many values are known.
func (r *Redactor) size() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.known)
}

// secrets are those known now, in a fixed order.
func (r *Redactor) secrets() *secrets {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cache == nil {
		needles := make([]needle, 0, len(r.known))
		for _, v := range slices.Sorted(maps.Keys(r.known)) {
			needles = append(needles, r.known[v])
		}
		r.cache = newSecrets(needles)
	}
	return r.cache
}

// Redact takes every known secret out of x, in place, and adds to x.Leaks what the answer gave back. Bodies longer
// than maxBody are cut afterwards; 0 cuts nothing. Names (ID, Probe, Step, Operation, Variant, Auth) are left alone.
func (r *Redactor) Redact(x *Exchange, maxBody int) {
	r.learn(x)
	p := &pass{secrets: r.secrets(), leaks: map[Leak]bool{}}
	x.Request.URL = p.url(x.Request.URL)
	x.Request.Header = p.headers(x.Request.Header, x.Auth == Verbatim)
	x.Request.Body = p.body(x.Request.Body, x.Request.Header, x.Request.Cut > 0)
	clear(p.leaks) // what the request carries is no leak
	x.Response.Header = p.headers(x.Response.Header, false)
	p.where = "body"
	x.Response.Body = p.body(x.Response.Body, x.Response.Header, x.Response.Cut > 0 || x.Error != "")
	for _, l := range x.Leaks {
		p.leaks[l] = true
	}
	p.where = ""
	x.Error = text(p.plain(x.Error))
	x.Leaks = slices.SortedFunc(maps.Keys(p.leaks), func(a, b Leak) int {
		return strings.Compare(a.Where+"\x00"+a.Secret, b.Where+"\x00"+b.Secret)
	})
	x.Request.trim(maxBody)
	x.Response.trim(maxBody)
}

// redactAll redacts exchanges that were recorded elsewhere: all of their secrets are learned before the first is read.
func (r *Redactor) redactAll(exchanges []Exchange) {
	for i := range exchanges {
		r.learn(&exchanges[i])
	}
	for i := range exchanges {
		r.Redact(&exchanges[i], 0)
	}
}

// trim cuts a body at a limit.
func (m *Message) trim(limit int) {
	if limit > 0 && len(m.Body) > limit {
		m.Cut += len(m.Body) - limit
		m.Body = m.Body[:limit:limit]
	}
}

// learn takes note of the secrets that x itself names.
func (r *Redactor) learn(x *Exchange) {
	if scheme, value, ok := strings.Cut(x.Request.Header.Get("Authorization"), " "); ok && x.Auth == Account {
		if plain, err := base64.StdEncoding.DecodeString(value); err == nil && strings.EqualFold(scheme, "basic") {
			if user, password, ok := strings.Cut(string(plain), ":"); ok && password != user {
				r.Keep(kindPassword, password)
			}
		} else if strings.Contains(strings.ToLower(scheme), "bearer") {
			r.Keep(kindSession, value)
		}
	}
	for _, c := range (&http.Request{Header: x.Request.Header}).Cookies() {
		r.Keep(kindSession, c.Value)
	}
	for _, c := range (&http.Response{Header: x.Response.Header}).Cookies() {
		r.Keep(kindSession, c.Value)
	}
	keep := func(kind, key, value string) {
		if !strings.EqualFold(key, "session_key") { // it names a cookie
			r.Keep(kind, value)
		}
	}
	named(x.Request.Body, keep)
	named(x.Response.Body, func(kind, key, value string) {
		if kind == kindSession || kind == kindAssertion {
			keep(kind, key, value)
		}
	})
	r.learnAddress(x.Response.Header.Get("Location"))
}

// learnAddress takes note of the codes and tokens that a log-in hands out in an address.
func (r *Redactor) learnAddress(location string) {
	u, err := url.Parse(location)
	if err != nil {
		return
	}
	for _, text := range []string{u.RawQuery, u.Fragment} {
		values, err := url.ParseQuery(text)
		if err != nil {
			continue
		}
		for _, key := range []string{"code", "token", "access_token"} {
			for _, v := range values[key] {
				r.Keep(kindSession, v)
				r.Keep(kindSession, strings.ReplaceAll(v, " ", "+"))
			}
		}
	}
}

// pass is one exchange being redacted.
type pass struct {
	secrets *secrets
	where   string // the part of an answer being read, for leaks
	leaks   map[Leak]bool
}

// placeholder is what stands for a secret of a kind.
func placeholder(kind string) string {
	return mark + strings.ToUpper(strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' {
			return c
		}
		return '_'
	}, kind))
}

// plain redacts text that is not JSON: by value first, so that a leak is seen wherever it stands, then by key.
func (p *pass) plain(s string) string {
	if s == "" {
		return s
	}
	return string(keyed(p.values([]byte(s), "")))
}

// values redacts by value. What stands under the key of a session may be that session.
func (p *pass) values(s []byte, under string) []byte {
	spans := find(s, p.secrets)
	if len(spans) == 0 {
		return s
	}
	for _, sp := range spans {
		p.leak(sp.kind, under)
	}
	return replace(s, spans)
}

func (p *pass) leak(kind, under string) {
	if p.where != "" && (kind != kindSession || under != kindSession) {
		p.leaks[Leak{Secret: kind, Where: p.where}] = true
	}
}

// headers redacts a copy. A header that a probe made up and that cannot hold credentials stays readable.
func (p *pass) headers(h http.Header, verbatim bool) http.Header {
	out := make(http.Header, len(h))
	for _, name := range slices.Sorted(maps.Keys(h)) {
		p.where = name
		for _, v := range h[name] {
			out[name] = append(out[name], p.header(name, v, verbatim))
		}
	}
	return out
}

func (p *pass) header(name, v string, verbatim bool) string {
	switch http.CanonicalHeaderKey(name) {
	case "Authorization", "Proxy-Authorization":
		if verbatim && harmless(v) {
			return p.plain(v)
		}
		scheme, _, found := strings.Cut(v, " ")
		if found && !strings.ContainsAny(scheme, "=:/+") && len(find([]byte(scheme), p.secrets)) == 0 {
			return scheme + " " + placeholder(kindCredentials)
		}
		return placeholder(kindCredentials)
	case "Cookie":
		return p.cookies(v)
	case "Set-Cookie":
		first, attributes, found := strings.Cut(v, ";")
		out := p.cookies(first)
		if found {
			out += ";" + p.plain(attributes)
		}
		return out
	}
	return p.url(v)
}

// url is plain, and the codes and tokens that log-ins put into addresses.
func (p *pass) url(v string) string {
	if strings.Contains(v, "code=") || strings.Contains(v, "token=") {
		v = urlParam.ReplaceAllString(v, "${1}"+placeholder(kindCredentials))
	}
	return p.plain(v)
}

// cookies keeps the names of cookies.
func (p *pass) cookies(v string) string {
	var out []string
	for part := range strings.SplitSeq(v, ";") {
		name, value, found := strings.Cut(strings.TrimSpace(part), "=")
		if !found {
			out = append(out, placeholder(kindCookie))
			continue
		}
		for _, sp := range find([]byte(value), p.secrets) {
			p.leak(sp.kind, kindSession)
		}
		out = append(out, p.plain(name)+"="+placeholder(kindCookie))
	}
	return strings.Join(out, "; ")
}

// body redacts a body; torn says that its end is missing. The result is checked by a second look, and a body that
// still holds a secret is not shown at all.
func (p *pass) body(b []byte, h http.Header, torn bool) []byte {
	if len(b) == 0 {
		return b
	}
	if p.compressed(b, h) {
		return []byte(placeholder("compressed body"))
	}
	if !suspicious(b, p.secrets) {
		return p.tail(b, torn)
	}
	if !looksJSON(b) {
		return p.tail(p.checked(keyed(p.values(b, "")), p.secrets), torn)
	}
	out := p.json(b)
	if !json.Valid(out) { // a secret may lie across what look like its strings
		wordy := p.secrets.without(func(n *needle) bool { return n.numeric })
		out = p.checked(p.with(wordy).values(out, ""), wordy)
	}
	return p.tail(out, torn)
}

// checked is b, or nothing of it where it still holds a secret.
func (p *pass) checked(b []byte, in *secrets) []byte {
	if len(find(b, in)) > 0 {
		return []byte(placeholder("body"))
	}
	return b
}

func (p *pass) with(in *secrets) *pass {
	return &pass{secrets: in, where: p.where, leaks: p.leaks}
}

// tail takes the beginning of a secret off the end of a body that was cut there.
func (p *pass) tail(b []byte, torn bool) []byte {
	if !torn {
		return b
	}
	for _, n := range p.secrets.needles {
		for size := min(len(n.value)-1, len(b)); size >= 4; size-- {
			if bytes.HasSuffix(b, []byte(n.value[:size])) {
				return append(bytes.Clone(b[:len(b)-size]), placeholder(n.kind)...)
			}
		}
	}
	return b
}

// compressed reports that a body which the device compressed unasked holds a secret.
func (p *pass) compressed(b []byte, h http.Header) bool {
	if !strings.Contains(strings.ToLower(h.Get("Content-Encoding")), "gzip") {
		return false
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return false
	}
	inner, _ := io.ReadAll(io.LimitReader(z, DefaultMaxRead)) // what could be read is looked at
	return !bytes.Equal(p.body(inner, nil, true), inner)
}
