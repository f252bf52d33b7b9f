package fools_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/flowgate-dev/flowgate/conformance/corpus"
)

// code is the access code of the account, and life how long a token lasts.
const (
	code = "eyJwcm4iOiAiYWRtaW4iLCAianRpIjogIm9mIHRoaXMgdGVzdCJ9"
	life = 3 * time.Minute
)

func sessionOf(n int) string { return fmt.Sprintf("%064x", 0x5e55e5511e<<20+n*0x10001) }
func tokenOf(n int) string   { return fmt.Sprintf("%048x", 0x70ce70ce<<20+n*0x10001) }

// door is what the appliance of these tests knows of sessions and tokens: they are numbered, so that a script knows them.
type door struct {
	sessions map[string]bool
	tokens   map[string]time.Time // when they end
	begun    int
	issued   int
}

// admitted says why the credentials of a request are no good; "" where they are.
func (d *appliance) admitted(r *http.Request) string {
	header := r.Header.Get("Authorization")
	scheme, token, _ := strings.Cut(header, " ")
	if scheme == "Bearer" || scheme == "SignedBearer" {
		switch until, known := d.door.tokens[token]; {
		case !known:
			return "AUTH_INVALID_TOKEN"
		case !d.now.Before(until):
			return "AUTH_EXPIRED_TOKEN"
		}
		return ""
	}
	if header == "" {
		switch session := sessionIn(r); {
		case session == "":
			return "AUTH_REQUIRED"
		case !d.door.sessions[session]:
			return "AUTH_INVALID_SESSION"
		}
		return ""
	}
	if name, word, ok := r.BasicAuth(); !ok || name != user || word != password {
		return "AUTH_INVALID_CREDENTIALS"
	}
	return ""
}

func sessionIn(r *http.Request) string {
	c, err := r.Cookie("SESSID")
	if err != nil {
		return ""
	}
	return c.Value
}

// common answers the Common API and the sibling service; false is for any other path.
func (d *appliance) common(w http.ResponseWriter, r *http.Request) bool {
	switch path := r.URL.Path; path {
	case corpus.LoginPath:
		d.login(w, r)
	case corpus.LogoutPath:
		if id := d.admitted(r); id != "" || sessionIn(r) == "" {
			refuse(w, 401, cmpOr(id, "AUTH_REQUIRED"))
			break
		}
		delete(d.door.sessions, sessionIn(r))
		w.WriteHeader(http.StatusNoContent)
	case corpus.TokenPath:
		d.token(w, r)
	case corpus.AuthInfoPath:
		reply(w, http.StatusOK, map[string]any{"supported_methods": []string{"BASIC", "COOKIE", "OAUTH_2_0"}, "specify_purpose": true, "login_banner": ""})
	case corpus.PingPath, corpus.InfoPath, corpus.KeepalivePath, corpus.AuthorizePath, corpus.FlowSourcesPath, corpus.ImagePath:
		if id := d.admitted(r); id != "" {
			refuse(w, 401, id)
			break
		}
		d.guarded(w, r, path)
	default:
		if !strings.HasPrefix(path, "/api/common/1.") {
			return false
		}
		reply(w, http.StatusOK, []any{map[string]any{"id": "common", "versions": []string{"1.0", "1.1"}}, map[string]any{"id": "gateway", "versions": []string{"1.5"}}})
	}
	return true
}

func (d *appliance) guarded(w http.ResponseWriter, r *http.Request, path string) {
	switch path {
	case corpus.AuthorizePath:
		d.door.issued++
		w.Header().Set("Location", r.URL.Query().Get("redirect_uri")+"?code="+fmt.Sprint(d.door.issued))
		w.WriteHeader(http.StatusFound)
	case corpus.InfoPath:
		reply(w, http.StatusOK, map[string]any{"serial": "SN-1", "model": "FG", "sw_version": "1", "device_name": "x", "mgmt_addresses": []string{}})
	case corpus.FlowSourcesPath:
		reply(w, http.StatusOK, []any{map[string]any{
			"ipaddr": sources[0], "name": "N/A", "status": "N/A", "versions": "5", "flow_type": "NetFlow", "timeslice_violation": "false",
			"flows_received_last_min": 7, "last_min": d.now.Unix() / 60 * 60, "flows_arrived_last_day": 7000,
		}})
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

func (d *appliance) login(w http.ResponseWriter, r *http.Request) {
	given, ok := fields(r, false)
	name, isName := given["username"].(string)
	word, isWord := given["password"].(string)
	switch {
	case !ok || !isName || !isWord:
		refuse(w, 400, "REQUEST_INVALID_INPUT")
	case name != user || word != password:
		refuse(w, 401, "AUTH_INVALID_CREDENTIALS")
	default:
		d.door.begun++
		id := sessionOf(d.door.begun)
		d.door.sessions[id] = true
		w.Header().Set("Set-Cookie", "SESSID="+id+"; Path=/")
		reply(w, http.StatusOK, map[string]any{"session_key": "SESSID", "session_id": id})
	}
}

func (d *appliance) token(w http.ResponseWriter, r *http.Request) {
	if r.ParseForm() != nil || r.PostForm.Get("grant_type") != "access_code" || r.PostForm.Get("assertion") == "" {
		refuse(w, 400, "REQUEST_INVALID_INPUT")
		return
	}
	if r.PostForm.Get("assertion") != code {
		refuse(w, 401, "AUTH_INVALID_CODE")
		return
	}
	d.door.issued++
	id := tokenOf(d.door.issued)
	d.door.tokens[id] = d.now.Add(life)
	out := map[string]any{"access_token": id, "token_type": "bearer", "expires_in": int(life.Seconds())}
	if r.PostForm.Has("state") {
		out["state"] = r.PostForm.Get("state")
	}
	reply(w, http.StatusOK, out)
}

// logins log in and out, by each way and wrongly.
func logins() []step {
	at := func(method, path string) step { return step{scope: "login", method: method, path: path, auth: "-"} }
	guarded := func(auth, cookie string) step {
		return step{scope: "backup", method: "GET", path: backupPath, auth: auth, cookie: cookie}
	}
	post := func(path, ctype string, body []byte, cookie string) step {
		s := at("POST", path)
		s.body, s.ctype, s.cookie = string(body), ctype, cookie
		return s
	}
	session := func(n int) string { return "SESSID=" + sessionOf(n) }
	in := func(cookie string) step { return post(corpus.LoginPath, "", corpus.LoginBody(user, password), cookie) }
	out := func(method, cookie string) step {
		s := at(method, corpus.LogoutPath)
		s.cookie = cookie
		return s
	}
	madeUp := "SESSID=" + corpus.MadeUp
	list := []step{
		at("GET", corpus.AuthInfoPath), at("GET", "/api/common/1.0/services"), guarded("", ""), // Basic opens
		in(""), guarded("-", session(1)), guarded("-", "SESSID="+corpus.Altered(sessionOf(1))), guarded("-", madeUp),
		{scope: "C", method: "GET", path: statsPath, body: epoch("flows_per_hour", noon.Add(-3*time.Hour), noon, ""), auth: "-", cookie: madeUp},
		guarded("Bearer "+corpus.MadeUp, ""), guarded("-", session(1)+"; "+madeUp), guarded("-", madeUp+"; "+session(1)),
		guarded("-", session(1)+"0"), out("POST", session(1)), guarded("-", session(1)),
		{scope: "C", method: "GET", path: statsPath, body: epoch("flows_per_hour", noon.Add(-3*time.Hour), noon, ""), auth: "-", cookie: session(1)},
		in(""), guarded("-", session(1)), guarded("-", session(2)),
		out("GET", session(2)), guarded("-", session(2)), in(madeUp), guarded("-", madeUp), out("POST", session(3)), out("POST", session(1)),
	}
	for _, path := range []string{corpus.PingPath, corpus.InfoPath, corpus.KeepalivePath, corpus.ImagePath} {
		good := at("GET", path)
		good.auth = ""
		list = append(list, good, at("GET", path))
	}
	for _, l := range append(corpus.WrongLogIns(user, password), corpus.MalformedLogIns(password)...) {
		list = append(list, post(corpus.LoginPath, l.ContentType, l.Body, ""))
	}
	hour := noon.Truncate(time.Hour)
	for _, h := range corpus.Hostile(user) {
		c := ask("C", epoch("flows_per_hour", hour.Add(-3*time.Hour), hour, ""))
		c.auth = basic(h.Text, password)
		list = append(list, post(corpus.LoginPath, "", corpus.LoginBody(h.Text, password), ""), c)
	}
	dead := step{scope: "restore", method: "POST", path: restorePath, body: `{"hostname": "192.0.2.1", "username": "u", "password": "p", "path": "/p", "security_pwd": "s"}`}
	looks := step{scope: "restore", method: "GET", path: restorePath}
	for _, by := range []step{{auth: "-", cookie: madeUp}, {auth: "Bearer " + corpus.MadeUp}, {auth: "SignedBearer " + corpus.MadeUp}} {
		stranger := dead
		stranger.auth, stranger.cookie = by.auth, by.cookie
		list = append(list, stranger, looks, looks, looks) // if it was taken, it ends
	}
	for _, c := range corpus.MalformedCookies("SESSID") {
		list = append(list, guarded("-", c.Text))
	}
	for _, c := range corpus.MalformedTokens() {
		list = append(list, guarded(c.Text, ""))
	}
	list = append(list, tokens(guarded, post)...)
	// A session that nobody uses while the clock goes on, and that is shown after that.
	list = append(list, in(""), guarded("-", session(4)), out("POST", madeUp), out("POST", madeUp), out("POST", madeUp), guarded("-", session(4)))
	elsewhere := guarded("-", session(4))
	elsewhere.scope, elsewhere.path, elsewhere.body = "C", statsPath, epoch("flows_per_hour", hour.Add(-3*time.Hour), hour, "")
	return append(list, guarded("-", session(4)), elsewhere, in(""), guarded("-", session(4)))
}

// tokens change codes for tokens, and show them until they are over.
func tokens(guarded func(auth, cookie string) step, post func(path, ctype string, body []byte, cookie string) step) []step {
	change := func(assertion string) step {
		return post(corpus.TokenPath, corpus.FormType, corpus.TokenForm(assertion, "a b"), "")
	}
	bearer := "Bearer " + tokenOf(1)
	list := []step{change(code), guarded(bearer, ""), guarded("SignedBearer "+tokenOf(1), ""), guarded("Bearer "+corpus.Altered(tokenOf(1)), ""), guarded(bearer+"0", "")}
	for _, c := range corpus.WrongCodes(user, code, noon) {
		list = append(list, change(c.Text))
	}
	for _, h := range corpus.Hostile(user) {
		list = append(list, change(h.Text))
	}
	q := url.Values{"response_type": {"code"}, "redirect_uri": {"https://localhost/x"}, "state": {"s"}}
	ask := step{scope: "login", method: "GET", path: corpus.AuthorizePath + "?" + q.Encode(), auth: "-"}
	good := ask
	good.auth = ""
	sources := step{scope: "gateway", method: "GET", path: corpus.FlowSourcesPath}
	stranger := sources
	stranger.auth = "-"
	for _, c := range corpus.MalformedChanges() {
		list = append(list, post(corpus.TokenPath, c.ContentType, c.Body, ""))
	}
	restores := guarded(bearer, "")
	restores.scope, restores.path = "restore", restorePath
	// By now the token is over.
	return append(list, guarded(bearer, ""), guarded("SignedBearer "+tokenOf(1), ""), restores, good, ask, sources, stranger)
}

// loginScript is what shows whether the ways to log in are guarded.
func loginScript() []step { return append(positives()[2:5], logins()...) }
