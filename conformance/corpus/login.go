package corpus

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The resources of the Common API by which clients log in, and of the services beside it.
const (
	AuthInfoPath  = "/api/common/1.0/auth_info"
	LoginPath     = "/api/common/1.0/login"
	LogoutPath    = "/api/common/1.0/logout"
	TokenPath     = "/api/common/1.0/oauth/token"     //nolint:gosec // a path
	AuthorizePath = "/api/common/1.0/oauth/authorize" //nolint:gosec // a path
	PingPath      = "/api/common/1.0/ping"
	InfoPath      = "/api/common/1.0/info"
	KeepalivePath = "/api/cascade.aaa/1.0/keepalive"
	ImagePath     = "/api/mgmt.backup/1.0/image"
)

// FormType is the media type of forms.
const FormType = "application/x-www-form-urlencoded"

// LoginBody is a log-in as JSON.
func LoginBody(user, password string) []byte {
	return jsonText(map[string]string{"username": user, "password": password})
}

// LoginForm is a log-in as a form.
func LoginForm(user, password string) []byte {
	return []byte(url.Values{"username": {user}, "password": {password}}.Encode())
}

// LoginXML is a log-in as XML.
func LoginXML(user, password string) []byte {
	var out bytes.Buffer
	out.WriteString("<login><username>")
	_ = xml.EscapeText(&out, []byte(user)) // a buffer takes everything
	out.WriteString("</username><password>")
	_ = xml.EscapeText(&out, []byte(password))
	out.WriteString("</password></login>")
	return out.Bytes()
}

// TokenForm asks for a token as a form; an empty state is left out.
func TokenForm(assertion, state string) []byte {
	v := url.Values{"grant_type": {"access_code"}, "assertion": {assertion}}
	if state != "" {
		v.Set("state", state)
	}
	return []byte(v.Encode())
}

var method = regexp.MustCompile(`\b(BASIC|COOKIE|OAUTH_2_0)\b`)

// Methods reads the body of auth_info, JSON or XML: the ways that a device offers, sorted. ok is false where it cannot
// be read.
func Methods(body []byte) (list []string, ok bool) {
	text := strings.TrimSpace(string(body))
	if strings.HasPrefix(text, "<") && !strings.Contains(strings.ToLower(text), "<html") {
		list = method.FindAllString(text, -1)
		slices.Sort(list)
		return slices.Compact(list), len(list) > 0
	}
	var info struct {
		Methods []string `json:"supported_methods"`
	}
	if json.Unmarshal(body, &info) != nil || info.Methods == nil {
		return nil, false
	}
	slices.Sort(info.Methods)
	return slices.Compact(info.Methods), true
}

// Cookie reads the session that a log-in handed out, as a Cookie header: from Set-Cookie, or from a JSON body with
// session_key and session_id. It is "" where there is none.
func Cookie(h http.Header, body []byte) string {
	var named struct {
		Key string `json:"session_key"`
		ID  string `json:"session_id"`
	}
	if json.Unmarshal(body, &named) != nil {
		named.Key, named.ID = inXML(body, "session_key"), inXML(body, "session_id")
	}
	for _, c := range (&http.Response{Header: h}).Cookies() {
		if c.Value != "" && c.MaxAge >= 0 && (named.Key == "" || c.Name == named.Key) {
			return c.Name + "=" + c.Value
		}
	}
	if named.Key == "" || named.ID == "" {
		return ""
	}
	return named.Key + "=" + named.ID
}

// Token is what a device hands out for an access code.
type Token struct {
	Value string
	Life  time.Duration // 0 where it is not told
}

// ReadToken reads an answer of oauth/token; the token is "" where there is none.
func ReadToken(body []byte) Token {
	var t struct {
		Value string  `json:"access_token"`
		Life  float64 `json:"expires_in"`
	}
	// A life that is no number is told by its own rule; the token may be good.
	if _ = json.Unmarshal(body, &t); t.Value == "" {
		life, err := strconv.ParseFloat(inXML(body, "expires_in"), 64)
		if err != nil {
			life = 0 // it is not told
		}
		t.Value, t.Life = inXML(body, "access_token"), life
	}
	return Token{t.Value, time.Duration(t.Life * float64(time.Second))}
}

// inXML finds a value in XML, as an attribute or as an element; "" where there is none.
func inXML(body []byte, name string) string {
	if !bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")) {
		return ""
	}
	for d := xml.NewDecoder(bytes.NewReader(body)); ; {
		token, err := d.Token()
		start, ok := token.(xml.StartElement)
		switch {
		case err != nil:
			return ""
		case !ok:
			continue
		case start.Name.Local == name:
			var text string
			if d.DecodeElement(&text, &start) == nil {
				return strings.TrimSpace(text)
			}
			return ""
		}
		for _, a := range start.Attr {
			if a.Name.Local == name {
				return a.Value
			}
		}
	}
}

// MadeUp is a secret of the form of the family's sessions that no device has handed out.
const MadeUp = "f10096a7e0000000000000000000000000000000000000000000000000c0ffee"

// Altered is a secret with one letter or digit in its middle exchanged for another.
func Altered(secret string) string {
	for i := len(secret) / 2; i < len(secret); i++ {
		c := secret[i]
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			other := "0"
			if c == '0' {
				other = "1"
			}
			return secret[:i] + other + secret[i+1:]
		}
	}
	return secret + "x"
}

// ForgedCode is an access code that nobody has issued: well formed, for a user of that name.
func ForgedCode(user string, issued time.Time) string {
	return base64.StdEncoding.EncodeToString(jsonText(map[string]any{
		"nonce": MadeUp, "aud": "https://appliance.example/api/common/1.0/oauth/token", "iss": "https://appliance.example", "prn": user,
		"jti": MadeUp[:32], "iat": issued.Unix(), "exp": issued.Add(30 * 24 * time.Hour).Unix(),
	}))
}

// Unsigned puts a code between the dots of a token without a signature, as clients of the family send it.
func Unsigned(code string) string { return "eyJhbGciOiJub25lIn0K." + code + "." }
