// Package exchange holds one request and its answer as the judge sees them: raw bytes, redacted when recorded, with
// codecs for txtar and HAR so that a live run, a proxy and last year's recording are judged alike.
package exchange

import (
	"net/http"
	"time"
)

// Auth says which credentials a request carries. The zero value is Account.
type Auth string

// The credentials of a request.
const (
	Account       Auth = ""               // those of the run
	None          Auth = "none"           // no Authorization header
	WrongPassword Auth = "wrong-password" //nolint:gosec // the account's name with a password that is not its own
	EmptyPassword Auth = "password-empty" // the account's name without a password
	ShortPassword Auth = "password-short" // the account's password without its last character
	LongPassword  Auth = "password-long"  // the account's password with one character more
	WrongCase     Auth = "wrong-case"     // the account's password with its letters in the other case
	UserCase      Auth = "user-case"      // the account's name with its letters in the other case
	WrongUser     Auth = "wrong-user"     // a user name that nobody has
	Verbatim      Auth = "verbatim"       // Request.Authorization and Request.Cookie as they stand
	OwnBasic      Auth = "basic"          // the account's name and password by Basic, whatever the run logs in with
	Ended         Auth = "ended"          // those of the run, which had come to an end; see Recorder.Rename
)

// Request is what a probe asks the recorder to send.
type Request struct {
	Step          string // names the exchange within its probe; "" where the probe sends one
	Method        string
	Path          string
	Body          []byte // nil for none
	ContentType   string // "" with a body: application/json; "-": no such header
	Auth          Auth
	Authorization string   // for Verbatim; "" for no such header
	Cookie        string   // for Verbatim; "" for no such header
	Operation     string   // operationId of the document, "" where the request fits none
	Variant       string   // "A", "B" or "C" for import_stats
	Secrets       []string // values in the body that must never be seen again
	Repeat        bool     // part of a loop: a dry run prints it once
	// Reply is shown the answer before it is redacted, so that a session can be used; what it keeps must never be
	// recorded. It may be nil.
	Reply func(Message)
}

// Exchange is one request and its answer. Bodies and headers are redacted.
type Exchange struct {
	ID        string // unique within a run, such as x0012
	Probe     string
	Step      string
	Operation string
	Variant   string
	Auth      Auth
	Request   Message
	Response  Message // Status 0 where there was no answer
	Error     string  // why there was none; with a Status: why its body is not whole
	Leaks     []Leak  // secrets that the answer gave back
	Started   time.Time
	FirstByte time.Duration
	Total     time.Duration
}

// Message is one half of an exchange.
type Message struct {
	Method string // of a request
	URL    string // of a request
	Status int    // of a response
	Proto  string // HTTP/1.1, HTTP/2.0
	Header http.Header
	Body   []byte
	Cut    int // bytes of the body beyond the recorder's limit, which were read and not kept
}

// Leak is a secret of the request that was found in an answer, before it was redacted.
type Leak struct {
	Secret string // what it was: password, security_pwd, …
	Where  string // "body", or the header's name
}

// OK reports a status of the 2xx class.
func (x *Exchange) OK() bool { return x.Response.Status/100 == 2 }

// Answered reports that there was an answer at all.
func (x *Exchange) Answered() bool { return x.Response.Status != 0 }
