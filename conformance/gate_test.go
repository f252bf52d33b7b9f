package conformance_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/flowgate-dev/flowgate/conformance/check"
)

// gate is a device of these tests that knows the three ways to log in. It shows the status of backups and nothing else.
type gate struct {
	methods string // the body of auth_info; "" is 404
	takes   []check.Way
	uses    int // of a session or token, after which it has come to an end; 0: any number

	mu       sync.Mutex
	heard    []string       // method and path, with the scheme of the credentials
	sessions map[string]int // uses of each session or token
	issued   []string
	before   func(r *http.Request) // called before each request
}

func start(t *testing.T, g *gate) string {
	t.Helper()
	g.sessions = map[string]int{}
	s := httptest.NewServer(g)
	t.Cleanup(s.Close)
	return s.URL
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if g.before != nil {
		g.before(r)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.heard = append(g.heard, r.Method+" "+r.URL.Path+" "+string(shown(r)))
	w.Header().Set("Content-Type", "application/json")
	body, _ := io.ReadAll(r.Body)
	switch r.URL.Path {
	case "/api/common/1.0/auth_info":
		if g.methods == "" {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, g.methods)
	case "/api/common/1.0/login":
		g.login(w, body)
	case "/api/common/1.0/oauth/token":
		g.token(w, string(body))
	case "/api/common/1.0/logout":
		delete(g.sessions, cookie(r))
		w.WriteHeader(http.StatusNoContent)
	case "/api/mgmt.gateway_backup/1.0/backup":
		if id := g.welcome(r); id != "" {
			deny(w, id)
			return
		}
		_, _ = io.WriteString(w, `[{"last_successful": {"host": "", "username": "", "message": "", "path": "", "subdir": "", "timeStamp": 0},
			"running": {"host": "", "username": "", "message": "", "path": "", "timeStamp": 0, "status": "NONE"}}]`)
	default:
		http.NotFound(w, r)
	}
}

// shown is the way of the credentials on a request.
func shown(r *http.Request) check.Way {
	switch scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " "); {
	case scheme == "Bearer":
		return check.ByToken
	case scheme == "Basic":
		return check.ByBasic
	case cookie(r) != "":
		return check.BySession
	}
	return "none"
}

func cookie(r *http.Request) string {
	c, err := r.Cookie("SESSID")
	if err != nil {
		return ""
	}
	return c.Value
}

func deny(w http.ResponseWriter, id string) {
	w.WriteHeader(http.StatusUnauthorized)
	_, _ = fmt.Fprintf(w, `{"error_id": %q, "error_text": "no"}`, id)
}

// welcome is the error for a request; "" where its credentials are good.
func (g *gate) welcome(r *http.Request) string {
	way := shown(r)
	if !slices.Contains(g.takes, way) {
		return "AUTH_REQUIRED"
	}
	secret := cookie(r)
	switch user, password, _ := r.BasicAuth(); way {
	case check.ByBasic:
		if user != testUser || password != testPassword {
			return "AUTH_INVALID_CREDENTIALS"
		}
		return ""
	case check.ByToken:
		_, secret, _ = strings.Cut(r.Header.Get("Authorization"), " ")
	}
	used, known := g.sessions[secret]
	if !known || g.uses > 0 && used >= g.uses {
		return map[check.Way]string{check.BySession: "AUTH_INVALID_SESSION", check.ByToken: "AUTH_EXPIRED_TOKEN"}[way]
	}
	g.sessions[secret]++
	return ""
}

// issue makes a session or token.
func (g *gate) issue() string {
	secret := fmt.Sprintf("%032x", 0x2BCDEF0123456789+int64(len(g.issued))*7919)
	g.issued = append(g.issued, secret)
	g.sessions[secret] = 0
	return secret
}

func (g *gate) login(w http.ResponseWriter, body []byte) {
	var given struct{ Username, Password string }
	if json.Unmarshal(body, &given) != nil || given.Username != testUser || given.Password != testPassword || !slices.Contains(g.takes, check.BySession) {
		deny(w, "AUTH_INVALID_CREDENTIALS")
		return
	}
	secret := g.issue()
	w.Header().Set("Set-Cookie", "SESSID="+secret+"; Path=/")
	_, _ = fmt.Fprintf(w, `{"session_key": "SESSID", "session_id": %q}`, secret)
}

func (g *gate) token(w http.ResponseWriter, body string) {
	form, _ := url.ParseQuery(body)
	if form.Get("assertion") != testCode || !slices.Contains(g.takes, check.ByToken) {
		deny(w, "AUTH_INVALID_CODE")
		return
	}
	out := map[string]any{"access_token": g.issue(), "token_type": "bearer", "expires_in": 3600}
	if form.Has("state") {
		out["state"] = form.Get("state")
	}
	_ = json.NewEncoder(w).Encode(out)
}

// told is what the device heard on a path, as the ways of the credentials.
func (g *gate) told(path string) []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var out []string
	for _, line := range g.heard {
		if f := strings.Fields(line); strings.HasSuffix(f[1], path) {
			out = append(out, f[2])
		}
	}
	return out
}
