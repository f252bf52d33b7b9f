package corpus

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/flowgate-dev/flowgate/conformance/exchange"
)

// LogIn is one log-in that must hand out nothing.
type LogIn struct {
	Name        string
	Body        []byte
	ContentType string // "" is JSON
	Own         bool   // it tries a password with the account's own name, so that a good log-in should follow
}

// Nobody is a user name that no account has.
const Nobody = exchange.WrongUserName

// wrongOne is a password that no account should have.
const wrongOne = "flowgate-wrong-password"

// WrongPassword is a log-in with the account's own name and a password that is not its own.
func WrongPassword(user, password string) LogIn {
	wrong := wrongOne
	if password == wrong {
		wrong += "-2"
	}
	return LogIn{Name: "wrong-password", Body: LoginBody(user, wrong), Own: true}
}

// WrongLogIns are log-ins that can be read and whose name or password is wrong. The account's own name is tried twice.
func WrongLogIns(user, password string) []LogIn {
	return []LogIn{
		{Name: "wrong-user", Body: LoginBody(Nobody, password)},
		WrongPassword(user, password),
		{Name: "empty-password", Body: LoginBody(user, ""), Own: true},
		{Name: "empty-user", Body: LoginBody("", password)},
		{Name: "empty-both", Body: LoginBody("", "")},
		{Name: "no-password", Body: jsonText(map[string]any{"username": Nobody})},
		{Name: "no-user", Body: jsonText(map[string]any{"password": password})},
		{Name: "no-keys", Body: []byte("{}")},
		{Name: "form", Body: LoginForm(Nobody, password), ContentType: FormType},
		{Name: "form-password", Body: LoginForm(user, MadeUp), ContentType: FormType, Own: true},
		{Name: "xml-password", Body: LoginXML(user, MadeUp), ContentType: "application/xml", Own: true},
	}
}

// MalformedLogIns are log-ins that cannot be read.
func MalformedLogIns(password string) []LogIn {
	good := LoginBody(Nobody, password)
	return []LogIn{
		{Name: "not-json", Body: []byte("username")},
		{Name: "cut-off", Body: good[:len(good)*2/3]},
		{Name: "no-body", Body: []byte{}},
		{Name: "array", Body: []byte("[]")},
		{Name: "null", Body: []byte("null")},
		{Name: "numbers", Body: jsonText(map[string]any{"username": 1, "password": 2})},
		{Name: "nulls", Body: jsonText(map[string]any{"username": nil, "password": nil})},
		{Name: "operators", Body: jsonText(map[string]any{"username": map[string]any{"$gt": ""}, "password": map[string]any{"$gt": ""}})},
		{Name: "broken-xml", Body: []byte("<login username="), ContentType: "application/xml"},
		{Name: "broken-form", Body: []byte("username=%zz&password=%"), ContentType: FormType},
	}
}

func jsonText(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil { // not for texts, numbers and times
		return nil
	}
	return text
}

// Attack is hostile text, by the name of what it is hostile to.
type Attack struct{ Name, Text string }

// Hostile are texts that mean something to databases, directories, shells, file systems and templates, all of them such
// that they change nothing where they are obeyed. Some are built around the account's own name.
func Hostile(user string) []Attack {
	return []Attack{
		{"sql-quote", "'"},
		{"sql-comment", user + "'-- "},
		{"sql-or", "' OR '1'='1"},
		{"sql-union", "x' UNION SELECT NULL, NULL-- "},
		{"sql-double-quote", `" OR ""="`},
		{"ldap-wildcard", "*"},
		{"ldap-filter", user + ")(&"},
		{"ldap-or", "*)(uid=*))(|(uid=*"},
		{"path", "../../../../../../etc/passwd"},
		{"path-backslash", `..\..\..\..\windows\win.ini`},
		{"shell", "$(id)`id`;id|id"},
		{"format", "%s%s%s%n%x"},
		{"template", "${7*7}{{7*7}}<%= 7*7 %>"},
		{"markup", `<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a><script>0</script>`},
		{"line-break", user + "\r\nX-Flowgate: 1"},
		{"nul", user + "\x00"},
		{"full-width", lookalike(user)},
		{"combining", user + "\u0301"},
		{"right-to-left", "\u202e" + user},
		{"over-long", strings.Repeat("A", 5000)},
	}
}

// lookalike writes letters in their full-width forms, which some comparisons fold into the plain ones.
func lookalike(name string) string {
	wide := strings.Map(func(r rune) rune {
		if r > ' ' && r < 0x7f {
			return r + 0xfee0
		}
		return r
	}, name)
	if wide == name {
		return name + "\uff21"
	}
	return wide
}

// Assertion is an access code that must be changed for nothing.
type Assertion struct{ Name, Text string }

// WrongCodes are codes that were not issued: forged ones for the account, unsigned and expired ones, and where a good one
// is known, that one altered.
func WrongCodes(user, code string, now time.Time) []Assertion {
	out := []Assertion{
		{"forged", ForgedCode(user, now)},
		{"forged-unsigned", Unsigned(ForgedCode(user, now))},
		{"forged-expired", ForgedCode(user, now.Add(-90*24*time.Hour))},
		{"made-up", MadeUp},
		{"not-base64", "%%%"},
		{"dots", ".."},
		{"empty", ""},
	}
	if code != "" {
		out = append(out, Assertion{"altered", Altered(code)})
	}
	return out
}
