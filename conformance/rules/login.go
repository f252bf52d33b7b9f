package rules

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
)

// listed are the ways that a device lists; nil where it does not tell.
func listed(e *check.Evidence) []string {
	for i := range e.Exchanges {
		x := &e.Exchanges[i]
		if !strings.HasSuffix(x.Request.URL, corpus.AuthInfoPath) || !x.OK() {
			continue
		}
		if list, ok := corpus.Methods(x.Response.Body); ok {
			return list
		}
	}
	return nil
}

// basicTaken reports that the device takes Basic: it says so, or it does not tell and the run used Basic.
func basicTaken(e *check.Evidence) bool {
	if list := listed(e); list != nil {
		return slices.Contains(list, check.ByBasic.Method())
	}
	return !slices.ContainsFunc(e.Exchanges, func(x exchange.Exchange) bool {
		return x.Auth == exchange.Account && x.Probe != "" && !strings.HasPrefix(x.Request.Header.Get("Authorization"), "Basic ")
	})
}

const notOffered = "the device does not list this way to log in, or the run has no credentials for it"

// handed reports that an answer hands out a session or a token.
func handed(x *exchange.Exchange) bool {
	if !x.OK() {
		return false
	}
	return corpus.Cookie(x.Response.Header, x.Response.Body) != "" || corpus.ReadToken(x.Response.Body).Value != ""
}

// steps lists the answered exchanges of some steps of a probe; what follows a slash in a step's name says how it was done.
func steps(e *check.Evidence, probe string, names ...string) []exchange.Exchange {
	return e.Where(func(x *exchange.Exchange) bool {
		name, _, _ := strings.Cut(x.Step, "/")
		return x.Probe == probe && slices.Contains(names, name) && x.Answered()
	})
}

// first is the first exchange of a step, nil where it was not answered.
func first(e *check.Evidence, probe, name string) *exchange.Exchange {
	if list := steps(e, probe, name); len(list) > 0 {
		return &list[0]
	}
	return nil
}

// keptOut judges one request that must open nothing.
func keptOut(t *tally, x *exchange.Exchange, want string) {
	switch {
	case x.Response.Status == http.StatusUnauthorized:
		t.pass(x, want, brief(x))
	case x.OK(), x.Response.Status >= 500:
		t.fail(x, want, brief(x))
	default:
		t.note(x, brief(x)+": not let in, but not 401 either")
	}
}

// KeptOut judges that the steps of some probes open nothing.
func KeptOut(want string, names []string, probes ...string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, p := range probes {
			for _, x := range steps(e, p, names...) {
				if !missing(e, &x) {
					keptOut(&t, &x, want)
				}
			}
		}
		return t.judgement(notOffered)
	}
}

// Opens judges that what a log-in hands out opens what needs credentials: enter is the step of the log-in, use that of
// the request.
func Opens(probe, enter, use string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		in, used := first(e, probe, enter), first(e, probe, use)
		switch want := "a log-in with good credentials, and what it hands out is taken"; {
		case in == nil:
		case in.Response.Status == http.StatusForbidden:
			t.note(in, brief(in)+": the account may not log in this way")
		case !handed(in):
			t.fail(in, want, brief(in)+" without a session or token")
		case used == nil:
		case used.Response.Status == http.StatusUnauthorized || used.Response.Status == http.StatusForbidden:
			t.fail(used, want, brief(used)+" to what was just handed out")
		default:
			t.pass(used, want, brief(used))
		}
		return t.judgement(notOffered)
	}
}

// NothingHanded judges log-ins that must hand out nothing. hostile ones should be refused with 400 or 401; what is noted
// there is any other refusal.
func NothingHanded(want string, hostile bool, probes ...string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, p := range probes {
			for _, x := range steps(e, p, "denied") {
				switch status := x.Response.Status; {
				case handed(&x), x.OK() && x.Operation != "", status >= 500:
					t.fail(&x, want, brief(&x)+map[bool]string{true: ", and a session or token"}[handed(&x)])
				case missing(e, &x):
				case status == 400 || status == 401 || status/100 == 4 && !hostile:
					t.pass(&x, want, brief(&x))
				default:
					t.note(&x, brief(&x)+": nothing is handed out")
				}
			}
		}
		return t.judgement(notOffered)
	}
}

// RefusedWith judges that log-ins with a whole and wrong name and password which are answered with a 4xx status, or with a
// success that hands out nothing, are refused with this status and this error_id. What is empty or missing may as well be called a bad request.
func RefusedWith(status int, id string, probes ...string) check.Rule {
	want := fmt.Sprintf("%d %s", status, id)
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, p := range probes {
			for _, x := range steps(e, p, "denied") {
				switch {
				case !strings.HasPrefix(x.Step, "denied/wrong-"), x.Response.Status/100 != 4 && !x.OK(), handed(&x):
				case x.Response.Status == status && problem(&x).ID == id:
					t.pass(&x, want, brief(&x))
				case x.Response.Status == http.StatusForbidden || x.Response.Status == http.StatusTooManyRequests:
					t.note(&x, brief(&x)+": the account may be locked or disabled")
				default:
					t.fail(&x, want, brief(&x))
				}
			}
		}
		return t.judgement(notOffered)
	}
}

// LoggedOut judges that a session which was logged out opens nothing: by POST, by GET, and after another log-in.
func LoggedOut(probe string) check.Rule {
	const want = "a session that was logged out opens nothing"
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, way := range []struct{ use, leave, after string }{{"use", "logout", "after"}, {"use", "logout", "replayed"}, {"use-second", "logout-get", "after-get"}} {
			used, left, after := first(e, probe, way.use), first(e, probe, way.leave), steps(e, probe, way.after)
			switch {
			case used == nil || !used.OK() || left == nil || len(after) == 0:
			case !left.OK():
				t.note(left, brief(left)+" to "+left.Request.Method+" logout")
			default:
				for i := range after {
					if x := &after[i]; i == 0 || x.OK() { // which other resources there are is judged elsewhere
						keptOut(&t, x, want)
					}
				}
			}
		}
		return t.judgement(notOffered)
	}
}

// SessionAnswer judges the answer to a log-in.
func SessionAnswer(probe string) check.Rule {
	const want = "session_key and session_id as texts, and Set-Cookie"
	return func(e *check.Evidence) check.Judgement {
		var t tally
		in := first(e, probe, "login")
		if in == nil || !in.OK() {
			return t.judgement(notOffered)
		}
		o := objectOf(in)
		_, key := o["session_key"].(string)
		_, id := o["session_id"].(string)
		switch set := in.Response.Header.Get("Set-Cookie") != ""; {
		case strings.HasPrefix(strings.TrimSpace(string(in.Response.Body)), "<"):
			t.note(in, "XML, although JSON was asked for")
		case !key || !id:
			t.fail(in, want, show(string(in.Response.Body)))
		case !set:
			t.fail(in, want, "no Set-Cookie")
		default:
			t.pass(in, want, "as promised")
		}
		return t.judgement(notOffered)
	}
}

// objectOf is the body where it is a JSON object; else nil.
func objectOf(x *exchange.Exchange) map[string]any {
	v, err := decode(x.Response.Body)
	if err != nil {
		return nil
	}
	o, _ := v.(map[string]any)
	return o
}

// CookieAttributes notes the attributes of the session's cookie.
func CookieAttributes(probe string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, x := range steps(e, probe, "login") {
			for _, c := range x.Response.Header.Values("Set-Cookie") {
				_, attributes, _ := strings.Cut(c, ";")
				if attributes = strings.TrimSpace(attributes); attributes == "" {
					attributes = "none"
				}
				t.note(&x, "attributes: "+attributes)
			}
		}
		return t.judgement(notOffered)
	}
}

// Told notes how steps of a probe were answered.
func Told(probe string, names ...string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, x := range steps(e, probe, names...) {
			t.note(&x, x.Step+": "+brief(&x))
		}
		return t.judgement(notOffered)
	}
}

// TokenAnswer judges the answer to an access code.
func TokenAnswer(probe string) check.Rule {
	const want = "access_token, token_type bearer, and in expires_in a number of seconds"
	return func(e *check.Evidence) check.Judgement {
		var t tally
		in := first(e, probe, "token")
		if in == nil || !in.OK() {
			return t.judgement(notOffered)
		}
		o := objectOf(in)
		kind, _ := o["token_type"].(string)
		value, _ := o["access_token"].(string)
		if value != "" && strings.EqualFold(kind, "bearer") && corpus.ReadToken(in.Response.Body).Life > 0 {
			t.pass(in, want, show(o["expires_in"])+" seconds")
		} else {
			t.fail(in, want, fmt.Sprintf("token_type %s, expires_in %s", show(o["token_type"]), show(o["expires_in"])))
		}
		return t.judgement("")
	}
}

// State judges that state comes back as it was sent.
func State(probe, state string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		if in := first(e, probe, "token"); in != nil && in.OK() {
			if got := objectOf(in)["state"]; got == state {
				t.pass(in, "state "+show(state), "it came back")
			} else {
				t.fail(in, "state "+show(state), "state "+show(got))
			}
		}
		return t.judgement(notOffered)
	}
}

// Issued judges that oauth/authorize issues nothing to whoever has no credentials.
func Issued(probe string) check.Rule {
	const want = "no code and no token without credentials"
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, x := range steps(e, probe, "denied") {
			to := x.Response.Header.Get("Location")
			switch {
			case handed(&x), strings.Contains(to, "code="), strings.Contains(to, "access_token="):
				t.fail(&x, want, brief(&x)+", to "+show(to))
			case x.Response.Status == 404:
			case x.Response.Status == http.StatusUnauthorized:
				t.pass(&x, want, brief(&x))
			default:
				t.note(&x, brief(&x))
			}
		}
		return t.judgement("it was not asked for, or the device does not have it")
	}
}

// Door judges that a resource answers nobody without credentials; one that does not answer the step of the good ones is
// not judged.
func Door(probe, good string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		if in := first(e, probe, good); in != nil && in.OK() {
			for _, x := range steps(e, probe, "denied") {
				keptOut(&t, &x, "401 without good credentials")
			}
		}
		return t.judgement("the device does not have this resource")
	}
}

// Shut judges that a resource opens nothing to whoever has no credentials; one that is not there is not judged.
func Shut(probe string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		shutOut(&t, "401 without good credentials", steps(e, probe, "denied"))
		return t.judgement("the device does not have this resource, or has nothing there")
	}
}

// Echoes judges that no answer gives back what logs in: passwords and access codes anywhere but in the status of backups,
// which has a requirement of its own, and sessions and tokens elsewhere than where they are handed out.
func Echoes(e *check.Evidence) check.Judgement {
	const want = "no answer gives back credentials"
	var t tally
	for i := range e.Exchanges {
		x := &e.Exchanges[i]
		job := x.Operation == corpus.StartBackup || x.Operation == corpus.StartRestore || x.Operation == corpus.GetBackup || x.Operation == corpus.GetRestore
		for _, l := range x.Leaks {
			switch {
			case l.Where == "Location", l.Secret == "session" && l.Where == "body" && handsOut(x):
			case l.Secret == "session", l.Secret == "access code", l.Secret == "assertion", l.Secret == "password" && !job:
				t.fail(x, want, fmt.Sprintf("the %s in the %s", l.Secret, l.Where))
			}
		}
		if x.Answered() && len(x.Leaks) == 0 {
			t.pass(x, want, "none does")
		}
	}
	return t.judgement("the device answered nothing")
}

// handsOut reports a request by which a session or token is handed out, in a body that may be XML.
func handsOut(x *exchange.Exchange) bool {
	path, _, _ := strings.Cut(x.Request.URL, "?")
	return strings.HasSuffix(path, corpus.LoginPath) || strings.HasSuffix(path, corpus.TokenPath)
}

// Challenge notes what a 401 for a missing header says of the credentials that are wanted.
func Challenge(e *check.Evidence) check.Judgement {
	var t tally
	for i := range e.Exchanges {
		x := &e.Exchanges[i]
		if strings.HasPrefix(x.Probe, "access/") && strings.HasSuffix(x.Probe, "/none") && x.Response.Status == http.StatusUnauthorized {
			challenge := strings.Join(x.Response.Header.Values("WWW-Authenticate"), ", ")
			if challenge == "" {
				challenge = "absent"
			}
			t.note(x, "WWW-Authenticate: "+challenge)
			break
		}
	}
	return t.judgement("no request without credentials was refused")
}

// UserNames notes whether an unknown name is answered like a wrong password.
func UserNames(unknown, wrong string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		a, b := first(e, unknown, "denied"), first(e, wrong, "denied")
		if a != nil && b != nil {
			same := a.Response.Status == b.Response.Status && string(a.Response.Body) == string(b.Response.Body)
			t.note(b, map[bool]string{true: "it is", false: "it is not: " + brief(a) + ", and " + brief(b) + ", or another text"}[same])
		}
		return t.judgement("no wrong password was tried")
	}
}

// LockOut notes after how many wrong passwords an account was locked.
func LockOut(probe string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		tries := steps(e, probe, "guess")
		if last := first(e, probe, "good"); last != nil {
			if last.Response.Status == http.StatusUnauthorized || last.Response.Status == http.StatusForbidden {
				t.note(last, fmt.Sprintf("locked by %d wrong passwords or fewer: %s with the right one", len(tries), brief(last)))
			} else {
				t.note(last, fmt.Sprintf("not locked by %d wrong passwords", len(tries)))
			}
		}
		return t.judgement("no password was guessed: give --brute-force N, which may lock the account")
	}
}
