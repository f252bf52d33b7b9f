package probes

import (
	"context"
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
)

// The probes of logging in. Steps named denied must not lead in; what follows the slash says how they try.
const (
	SessionLife      = "login/session/life"
	SessionWrong     = "login/session/wrong"
	SessionMalformed = "login/session/malformed"
	SessionHostile   = "login/session/hostile"
	SessionForms     = "login/session/forms"
	BasicHostile     = "login/basic/hostile"
	TokenLife        = "login/token/life"
	TokenWrong       = "login/token/wrong"
	TokenHostile     = "login/token/hostile"
	TokenAuthorize   = "login/token/authorize"
	Guesses          = "login/guesses"
)

// State is what the suite sends as state of a token: it comes back as it is, or not at all.
const State = "flowgate state/1+2=3 & é"

// DoorOf names the probe of a resource of the Common API without credentials.
func DoorOf(resource string) string { return "login/door/" + resource }

// Doors are the resources of the Common API that need credentials.
func Doors() map[string]string {
	return map[string]string{"ping": corpus.PingPath, "info": corpus.InfoPath, "keepalive": corpus.KeepalivePath}
}

// logins are the probes of logging in and of what keeps others out.
func (s *set) logins() []check.Probe {
	after := []string{ScoutCommon}
	probe := func(name string, send func(context.Context, check.Session) error) check.Probe {
		return check.Probe{Name: name, Profile: check.Standard, After: after, Send: send}
	}
	out := []check.Probe{
		probe(SessionLife, s.sessionLife),
		probe(SessionWrong, s.logIns(func(f *check.Facts) []corpus.LogIn { return corpus.WrongLogIns(f.User, f.Password) })),
		probe(SessionMalformed, s.logIns(func(f *check.Facts) []corpus.LogIn { return corpus.MalformedLogIns(f.Password) })),
		probe(SessionHostile, s.logIns(hostileLogIns)),
		probe(SessionForms, s.sessionForms),
		{Name: BasicHostile, Profile: check.Standard, After: []string{ScoutZone}, Send: send(s.hostileBasic)},
		probe(TokenLife, s.tokenLife),
		probe(TokenWrong, s.codes(func(sn check.Session) []corpus.Assertion {
			return corpus.WrongCodes(sn.Facts().User, sn.Facts().Access.Code, deviceNow(sn))
		})),
		probe(TokenHostile, s.codes(func(sn check.Session) []corpus.Assertion {
			var out []corpus.Assertion
			for _, h := range corpus.Hostile(corpus.Nobody) {
				out = append(out, corpus.Assertion(h))
			}
			return out
		})),
		probe(TokenMalformed, send(s.malformedChanges)),
		{Name: SessionShown, Profile: check.Standard, After: []string{ScoutZone}, Send: s.sessionShown},
		{Name: TokenShown, Profile: check.Standard, After: []string{ScoutZone}, Send: s.tokenShown},
	}
	doors := Doors()
	for _, name := range slices.Sorted(maps.Keys(doors)) {
		out = append(out, probe(DoorOf(name), s.door(doors[name])))
	}
	authorize := probe(TokenAuthorize, s.authorize)
	authorize.Hazard = check.Mutate // a code that is wrongly issued stays issued
	return append(out, authorize)
}

// patient are the probes that come last, since they wait, look for what the others left behind, or may lock an account.
func (s *set) patient() []check.Probe {
	return []check.Probe{
		{Name: Expiry, Profile: check.Standard, After: []string{ScoutZone}, Send: s.expiry},
		{Name: ImageDoor, Profile: check.Standard, After: []string{ScoutCommon}, Send: send(imageDoor)},
		{Name: Guesses, Profile: check.Standard, After: []string{ScoutCommon}, Send: s.guesses},
	}
}

// offers reports that a way can be tried; a dry run tries every one.
func offers(sn check.Session, w check.Way) bool {
	f := sn.Facts()
	given := f.User != "" && f.Password != ""
	if w == check.ByToken {
		given = f.Access.Code != ""
	}
	return sn.Dry() || given && f.Access.Offers(w)
}

// guarded is a request that needs credentials.
func (s *set) guarded(sn check.Session, step, authorization, cookie string) exchange.Request {
	t := AccessTarget{Operation: sn.Facts().Access.Guarded}
	switch t.Operation {
	case corpus.ImportStats:
		t.Variant = "C"
	case "":
		t.Operation = corpus.GetBackup
	}
	r := s.target(sn, t)
	r.Step, r.Auth, r.Authorization, r.Cookie = step, exchange.Verbatim, authorization, cookie
	return r
}

func logIn(step string, l corpus.LogIn) exchange.Request {
	return exchange.Request{Step: step, Method: http.MethodPost, Path: corpus.LoginPath, Auth: exchange.None, Body: l.Body, ContentType: l.ContentType}
}

// begin logs in with the account and returns the session as a Cookie header; "" where there is none.
func begin(ctx context.Context, sn check.Session, step, cookie string) (session string, err error) {
	f := sn.Facts()
	r := logIn(step, corpus.LogIn{Body: corpus.LoginBody(f.User, f.Password)})
	if cookie != "" {
		r.Auth, r.Cookie = exchange.Verbatim, cookie
	}
	r.Reply = func(m exchange.Message) {
		if m.Status/100 == 2 {
			session = corpus.Cookie(m.Header, m.Body)
		}
	}
	_, err = sn.Do(ctx, r)
	if sn.Dry() {
		session = "SESSID=" + corpus.MadeUp
	}
	return session, err
}

func end(step, method, session string) exchange.Request {
	return exchange.Request{Step: step, Method: method, Path: corpus.LogoutPath, Auth: exchange.Verbatim, Cookie: session}
}

// sessionLife begins three sessions one after the other and ends each in another way. Only one is alive at a time, since
// a device may allow a user no more.
func (s *set) sessionLife(ctx context.Context, sn check.Session) error {
	if !offers(sn, check.BySession) {
		return nil
	}
	first, err := begin(ctx, sn, "login", "")
	if err != nil || first == "" {
		return err
	}
	name, value, _ := strings.Cut(first, "=")
	if err := sequence(
		ctx, sn, s.guarded(sn, "use", "", first), s.guarded(sn, "altered", "", name+"="+corpus.Altered(value)),
		s.guarded(sn, "altered/longer", "", first+"0"), end("logout", http.MethodPost, first), s.guarded(sn, "after", "", first),
	); err != nil {
		return err
	}
	if err := sequence(ctx, sn, s.readings(sn, "after", "", first)...); err != nil {
		return err
	}
	second, err := begin(ctx, sn, "login-again", "")
	if err != nil {
		return err
	}
	if err := sequence(
		ctx, sn, s.guarded(sn, "replayed", "", first), s.guarded(sn, "use-second", "", second),
		end("logout-get", http.MethodGet, second), s.guarded(sn, "after-get", "", second),
	); err != nil {
		return err
	}
	third, err := begin(ctx, sn, "login-with-made-up", name+"="+corpus.MadeUp)
	if err != nil {
		return err
	}
	return sequence(ctx, sn, s.guarded(sn, "adopted", "", name+"="+corpus.MadeUp), end("leave", http.MethodPost, third), end("logout-again", http.MethodPost, third))
}

// logIns sends log-ins that must hand out nothing, and a good one after each with the account's own name.
func (s *set) logIns(cases func(*check.Facts) []corpus.LogIn) func(context.Context, check.Session) error {
	return func(ctx context.Context, sn check.Session) error {
		if !offers(sn, check.BySession) {
			return nil
		}
		for _, c := range cases(sn.Facts()) {
			if _, err := sn.Do(ctx, logIn("denied/"+c.Name, c)); err != nil {
				return err
			}
			if !c.Own {
				continue
			}
			session, err := begin(ctx, sn, "good", "")
			if err != nil || session == "" {
				return err // whoever does not let us in again is not tried further
			}
			if _, err := sn.Do(ctx, end("leave", http.MethodPost, session)); err != nil {
				return err
			}
		}
		return nil
	}
}

// hostileLogIns have hostile text as name, with the account's password, and as password of nobody.
func hostileLogIns(f *check.Facts) []corpus.LogIn {
	var out []corpus.LogIn
	for _, h := range corpus.Hostile(f.User) {
		out = append(out, corpus.LogIn{Name: h.Name, Body: corpus.LoginBody(h.Text, f.Password)})
	}
	for _, h := range corpus.Hostile(corpus.Nobody) {
		out = append(out, corpus.LogIn{Name: "password-" + h.Name, Body: corpus.LoginBody(corpus.Nobody, h.Text)})
	}
	return out
}

func (s *set) hostileBasic(sn check.Session) []exchange.Request {
	f := sn.Facts()
	if !sn.Dry() && !f.Access.Offers(check.ByBasic) {
		return nil
	}
	var out []exchange.Request
	for _, h := range corpus.Hostile(f.User) {
		r := s.target(sn, AccessTarget{Operation: corpus.ImportStats, Variant: "C"})
		r.Step, r.Auth = "denied/"+h.Name, exchange.Verbatim
		r.Authorization = "Basic " + base64.StdEncoding.EncodeToString([]byte(h.Text+":"+f.Password))
		out = append(out, r)
	}
	return out
}

// sessionForms logs in by a form and by XML; whatever is handed out is ended.
func (s *set) sessionForms(ctx context.Context, sn check.Session) error {
	if !offers(sn, check.BySession) {
		return nil
	}
	f := sn.Facts()
	for _, form := range []struct {
		step string
		body []byte
		kind string
	}{{"form", corpus.LoginForm(f.User, f.Password), corpus.FormType}, {"xml", corpus.LoginXML(f.User, f.Password), "application/xml"}} {
		session := ""
		r := logIn(form.step, corpus.LogIn{Body: form.body, ContentType: form.kind})
		r.Reply = func(m exchange.Message) {
			if m.Status/100 == 2 {
				session = corpus.Cookie(m.Header, m.Body)
			}
		}
		if _, err := sn.Do(ctx, r); err != nil {
			return err
		}
		if session != "" {
			if _, err := sn.Do(ctx, end("leave", http.MethodPost, session)); err != nil {
				return err
			}
		}
	}
	return nil
}

// change asks for a token.
func change(step, assertion, state string) exchange.Request {
	r := exchange.Request{
		Step: step, Method: http.MethodPost, Path: corpus.TokenPath, Auth: exchange.None, ContentType: corpus.FormType,
		Body: corpus.TokenForm(assertion, state),
	}
	if assertion != "" {
		r.Secrets = []string{assertion}
	}
	return r
}

// token changes the run's code for a token.
func token(ctx context.Context, sn check.Session, step, state string) (t corpus.Token, err error) {
	r := change(step, sn.Facts().Access.Code, state)
	r.Reply = func(m exchange.Message) {
		if m.Status/100 == 2 {
			t = corpus.ReadToken(m.Body)
		}
	}
	_, err = sn.Do(ctx, r)
	if sn.Dry() {
		t.Value = corpus.MadeUp
	}
	return t, err
}

// tokenLife changes the code for tokens in each form, and shows one in each form.
func (s *set) tokenLife(ctx context.Context, sn check.Session) error {
	if !offers(sn, check.ByToken) {
		return nil
	}
	code := sn.Facts().Access.Code
	t, err := token(ctx, sn, "token", State)
	if err != nil || t.Value == "" {
		return err
	}
	query := change("query", code, "")
	query.Body, query.ContentType = nil, ""
	query.Path += "?" + url.Values{"grant_type": {"access_code"}, "assertion": {code}}.Encode()
	return sequence(
		ctx, sn, s.guarded(sn, "use", "Bearer "+t.Value, ""), s.guarded(sn, "signed", "SignedBearer "+t.Value, ""),
		s.guarded(sn, "altered", "Bearer "+corpus.Altered(t.Value), ""), s.guarded(sn, "altered/longer", "Bearer "+t.Value+"0", ""),
		change("again", code, ""), change("unsigned", corpus.Unsigned(code), ""), query,
	)
}

// codes sends access codes that must be changed for nothing.
func (s *set) codes(cases func(check.Session) []corpus.Assertion) func(context.Context, check.Session) error {
	return func(ctx context.Context, sn check.Session) error {
		a := &sn.Facts().Access
		if !sn.Dry() && !a.Offers(check.ByToken) {
			return nil
		}
		for _, c := range cases(sn) {
			r := change("denied/"+c.Name, c.Text, "")
			if c.Name != "altered" {
				r.Secrets = nil
			}
			if _, err := sn.Do(ctx, r); err != nil {
				return err
			}
		}
		return nil
	}
}

// authorize asks for a code and for a token, with no credentials and with the account's.
func (s *set) authorize(ctx context.Context, sn check.Session) error {
	if !sn.Dry() && !sn.Facts().Access.Offers(check.ByToken) {
		return nil
	}
	ask := func(step, kind string, auth exchange.Auth) exchange.Request {
		v := url.Values{"response_type": {kind}, "client_id": {"flowgate"}, "desc": {"flowgate conformance run"}, "state": {"flowgate"}, "redirect_uri": {"https://localhost/flowgate"}}
		return exchange.Request{Step: step, Method: http.MethodGet, Path: corpus.AuthorizePath + "?" + v.Encode(), Auth: auth}
	}
	list := []exchange.Request{ask("denied/code", "code", exchange.None), ask("denied/token", "token", exchange.None)}
	if offers(sn, check.ByBasic) {
		list = append(list, ask("code", "code", exchange.OwnBasic), ask("token", "token", exchange.OwnBasic))
	}
	return sequence(ctx, sn, list...)
}

// door asks a resource of the Common API with the account's credentials and with none or wrong ones.
func (s *set) door(path string) func(context.Context, check.Session) error {
	return send(func(check.Session) []exchange.Request {
		return append([]exchange.Request{{Step: "good", Method: http.MethodGet, Path: path}}, strangers(path)...)
	})
}

// imageDoor asks for the newest backup without good credentials. It is not asked for with them, since it may be large.
func imageDoor(check.Session) []exchange.Request { return strangers(corpus.ImagePath) }

// strangers ask for a path with no credentials and with wrong ones.
func strangers(path string) []exchange.Request {
	ask := func(step string, auth exchange.Auth, authorization, cookie string) exchange.Request {
		return exchange.Request{Step: "denied/" + step, Method: http.MethodGet, Path: path, Auth: auth, Authorization: authorization, Cookie: cookie}
	}
	return []exchange.Request{
		ask("none", exchange.None, "", ""), ask("wrong-user", exchange.WrongUser, "", ""),
		ask(MadeUpSession, exchange.Verbatim, "", "SESSID="+corpus.MadeUp), ask(MadeUpToken, exchange.Verbatim, "Bearer "+corpus.MadeUp, ""),
	}
}

// guesses tries wrong passwords in a row with the account's own name, where the user asked for it.
func (s *set) guesses(ctx context.Context, sn check.Session) error {
	f := sn.Facts()
	if f.Access.Guesses == 0 {
		return nil
	}
	basic, session := offers(sn, check.ByBasic), offers(sn, check.BySession)
	for range f.Access.Guesses {
		var r exchange.Request
		switch {
		case basic:
			r = s.guarded(sn, "guess", "", "")
			r.Auth = exchange.WrongPassword
		case session:
			r = logIn("guess", corpus.WrongPassword(f.User, f.Password))
		default:
			return nil
		}
		r.Repeat = true
		if _, err := sn.Do(ctx, r); err != nil {
			return err
		}
	}
	if basic {
		good := s.guarded(sn, "good", "", "")
		good.Auth = exchange.OwnBasic
		_, err := sn.Do(ctx, good)
		return err
	}
	cookie, err := begin(ctx, sn, "good", "")
	if err != nil || cookie == "" {
		return err
	}
	_, err = sn.Do(ctx, end("leave", http.MethodPost, cookie))
	return err
}
