package corpus

import "strings"

// Shown is the value of a header that shows a session or a token in a way of its own.
type Shown struct{ Name, Text string }

// MalformedCookies are Cookie headers in which no session stands that a device has handed out; name is that of its
// cookie. All of them are headers that HTTP allows, so that no proxy in front of a device need refuse them.
func MalformedCookies(name string) []Shown {
	return []Shown{
		{"empty", name + "="},
		{"bare", name},
		{"quotes-only", name + `=""`},
		{"quoted", name + `="` + MadeUp + `"`},
		{"half-quoted", name + `="` + MadeUp},
		{"twice", name + "=" + MadeUp + "; " + name + "=" + Altered(MadeUp)},
		{"empty-twice", name + "=; " + name + "="},
		{"separators-only", ";;=; ;=;"},
		{"percent", name + "=%00%zz%"},
		{"other-name", name + "x=" + MadeUp},
		{"over-long", name + "=" + strings.Repeat("f", overLong)},
	}
}

// MalformedTokens are Authorization headers in which no token stands that a device has handed out. All of them are
// headers that HTTP allows.
func MalformedTokens() []Shown {
	other := Altered(MadeUp)
	return []Shown{
		{"no-value", "Bearer"},
		{"signed-no-value", "SignedBearer"},
		{"no-scheme", MadeUp},
		{"two-values", "Bearer " + MadeUp + " " + other},
		{"list", "Bearer " + MadeUp + ", Bearer " + other},
		{"quoted", `Bearer "` + MadeUp + `"`},
		{"named", `Bearer token="` + MadeUp + `"`},
		{"garbage", "Bearer {}[]<>;,=*%00"},
		{"two-parts", "Bearer " + MadeUp + "." + other},
		{"signed-two-parts", "SignedBearer " + MadeUp + "." + other},
		{"signed-empty-middle", "SignedBearer " + Unsigned("")},
		{"signed-dots", "SignedBearer .."},
		{"signed-four-parts", "SignedBearer " + Unsigned(MadeUp) + "." + other},
		{"over-long", "Bearer " + strings.Repeat("f", overLong)},
	}
}

// overLong is many times the length of a session, and what servers still take as a header.
const overLong = 3000

// TwoCookies show a good session, a NAME=VALUE, beside one that is made up, and in quotes. Whether that lets in is for
// the device to say.
func TwoCookies(good string) []Shown {
	name, value, _ := strings.Cut(good, "=")
	madeUp := name + "=" + MadeUp
	return []Shown{{"good-first", good + "; " + madeUp}, {"good-last", madeUp + "; " + good}, {"good-quoted", name + `="` + value + `"`}}
}

// TwoTokens do the same with a good token.
func TwoTokens(good string) []Shown {
	return []Shown{{"good-first", "Bearer " + good + " " + MadeUp}, {"good-last", "Bearer " + MadeUp + " " + good}, {"good-quoted", `Bearer "` + good + `"`}}
}

// MalformedChanges are requests for a token that ask for none of a code, or cannot be read.
func MalformedChanges() []LogIn {
	return []LogIn{
		{Name: "no-body", Body: []byte{}, ContentType: FormType},
		{Name: "no-assertion", Body: []byte("grant_type=access_code"), ContentType: FormType},
		{Name: "no-grant-type", Body: []byte("assertion=" + MadeUp), ContentType: FormType},
		{Name: "other-grant-type", Body: []byte("grant_type=password&username=" + Nobody + "&password="), ContentType: FormType},
		{Name: "twice", Body: []byte("grant_type=access_code&assertion=" + MadeUp + "&assertion=" + Altered(MadeUp)), ContentType: FormType},
		{Name: "broken-form", Body: []byte("grant_type=access_code&assertion=%zz%"), ContentType: FormType},
		{Name: "json", Body: jsonText(map[string]any{"grant_type": "access_code", "assertion": MadeUp})},
		{Name: "json-objects", Body: jsonText(map[string]any{"grant_type": "access_code", "assertion": map[string]any{"$gt": ""}})},
	}
}
