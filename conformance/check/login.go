package check

import (
	"fmt"
	"slices"
	"time"
)

// Way is how a run logs in. The zero value asks the device and chooses.
type Way string

// The ways of the Common API.
const (
	Detect    Way = ""
	ByBasic   Way = "basic"   // name and password with each request (RFC 7617)
	BySession Way = "session" // a log-in hands out a cookie
	ByToken   Way = "oauth"   // an access code is changed for a token (RFC 6750)
)

// ParseWay reads a way's word; auto is Detect.
func ParseWay(word string) (Way, error) {
	switch w := Way(word); w {
	case "auto":
		return Detect, nil
	case ByBasic, BySession, ByToken:
		return w, nil
	}
	return Detect, fmt.Errorf("%q is no way to log in (expected auto, basic, session or oauth)", word)
}

// Method is the way's name in auth_info; "" for Detect.
func (w Way) Method() string {
	return map[Way]string{ByBasic: "BASIC", BySession: "COOKIE", ByToken: "OAUTH_2_0"}[w]
}

// Access is what probes need to know to log in. The zero value is a run by Basic against a device that does not list
// its ways.
type Access struct {
	Way     Way           // by which the run logs in
	Listed  []string      // the ways as auth_info lists them; nil where the device does not tell
	Code    string        // access code; "" where none was given
	Guarded string        // operation that needs credentials and that the device has
	Wait    time.Duration // how long a token, and a session that nobody uses, may be waited for
	Guesses int           // wrong passwords in a row that may be tried with the account's own name
}

// Offers reports that the device lists a way, or lists none and the run uses it.
func (a *Access) Offers(w Way) bool {
	if a.Listed == nil {
		return a.Way == w || a.Way == Detect && w == ByBasic
	}
	return slices.Contains(a.Listed, w.Method())
}
