package corpus

import "github.com/flowgate-dev/flowgate/openapi/dialect"

// DeadHost is a host that no packet reaches (RFC 5737, TEST-NET-1): a job that a device starts towards it moves nothing.
const DeadHost = "192.0.2.1"

// DeadPath is a directory that exists nowhere.
const DeadPath = "/flowgate/No/Such/Directory"

// punctuation is a password, as JSON, of characters that mean something to a shell, a database or an old character set.
const punctuation = `"it's \"50 %\" of $9, ünï & 東"`

// DeadJob is the positive twin of the negative jobs: well formed, and harmless if it is taken.
func DeadJob(secret string, restore bool) Job {
	j := Job{Hostname: DeadHost, Username: "flowgate", Password: "wrong-on-purpose", Path: DeadPath, Secret: secret}
	if restore {
		j.NoCert = "false"
	}
	return j
}

// Jobs lists the negative cases of POST backup (prefix backup/start) or POST restore (restore/start). Cases that leave
// hostname alone cannot do harm even where they are wrongly taken: the host is dead.
func Jobs(prefix string) []Case {
	t := &table{prefix: prefix}
	for _, c := range []struct{ name, about, body string }{
		{"not-json", "the body is no JSON", "hostname=192.0.2.1"},
		{"string", "the body is a JSON string", `"192.0.2.1"`},
		{"number", "the body is a JSON number", "42"},
		{"truncated", "the body is cut off", `{"hostname": "192.0.2.1", "usern`},
	} {
		t.add(Case{Requirement: "structure", ID: c.name, About: c.about, Raw: raw(c.body)})
	}
	t.add(Case{Requirement: "structure", ID: "array", About: "the object is inside an array", Raw: func(twin string) string { return "[" + twin + "]" }})
	for _, f := range []struct{ req, key string }{{"username", "username"}, {"password", "password"}, {"path", "path"}, {"security-pwd", "security_pwd"}} {
		t.key(f.req, "number", f.key, "5", Reject)
		t.key(f.req, "object", f.key, "{}", Reject)
	}
	// Any text may stand there; which texts a device takes is its own affair, but none is an internal error.
	t.key("password", "punctuation", "password", punctuation, Any)
	t.key("security-pwd", "punctuation", "security_pwd", punctuation, Any)
	t.key("path", "punctuation", "path", `"/flowgate/it's no such directory, ü"`, Any)
	t.key("hostname", "number", "hostname", "5", Reject)
	t.key("hostname", "array", "hostname", `["192.0.2.1"]`, Reject)
	t.key("hostname", "empty", "hostname", `""`, Reject)
	t.add(Case{Requirement: "hostname", ID: "missing", About: "hostname is absent", Edit: drop("hostname")})
	t.add(Case{Requirement: "username", ID: "missing", About: "username is absent, the host is another machine", Edit: drop("username")})
	t.add(Case{Requirement: "path", ID: "missing", About: "path is absent, the host is another machine", Edit: drop("path")})
	t.add(Case{Requirement: "password/absent", ID: "dropped", About: "password is absent, the host is another machine", Edit: drop("password"), Expect: Any})
	t.add(Case{Requirement: "security-pwd/absent", ID: "dropped", About: "security_pwd is absent", Edit: drop("security_pwd"), Expect: Any})
	t.key("security-pwd/absent", "empty", "security_pwd", `""`, Any)
	t.add(Case{
		Requirement: "unknown-key", ID: "extra", About: "there is a key that no document knows", Edit: set("flowgate_extra", `"x"`), Expect: Any,
		Question: dialect.ExtraKeys, Accepted: "ignore",
	})
	t.add(Case{
		Requirement: "content-type", ID: "text-plain", About: "Content-Type is text/plain", Edit: func(b Body) Body { return b }, ContentType: "text/plain",
		Expect: Any, Question: dialect.ContentType, Accepted: "any",
	})
	if prefix == "restore/start" {
		t.key("no-cert", "number", "no_cert", "0", Reject)
		t.key("no-cert", "object", "no_cert", "{}", Reject)
		t.key("no-cert", "boolean", "no_cert", "false", Any)
		t.add(Case{
			Requirement: "no-cert/absent", ID: "dropped", About: "no_cert is absent", Edit: drop("no_cert"), Expect: Any,
			Question: dialect.AbsentNoCert, Accepted: "false",
		})
	}
	return t.rows
}
