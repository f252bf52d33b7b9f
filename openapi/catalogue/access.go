package catalogue

import "slices"

// accessRequirements are what follows from the promise that every request is authenticated, for each way that the Common
// API knows. The two documents leave the ways to that API, of which only facts are known: so what a device must is never
// more than to keep out whoever has no good credentials, and to keep its secrets; the rest is a should or is noted.
func accessRequirements() []Requirement {
	return slices.Concat(sessionRequirements(), tokenRequirements(), doorRequirements())
}

func sessionRequirements() []Requirement {
	s := &section{doc: Common, name: "Log-in and sessions", prefix: "common/session"}
	s.add("opens", "login", Should, Inferred, "A log-in with the account's name and password hands out a session, and the session opens what needs credentials.")
	s.add("answer", "login", Should, Inferred, "A log-in is answered with session_key and session_id, and with a cookie of that name.")
	s.add("wrong-credentials", "login", Must, Inferred, "A log-in with a wrong, an empty or no name or password hands out no session.")
	s.add("malformed", "login", Must, Inferred, "A log-in that cannot be read hands out no session, and is answered as a client's mistake.")
	s.add("hostile", "login", Must, Inferred, "Text that means something to a database, a directory or a file system is only text in a log-in: it hands out no session, and is no internal error.")
	s.add("error-id", "AUTH_INVALID_CREDENTIALS", Should, Inferred, "A log-in with a wrong name or password is answered 401 AUTH_INVALID_CREDENTIALS.")
	s.add("made-up", "SESSID", Must, Inferred, "A session that was not handed out opens nothing, be it ever so like one that was.")
	s.add("not-adopted", "SESSID", Must, Inferred, "A session that a client made up does not become good when the client logs in.")
	s.add("malformed-cookie", "SESSID", Must, Inferred, "A cookie in which no session of the device stands, be it empty, cut, quoted or there twice, opens nothing and is no internal error.")
	s.add("logged-out", "logout", Must, Inferred, "A session that was logged out opens nothing, not after another log-in either.")
	s.add("expires", "SESSID", Must, Inferred, "A session that the device has refused as over opens nothing from then on: not when it is shown again, not at another resource, and not after another log-in.")
	s.add("logout", "logout", May, Inferred, "A session is ended by POST or GET, and the answer has no body.")
	s.add("body-form", "login", May, Inferred, "A log-in may be JSON, a form or XML.")
	s.add("cookie", "Set-Cookie", May, Silent, "Which attributes the cookie has is not said.")
	s.add("life", "", May, Silent, "How long a session lasts is not said.")
	s.add("two-cookies", "SESSID", May, Silent, "Which session counts where a client shows two, and whether one may stand in quotes, is not said.")
	return s.rows
}

func tokenRequirements() []Requirement {
	s := &section{doc: Common, name: "Access codes and tokens", prefix: "common/token"}
	s.add("opens", "oauth/token", Should, Inferred, "An access code is changed for a token, and the token opens what needs credentials.")
	s.add("answer", "oauth/token", Should, Inferred, "The answer has access_token, token_type bearer and in expires_in the seconds of its life.")
	s.add("state", "state", Should, Inferred, "A state that was sent comes back as it was.")
	s.add("wrong-code", "assertion", Must, Inferred, "A code that was not issued, an altered, an empty or no code is changed for no token.")
	s.add("hostile", "assertion", Must, Inferred, "Text that means something to a database, a directory or a file system is only text in an access code: it is changed for no token, and is no internal error.")
	s.add("made-up", "access_token", Must, Inferred, "A token that was not handed out opens nothing, be it ever so like one that was.")
	s.add("malformed", "oauth/token", Must, Inferred, "A request for a token that lacks the code or cannot be read gets none, and is answered as a client's mistake.")
	s.add("malformed-header", "access_token", Must, Inferred, "An Authorization header in which no token of the device stands, be it empty, of two values or of the wrong number of parts, opens nothing and is no internal error.")
	s.add("expires", "expires_in", Must, Inferred, "A token opens nothing after the seconds that expires_in told, at no resource.")
	s.add("authorize", "oauth/authorize", Must, Inferred, "Codes and tokens are issued to nobody without credentials.")
	s.add("authorize/answer", "oauth/authorize", May, Inferred, "A code is issued in the address of a redirect.")
	s.add("request-form", "assertion", May, Inferred, "A code may be sent in a form or in the address, bare or between the dots of an unsigned token.")
	s.add("header", "access_token", May, Inferred, "A token is shown as Bearer or as SignedBearer.")
	s.add("two-tokens", "access_token", May, Silent, "What counts where a header has two values, or a token in quotes, is not said.")
	s.add("code-again", "assertion", May, Silent, "Whether a code can be changed for a token more than once is not said.")
	s.untested("revoked", "access_token", Inferred, "A token or code that was revoked opens nothing.", "no operation is known that revokes one")
	return s.rows
}

// doorRequirements hold whatever the way is.
func doorRequirements() []Requirement {
	s := &section{doc: Common, name: "Authentication", prefix: "common/door"}
	s.add("ping", "ping", Should, Inferred, "A ping needs credentials.")
	s.add("info", "info", Should, Inferred, "Model, serial number and version are told to nobody without credentials.")
	s.add("keepalive", "keepalive", Should, Inferred, "A keepalive needs credentials.")
	s.add("image", "mgmt.backup image", Must, Inferred, "A backup on the device's own disk is handed to nobody without credentials.")
	s.add("secrets", "", Must, Inferred, "No answer gives back a password or an access code, nor a session or token but where it is handed out.")
	s.add("challenge", "WWW-Authenticate", May, Inferred, "A 401 for a missing Authorization header says in WWW-Authenticate what is wanted.")
	s.add("user-names", "", May, Silent, "Whether an unknown name is answered like a wrong password is not said.")
	s.add("lock-out", "", May, Silent, "Whether an account is locked after wrong passwords in a row is not said.")
	return s.rows
}

// gatewayRequirements are facts of a sibling service, which only devices that list it are asked about.
func gatewayRequirements() []Requirement {
	s := &section{doc: Gateway, name: "Flow sources", prefix: "gateway/flow-sources"}
	s.add("resource", "GET flow_sources", Should, Inferred, "A device that lists the service answers with its sources.")
	s.add("authorization", "", Must, Inferred, "The request requires authorization.")
	s.add("fields", "", Should, Inferred, "Each source tells its address, its name, its status and what it sent in the last minute.")
	s.add("agrees", "flows_received_last_min", Should, Inferred, "What a source sent in the last minute is what import_stats tells of that minute.")
	s.add("format", "", May, Inferred, "The answer is XML, or JSON where that is asked for.")
	return s.rows
}
