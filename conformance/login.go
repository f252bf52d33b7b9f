package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
)

// The names under which a run records how it logs in and out. No check is judged by what a well-formed request got
// here; errors are judged wherever they are seen.
const (
	probeAuthInfo = "login/auth-info"
	probeEnter    = "login/enter"
	probeProof    = "login/proof"
	probeEnded    = "login/ended"
	probeLeave    = "login/leave"
)

const (
	farewell  = 5 * time.Second // for logging out, a stopped run included
	fruitless = 3               // new log-ins in a row that did not help, after which no more are tried
)

// badge is what a run shows the device with each request of its account.
type badge struct {
	way    check.Way
	cookie string // NAME=VALUE, of a session
	token  string
	vain   int // new log-ins in a row that did not help
}

// show puts the badge on a request.
func (r *run) show(req *http.Request) {
	switch b := &r.badge; b.way {
	case check.BySession:
		if b.cookie != "" {
			req.Header.Set("Cookie", b.cookie)
		}
	case check.ByToken:
		req.Header.Set("Authorization", "Bearer "+b.token)
	default:
		req.SetBasicAuth(r.target.User, r.target.Password)
	}
}

// logIn finds a way to log in that the device takes, and leaves in r.barred why there is none. The error is that of a
// cancelled context.
func (r *run) logIn(ctx context.Context) error {
	info, err := r.authInfo(ctx, exchange.None)
	if err != nil || !info.Answered() {
		r.badge.way, r.facts.Access.Way = r.firstWay(), r.firstWay()
		return err
	}
	var refusals []string
	wrong := false // the name and the password, for whatever way takes them
	for _, way := range r.ways() {
		if wrong && way != check.ByToken {
			continue
		}
		refusal, final, err := r.enter(ctx, way)
		if err != nil {
			return err
		}
		if refusal == "" {
			r.facts.Access.Way = way
			if info.Response.Status == http.StatusUnauthorized {
				_, err = r.authInfo(ctx, exchange.Account)
			}
			return err
		}
		refusals = append(refusals, string(way)+": "+refusal)
		wrong = wrong || final && way != check.ByToken
	}
	r.bar(refusals)
	return nil
}

// bar ends a run before it began: nothing more is sent, so that no account is locked by a wrong password.
func (r *run) bar(refusals []string) {
	listed := r.facts.Access.Listed
	switch {
	case len(refusals) > 0:
		r.barred = "refused the credentials: " + strings.Join(refusals, "; ")
		r.hint = "give --user, and the password in FLOWGATE_PASSWORD or --password-file; --auth names another way to log in"
		if r.badge.way == check.ByToken {
			r.hint = "the access code may have expired or been revoked: have a new one issued, and name its file with --access-code-file"
		}
	default:
		r.barred = fmt.Sprintf("offers %s only, for which no credentials were given", strings.Join(listed, " and "))
		r.hint = "give --user and a password for BASIC and COOKIE, --access-code-file for OAUTH_2_0"
	}
}

// authInfo asks the device for its ways and keeps what it lists.
func (r *run) authInfo(ctx context.Context, auth exchange.Auth) (exchange.Exchange, error) {
	x, err := r.recorder.Do(ctx, probeAuthInfo, exchange.Request{
		Method: http.MethodGet, Path: corpus.AuthInfoPath, Operation: "getAuthInfo", Auth: auth,
	})
	if err == nil && x.OK() {
		if list, ok := corpus.Methods(x.Response.Body); ok {
			r.facts.Access.Listed = list
		}
	}
	return x, err
}

// firstWay is the way where the device does not say which it offers.
func (r *run) firstWay() check.Way {
	switch {
	case r.target.Auth != check.Detect:
		return r.target.Auth
	case r.target.User == "" && r.target.AccessCode != "":
		return check.ByToken
	}
	return check.ByBasic
}

// ways lists what to try, in this order: the one that was asked for, or those that the device lists and for which there
// are credentials. Basic comes first, since it leaves nothing behind on the device.
func (r *run) ways() []check.Way {
	known := slices.ContainsFunc(r.facts.Access.Listed, func(m string) bool {
		return slices.ContainsFunc([]check.Way{check.ByBasic, check.BySession, check.ByToken}, func(w check.Way) bool { return w.Method() == m })
	})
	if r.target.Auth != check.Detect || !known {
		return []check.Way{r.firstWay()}
	}
	var out []check.Way
	for _, w := range []check.Way{check.ByBasic, check.ByToken, check.BySession} {
		given := r.target.User != ""
		if w == check.ByToken {
			given = r.target.AccessCode != ""
		}
		if given && r.facts.Access.Offers(w) {
			out = append(out, w)
		}
	}
	if len(out) == 0 && r.facts.Access.Offers(check.ByBasic) {
		out = append(out, check.ByBasic) // without a name, too: the device says what it wants
	}
	return out
}

// enter logs in by one way and proves that the device takes it. refusal says what the device answered, "" where it is
// content; final, that the same name and password would be wrong for any other way.
func (r *run) enter(ctx context.Context, way check.Way) (refusal string, final bool, err error) {
	r.badge = badge{way: way}
	if way != check.ByBasic {
		x, err := r.fetch(ctx)
		switch {
		case err != nil:
			return "", false, err
		case !x.Answered():
			return "no answer to POST " + pathOf(&x) + ": " + x.Error, false, nil
		case r.badge.cookie == "" && r.badge.token == "":
			return refused(&x), ofTheAccount(&x), nil
		}
	}
	for _, q := range r.proofs() {
		q.Auth = exchange.Account
		x, err := r.recorder.Do(ctx, probeProof, q)
		if err != nil {
			return "", false, err
		}
		switch x.Response.Status {
		case http.StatusNotFound:
			continue
		case http.StatusUnauthorized, http.StatusForbidden:
			refusal, final = refused(&x), ofTheAccount(&x)
			continue
		}
		r.facts.Access.Guarded = q.Step
		return "", false, nil
	}
	return refusal, final, nil
}

// proofs are requests that need credentials; the step is the operation.
func (r *run) proofs() []exchange.Request {
	var out []exchange.Request
	end := r.o.Now().Add(-time.Hour).Truncate(time.Minute)
	for _, operation := range []string{corpus.GetBackup, corpus.ImportStats} {
		op := r.suite.doc.Operation(operation)
		q := exchange.Request{Step: operation, Method: op.Method, Path: op.Path}
		if operation == corpus.ImportStats {
			q.Body = []byte(corpus.Epoch("flows_per_minute", end.Add(-time.Minute), end, "").JSON())
		}
		out = append(out, q)
	}
	return out
}

// fetch asks for a session or a token and keeps what it gets.
func (r *run) fetch(ctx context.Context) (exchange.Exchange, error) {
	q := r.entry()
	q.Reply = func(m exchange.Message) {
		if m.Status/100 != 2 {
			return
		}
		if r.badge.way == check.BySession {
			r.badge.cookie = corpus.Cookie(m.Header, m.Body)
		} else {
			r.badge.token = corpus.ReadToken(m.Body).Value
		}
	}
	return r.recorder.Do(ctx, probeEnter, q)
}

// entry is the request for a session or a token.
func (r *run) entry() exchange.Request {
	if r.badge.way == check.BySession {
		return exchange.Request{
			Step: "session", Method: http.MethodPost, Path: corpus.LoginPath, Auth: exchange.None,
			Body: corpus.LoginBody(r.target.User, r.target.Password),
		}
	}
	return exchange.Request{
		Step: "token", Method: http.MethodPost, Path: corpus.TokenPath, Auth: exchange.None, ContentType: corpus.FormType,
		Body: corpus.TokenForm(r.target.AccessCode, ""), Secrets: []string{r.target.AccessCode},
	}
}

// leave ends the session of the run. It is bounded, and done for a stopped run too.
func (r *run) leave(ctx context.Context) {
	if r.badge.way != check.BySession || r.badge.cookie == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	for _, method := range []string{http.MethodPost, http.MethodGet} {
		x, err := r.recorder.Do(ctx, probeLeave, exchange.Request{Step: strings.ToLower(method), Method: method, Path: corpus.LogoutPath})
		if err != nil || !x.Answered() || x.OK() {
			return // whoever does not answer will end the session by itself
		}
	}
}

// lapsed reports an answer which tells that the session or token of the run has come to an end.
func (r *run) lapsed(q *exchange.Request, x *exchange.Exchange) bool {
	return q.Auth == exchange.Account && (r.badge.way == check.BySession || r.badge.way == check.ByToken) &&
		x.Response.Status == http.StatusUnauthorized && r.badge.vain < fruitless
}

// follow keeps the session where the device exchanges it for another within it.
func (r *run) follow(q *exchange.Request) {
	if q.Auth != exchange.Account || r.badge.way != check.BySession {
		return
	}
	name, _, _ := strings.Cut(r.badge.cookie, "=")
	told := q.Reply
	q.Reply = func(m exchange.Message) {
		for _, c := range (&http.Response{Header: m.Header}).Cookies() {
			if c.Name == name && len(c.Value) >= len(corpus.MadeUp)/4 && c.MaxAge >= 0 {
				r.badge.cookie = c.Name + "=" + c.Value
			}
		}
		if told != nil {
			told(m)
		}
	}
}

// renew logs in anew and repeats a request that was refused; what it got first is filed under another probe.
func (s *session) renew(ctx context.Context, q exchange.Request, x exchange.Exchange) (exchange.Exchange, error) {
	if _, err := s.run.fetch(ctx); err != nil {
		return x, err
	}
	again, err := s.send(ctx, q)
	if err != nil {
		return again, err
	}
	s.run.recorder.Rename(x.ID, probeEnded)
	if again.Response.Status == http.StatusUnauthorized {
		s.run.badge.vain++
	} else {
		s.run.badge.vain = 0
	}
	return again, nil
}

// drafts are the requests by which a run would log in.
func (r *run) drafts() []Draft {
	r.badge.way = r.firstWay()
	r.facts.Access.Way, r.facts.Access.Guarded = r.badge.way, corpus.GetBackup
	out := []Draft{{r.recorder.Draft(probeAuthInfo, exchange.Request{Method: http.MethodGet, Path: corpus.AuthInfoPath, Auth: exchange.None}), check.Observe}}
	if r.badge.way != check.ByBasic {
		out = append(out, Draft{r.recorder.Draft(probeEnter, r.entry()), check.Observe})
	}
	r.badge.cookie, r.badge.token = "SESSID="+corpus.MadeUp, corpus.MadeUp
	return out
}

// refused says what the device answered.
func refused(x *exchange.Exchange) string {
	text := fmt.Sprintf("%s %s was answered with status %d", x.Request.Method, pathOf(x), x.Response.Status)
	if id := errorID(x); id != "" {
		text += " " + id
	} else if x.OK() {
		text += ", but without a session or token"
	}
	return text
}

// ofTheAccount reports a refusal of the account itself.
func ofTheAccount(x *exchange.Exchange) bool {
	return slices.Contains([]string{"AUTH_INVALID_CREDENTIALS", "AUTH_EXPIRED_PASSWORD", "AUTH_DISABLED_ACCOUNT"}, errorID(x))
}

func pathOf(x *exchange.Exchange) string {
	_, path, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(x.Request.URL, "https://"), "http://"), "/")
	return "/" + path
}

func errorID(x *exchange.Exchange) string {
	var body struct {
		ID string `json:"error_id"`
	}
	if json.Unmarshal(x.Response.Body, &body) != nil {
		return ""
	}
	return body.ID
}
