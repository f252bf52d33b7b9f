package mockserver

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/flowgate-dev/flowgate/mockserver/auth"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

// Way is a way to log in.
type Way string

// The three ways of the Common API.
const (
	Basic   Way = "basic"   // a name and a password with each request (RFC 7617)
	Session Way = "session" // a cookie that login sets
	OAuth   Way = "oauth"   // a token that is got for an access code
)

// Ways lists all of them, in the order in which auth_info names them.
func Ways() []Way { return []Way{Basic, Session, OAuth} }

// method is the way's word in auth_info.
func (w Way) method() string {
	return map[Way]string{Basic: "BASIC", Session: "COOKIE", OAuth: "OAUTH_2_0"}[w]
}

// Access says who may log in, and how. In the zero value all three ways are open, sessions last until they are ended, and
// no number of wrong passwords locks an account. Times are the appliance's.
type Access struct {
	Ways     []Way          // that are switched on; nil is all
	Accounts []auth.Account // beside those of Options.Users
	Banner   string         // that auth_info shows

	SessionIdle time.Duration // without a request ends a session; 0 never does
	SessionLife time.Duration // ends a session whatever it does; 0 never does
	OneSession  bool          // a user's new session ends the one before

	LockWhen int           // wrong passwords in a row that lock an account; 0 never does
	LockFor  time.Duration // how long; 0 is until a reset

	TokenLife time.Duration // 0 is an hour
	CodeLife  time.Duration // of access codes; 0 is 30 days
	Codes     []string      // access codes that were issued earlier; each names its user and its end

	Random io.Reader // where sessions, tokens and codes come from; nil is crypto/rand
}

// access is Access at work.
type access struct {
	options  Access
	accounts *auth.Accounts
	sessions *auth.Sessions
	tokens   *auth.Tokens
}

func newAccess(o Options) (*access, error) {
	x := &access{options: o.Access}
	if x.options.Ways == nil {
		x.options.Ways = Ways()
	}
	for _, w := range x.options.Ways {
		if w.method() == "" {
			return nil, fmt.Errorf("mockserver: %q is no way to log in (expected basic, session or oauth)", w)
		}
	}
	if len(x.options.Ways) == 0 {
		return nil, errors.New("mockserver: every way to log in is switched off (hint: leave one of basic, session and oauth on)")
	}
	var err error
	x.accounts, err = auth.New(auth.Options{
		Users: o.Users, Accounts: o.Access.Accounts, Cost: o.PasswordCost, LockWhen: o.Access.LockWhen, LockFor: o.Access.LockFor,
	})
	if err != nil {
		return nil, err
	}
	x.sessions = auth.NewSessions(auth.SessionOptions{Idle: o.Access.SessionIdle, Life: o.Access.SessionLife, One: o.Access.OneSession, Random: o.Access.Random})
	x.tokens = auth.NewTokens(auth.TokenOptions{TokenLife: o.Access.TokenLife, CodeLife: o.Access.CodeLife, Random: o.Access.Random})
	return x, x.adopt(o.Clock.Now())
}

// adopt takes the access codes that were issued earlier.
func (x *access) adopt(now time.Time) error {
	for i, code := range x.options.Codes {
		user, err := x.tokens.Adopt(code, now)
		if err != nil {
			return fmt.Errorf("mockserver: access code %d: %w", i+1, err)
		}
		if _, err := x.accounts.Admit(user, now); errors.Is(err, auth.ErrWrong) {
			return fmt.Errorf("mockserver: access code %d is of user %q, and there is no such account (hint: give that account too)", i+1, user)
		}
	}
	return nil
}

// reset ends what was begun since the start.
func (x *access) reset(now time.Time) {
	x.sessions.Clear()
	x.tokens.Clear()
	x.accounts.Unlock()
	_ = x.adopt(now) // they were good at the start
}

func (x *access) offers(w Way) bool { return slices.Contains(x.options.Ways, w) }

// close takes the resources of ways that are switched off away.
func (x *access) close(r router) {
	for way, paths := range map[Way][]string{Session: {"login", "logout"}, OAuth: {"oauth/authorize", "oauth/token"}} {
		for _, path := range paths {
			if !x.offers(way) {
				delete(r, "/api/common/1.0/"+path)
			}
		}
	}
}

// IssueCode makes an access code of a user, as an administrator would on the appliance's own pages. The error names a
// user that there is not.
func (a *Appliance) IssueCode(user string) (string, error) {
	now := a.clock.Now()
	if _, err := a.access.accounts.Admit(user, now); err != nil {
		return "", fmt.Errorf("mockserver: no access code for user %q: %w", user, err)
	}
	return a.access.tokens.Issue(user, "https://"+a.State().Name, now)
}

// RevokeCode revokes an access code and the tokens that were got for it. It reports whether there was one.
func (a *Appliance) RevokeCode(code string) bool { return a.access.tokens.RevokeCode(code) }

// EndAccess ends all sessions of a user and revokes all tokens and access codes. It returns how many there were.
func (a *Appliance) EndAccess(user string) int {
	now := a.clock.Now()
	return a.access.sessions.EndOf(user, now) + a.access.tokens.RevokeOf(user, now)
}

// sessionKey is the name of the cookie.
const sessionKey = "SESSID"

// authenticate finds out who asks. An Authorization header decides where there is one, then a cookie.
func (a *Appliance) authenticate(c *call) error {
	headers := c.r.Header["Authorization"]
	way, token := Basic, ""
	if len(headers) == 1 {
		if scheme, rest, _ := strings.Cut(headers[0], " "); strings.EqualFold(scheme, "Bearer") || strings.EqualFold(scheme, "SignedBearer") {
			way, token = OAuth, strings.TrimSpace(rest)
		}
	}
	cookies := c.r.CookiesNamed(sessionKey)
	if len(headers) == 0 && len(cookies) > 0 && a.access.offers(Session) {
		way = Session
	}
	var err error
	switch {
	case way == Session:
		c.session = cookies[0].Value
		c.user, err = a.admit(c, a.access.sessions.Use, c.session)
	case len(headers) == 0 || !a.access.offers(way):
		err = auth.ErrMissing
	case way == OAuth:
		c.user, err = a.admit(c, a.access.tokens.Use, token)
	default:
		c.user, err = a.access.accounts.Basic(c.r.Context(), headers, auth.Moment{Machine: c.began, Device: c.now})
	}
	c.way = way
	p := denied(err, c.dialect)
	if p == nil {
		return err
	}
	if p.Status == http.StatusUnauthorized {
		if challenge := a.access.challenge(way, p.ID); challenge != "" {
			c.w.Header()["Www-Authenticate"] = []string{challenge}
		}
	}
	return p
}

// admit looks up whose a session or a token is, and whether that account may still be used.
func (a *Appliance) admit(c *call, whose func(string, time.Time) (string, error), secret string) (auth.User, error) {
	name, err := whose(secret, c.now)
	if err != nil {
		return auth.User{}, err
	}
	return a.access.accounts.Admit(name, c.now)
}

// challenge is the WWW-Authenticate header of a 401. A stale session has none, as recorded.
func (x *access) challenge(way Way, id string) string {
	const realm = ` realm="FlowGateway"`
	switch {
	case way == Session:
		return ""
	case way == OAuth && id != AuthRequired:
		return "Bearer" + realm + `, error="invalid_token"`
	case x.offers(Basic):
		return "Basic" + realm + `, charset="UTF-8"`
	case x.offers(OAuth):
		return "Bearer" + realm
	}
	return ""
}

// denials are the errors of package auth as the API tells them.
var denials = [...]struct {
	err     error
	problem Problem
}{
	{auth.ErrMissing, Problem{ID: AuthRequired, Status: http.StatusUnauthorized, Text: "Authentication required: send credentials by one of the ways that auth_info names."}},
	{auth.ErrMalformed, Problem{ID: InvalidCredentials, Status: http.StatusUnauthorized, Text: "The Authorization header cannot be read: accepted is Basic followed by the base64 of name:password."}},
	{auth.ErrWrong, Problem{ID: InvalidCredentials, Status: http.StatusUnauthorized, Text: "The user name or the password is wrong; upper and lower case count."}},
	{auth.ErrSession, Problem{ID: InvalidSession, Status: http.StatusUnauthorized, Text: "This session is over or never was: log in again."}},
	{auth.ErrToken, Problem{ID: InvalidToken, Status: http.StatusUnauthorized, Text: "This token was not handed out here or has been revoked: get another for an access code."}},
	{auth.ErrExpiredToken, Problem{ID: ExpiredToken, Status: http.StatusUnauthorized, Text: "This token has expired: get another for the access code."}},
	{auth.ErrCode, Problem{ID: InvalidCode, Status: http.StatusUnauthorized, Text: "This access code was not issued here or has been revoked (accepted: the code alone, or as the middle one of three parts)."}},
	{auth.ErrExpiredCode, Problem{ID: ExpiredCode, Status: http.StatusUnauthorized, Text: "This access code has expired: have another issued."}},
	{auth.ErrExpiredPassword, Problem{ID: ExpiredPassword, Status: http.StatusForbidden, Text: "The password of this account has expired or must be changed first."}},
	{auth.ErrDisabled, Problem{ID: DisabledAccount, Status: http.StatusForbidden, Text: "This account is disabled or has expired."}},
}

// denied is the problem of an error of package auth; nil where the error is another, or nil.
func denied(err error, d dialect.Dialect) *Problem {
	if errors.Is(err, auth.ErrMalformed) && d.Answer(dialect.MalformedAuth) == "required" {
		err = auth.ErrMissing
	}
	for _, row := range denials {
		if errors.Is(err, row.err) {
			p := row.problem
			return &p
		}
	}
	return nil
}

// permitted reports whether the user's role covers the operation: who may only read starts and changes nothing.
func (c *call) permitted() error {
	if c.user.Role != auth.ReadOnly || c.legacy || c.route.op.Method == http.MethodGet {
		return nil
	}
	return &Problem{ID: Forbidden, Status: http.StatusForbidden, Text: "This account may only read (accepted: an account with the role " + string(auth.Admin) + ")."}
}
