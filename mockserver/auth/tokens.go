package auth

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The lifetimes of the family's Common API.
const (
	DefaultTokenLife = time.Hour
	DefaultCodeLife  = 30 * 24 * time.Hour
)

// TokenOptions make Tokens. The zero value has the lifetimes of the Common API.
type TokenOptions struct {
	TokenLife time.Duration // by the appliance's clock; 0 is DefaultTokenLife
	CodeLife  time.Duration // the same of access codes; 0 is DefaultCodeLife
	Max       int           // tokens and codes at once, of each; 0 is DefaultMax
	Random    io.Reader     // where tokens and codes come from; nil is crypto/rand
}

// Tokens are access codes, and the tokens that are got for them. They are safe for concurrent use. Times are the
// appliance's. One that has expired is remembered for as long again, so that it can be told from one that never was.
type Tokens struct {
	options TokenOptions

	mu     sync.Mutex
	issued uint64
	codes  *shelf[*code]
	tokens *shelf[token]
}

type code struct {
	user    string
	expires time.Time
	revoked bool
}

type token struct {
	user    string
	expires time.Time
	of      *code // nil where it was handed out without one
}

// revoked reports whether the code that a token was got for has been.
func (t *token) revoked() bool { return t.of != nil && t.of.revoked }

// claims are what an access code says of itself (Common API, OAuth 2.0).
type claims struct {
	Nonce    string `json:"nonce"`
	Audience string `json:"aud"`
	Issuer   string `json:"iss"`
	User     string `json:"prn"`
	ID       string `json:"jti"`
	Expires  epoch  `json:"exp"`
	Issued   epoch  `json:"iat"`
}

// epoch is seconds since 1970, read as a number or as a string of digits.
type epoch int64

// UnmarshalJSON implements json.Unmarshaler.
func (e *epoch) UnmarshalJSON(text []byte) error {
	n, err := strconv.ParseInt(strings.Trim(string(text), `"`), 10, 64)
	*e = epoch(n)
	return err
}

// NewTokens returns none yet.
func NewTokens(o TokenOptions) *Tokens {
	o.TokenLife, o.CodeLife = cmp.Or(o.TokenLife, DefaultTokenLife), cmp.Or(o.CodeLife, DefaultCodeLife)
	o.Max = cmp.Or(o.Max, DefaultMax)
	if o.Random == nil {
		o.Random = rand.Reader
	}
	t := &Tokens{options: o}
	t.Clear()
	return t
}

// Life is how long a token lives.
func (t *Tokens) Life() time.Duration { return t.options.TokenLife }

// Issue makes an access code of a user. Issuer is the appliance's address, such as https://10.0.0.1; it stands in the
// code and nowhere else. The error is that of the random source.
func (t *Tokens) Issue(user, issuer string, now time.Time) (string, error) {
	nonce, err := urlSecret(t.options.Random)
	if err != nil {
		return "", err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.issued++
	expires := now.Add(t.options.CodeLife)
	text, err := json.Marshal(claims{
		Nonce: nonce, Audience: issuer + "/api/common/1.0/oauth/token", Issuer: issuer, User: user,
		ID: strconv.FormatUint(t.issued, 10), Expires: epoch(expires.Unix()), Issued: epoch(now.Unix()),
	})
	if err != nil {
		return "", err
	}
	out := base64.StdEncoding.EncodeToString(text)
	t.shelve(out, &code{user: user, expires: expires}, now)
	return out, nil
}

// Adopt takes an access code that was issued earlier, with the user and the expiry that it names. The error says what
// it lacks, and never the code.
func (t *Tokens) Adopt(text string, now time.Time) (user string, err error) {
	text, ok := bare(text)
	raw, err := base64.RawStdEncoding.DecodeString(text)
	if !ok || err != nil {
		return "", errors.New("auth: an access code is the base64 of a JSON object, and this is not")
	}
	var c claims
	if err := json.Unmarshal(raw, &c); err != nil || c.User == "" || c.Expires == 0 {
		return "", errors.New("auth: an access code names its user in prn and its end in exp, and this one does not")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.shelve(text, &code{user: c.User, expires: time.Unix(int64(c.Expires), 0)}, now)
	return c.User, nil
}

func (t *Tokens) shelve(text string, c *code, now time.Time) {
	text, _ = bare(text)
	t.codes.put(keyOf(text), c, c.expires.Add(t.options.CodeLife), now)
}

// noneHeaders are what an assertion of three parts begins with: the base64 of {"alg":"none"}, with a line's end, with
// padding and without.
var noneHeaders = [...]string{"eyJhbGciOiJub25lIn0K", "eyJhbGciOiJub25lIn0=", "eyJhbGciOiJub25lIn0"}

// bare is the access code of an assertion: it alone, or the middle one of three parts. A plus may have become a space on
// its way, and padding may be there or not.
func bare(assertion string) (text string, ok bool) {
	text = strings.ReplaceAll(strings.Trim(assertion, "\r\n\t"), " ", "+")
	switch parts := strings.Split(text, "."); {
	case len(parts) == 1:
	case len(parts) == 3 && slices.Contains(noneHeaders[:], parts[0]) && parts[2] == "":
		text = parts[1]
	default:
		return "", false
	}
	text = strings.TrimRight(text, "=")
	return text, text != ""
}

// Owner returns the user of an assertion, without a token for it. The error is ErrCode or ErrExpiredCode.
func (t *Tokens) Owner(assertion string, now time.Time) (user string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c, err := t.code(assertion, now)
	if err != nil {
		return "", err
	}
	return c.user, nil
}

// Exchange returns a new token for an assertion. The error is ErrCode, ErrExpiredCode, or that of the random source.
func (t *Tokens) Exchange(assertion string, now time.Time) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c, err := t.code(assertion, now)
	if err != nil {
		return "", err
	}
	return t.hand(token{user: c.user, of: c}, now)
}

// Hand returns a new token of a user, without a code. The error is that of the random source.
func (t *Tokens) Hand(user string, now time.Time) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.hand(token{user: user}, now)
}

func (t *Tokens) hand(v token, now time.Time) (string, error) {
	text, err := urlSecret(t.options.Random)
	if err != nil {
		return "", err
	}
	v.expires = now.Add(t.options.TokenLife)
	t.tokens.put(keyOf(text), v, v.expires.Add(t.options.TokenLife), now)
	return text, nil
}

func (t *Tokens) code(assertion string, now time.Time) (*code, error) {
	text, ok := bare(assertion)
	if !ok {
		return nil, ErrCode
	}
	it := t.codes.get(keyOf(text), now)
	switch {
	case it == nil || it.value.revoked:
		return nil, ErrCode
	case !now.Before(it.value.expires):
		return nil, ErrExpiredCode
	}
	return it.value, nil
}

// Use returns the user of a token. The token may be given alone or as the middle one of three parts. The error is
// ErrToken or ErrExpiredToken.
func (t *Tokens) Use(text string, now time.Time) (user string, err error) {
	if parts := strings.Split(text, "."); len(parts) == 3 {
		text = parts[1]
	}
	k := keyOf(text)
	t.mu.Lock()
	defer t.mu.Unlock()
	it := t.tokens.get(k, now)
	switch {
	case it == nil || it.value.revoked():
		return "", ErrToken
	case !now.Before(it.value.expires):
		return "", ErrExpiredToken
	}
	return it.value.user, nil
}

// RevokeToken makes a token good for nothing and reports whether there was one.
func (t *Tokens) RevokeToken(text string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.tokens.remove(keyOf(text))
}

// RevokeOf revokes all codes of a user and all tokens, and returns how many of both were good until then, or had expired a
// while ago.
func (t *Tokens) RevokeOf(user string, now time.Time) (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sweep(now)
	for k, it := range t.tokens.by {
		if it.value.user == user && t.tokens.remove(k) && !it.value.revoked() {
			n++
		}
	}
	for k, it := range t.codes.by {
		if it.value.user == user && t.codes.remove(k) {
			it.value.revoked = true
			n++
		}
	}
	return n
}

// RevokeCode revokes an access code, and with it the tokens that were got for it. It reports whether there was one.
func (t *Tokens) RevokeCode(text string) bool {
	text, _ = bare(text)
	t.mu.Lock()
	defer t.mu.Unlock()
	it := t.codes.by[keyOf(text)]
	if it == nil {
		return false
	}
	it.value.revoked = true
	return t.codes.remove(it.key)
}

// Clear forgets all codes and tokens.
func (t *Tokens) Clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.codes, t.tokens = newShelf[*code](t.options.Max), newShelf[token](t.options.Max)
}

// Len is how many codes and tokens are kept, those that expired a while ago included.
func (t *Tokens) Len(now time.Time) (codes, tokens int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sweep(now)
	return len(t.codes.by), len(t.tokens.by)
}

func (t *Tokens) sweep(now time.Time) {
	t.codes.sweep(now)
	t.tokens.sweep(now)
}
