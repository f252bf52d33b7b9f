package fools

import (
	"net/http"
	"strings"
	"unicode/utf8"
)

// credentials is what an Authorization header holds.
type credentials struct {
	present, readable bool // readable: Basic, with a user and a password
	user, password    string
}

func (c *call) credentials() credentials {
	out := credentials{present: c.req.Header.Get("Authorization") != ""}
	out.user, out.password, out.readable = c.req.BasicAuth()
	return out
}

// account remembers the last Authorization header that opened a protected resource.
type account struct {
	header string
	credentials
}

func (m *account) learn(c *call, a *answer) {
	if a.ok() && c.on(statsPath, backupPath, restorePath) && c.req.Header.Get("Authorization") != "" {
		m.header, m.credentials = c.req.Header.Get("Authorization"), c.credentials()
	}
}

// opened lets calls in with the credentials of an earlier one where open says so; own are the account's, given are
// those of the call.
func opened(of func(*call) bool, open func(own, given credentials) bool) behaviour {
	return func(within step) step {
		known := &account{}
		return func(c *call) *answer {
			if known.header != "" && of(c) && open(known.credentials, c.credentials()) {
				return within(c.authorized(known.header))
			}
			a := within(c)
			known.learn(c, a)
			return a
		}
	}
}

// authFools let in whom they should not.
func authFools() []Fool {
	const wrong = "analytics/authentication/wrong-credentials"
	anybody := func(_, _ credentials) bool { return true }
	nobody := func(_, given credentials) bool { return !given.present }
	known := func(own, given credentials) bool { return given.readable && given.user == own.user }
	operation := func(method, path string) func(*call) bool {
		return func(c *call) bool { return c.is(method, path) }
	}
	jobs := func(c *call) bool { return c.on(backupPath, restorePath) }
	return append(caseFools(jobs), []Fool{
		mutant("auth/statistics-without-credentials", "analytics/authentication/required", "answers import_stats without credentials", opened(statistics, nobody)),
		mutant("auth/template-a-for-everybody", "analytics/request/type-a/authorization", "does not check credentials for template A", opened(inTemplate("A"), anybody)),
		mutant("auth/template-b-for-everybody", "analytics/request/type-b/authorization", "does not check credentials for template B", opened(inTemplate("B"), anybody)),
		mutant("auth/template-c-for-everybody", "analytics/request/type-c/authorization", "does not check credentials for template C", opened(inTemplate("C"), anybody)),
		mutant("auth/backup-status-for-everybody", "backup/status/authorization", "tells the status of backups to everybody", opened(operation(http.MethodGet, backupPath), anybody)),
		mutant("auth/backup-start-for-everybody", "backup/start/authorization", "starts backups for everybody", opened(operation(http.MethodPost, backupPath), anybody)),
		mutant("auth/restore-status-for-everybody", "restore/status/authorization", "tells the status of restores to everybody", opened(operation(http.MethodGet, restorePath), anybody)),
		mutant("auth/restore-start-for-everybody", "restore/start/authorization", "starts restores for everybody", opened(operation(http.MethodPost, restorePath), anybody)),
		mutant("auth/password-not-checked", wrong, "asks for a user name that it knows and for any password", opened(statistics, known)),
		mutant("auth/template-a-password-not-checked", wrong, "asks for a user name that it knows and for any password, for template A", opened(inTemplate("A"), known)),
		mutant("auth/template-b-password-not-checked", wrong, "asks for a user name that it knows and for any password, for template B", opened(inTemplate("B"), known)),
		mutant("auth/restore-status-password-not-checked", "restore/status/authorization", "tells the status of restores to a user name that it knows with any password", opened(operation(http.MethodGet, restorePath), known)),
		mutant("auth/unknown-user-is-guest", wrong, "lets in user names that it does not know", opened(statistics, func(own, given credentials) bool {
			return given.readable && given.user != own.user && given.user != ""
		})),
		mutant("auth/user-not-checked", wrong, "checks the password and not the user name", opened(statistics, func(own, given credentials) bool {
			return given.readable && given.password == own.password
		})),
		mutant("auth/password-start-is-enough", wrong, "takes every password that starts with the right one", opened(statistics, func(own, given credentials) bool {
			return given.readable && given.user == own.user && strings.HasPrefix(given.password, own.password)
		})),
		mutant("auth/empty-password-taken", wrong, "lets in the user's name without a password, as a directory does with an anonymous bind", opened(statistics, func(own, given credentials) bool {
			return given.readable && given.user == own.user && given.password == ""
		})),
		mutant("auth/empty-credentials-taken", wrong, "lets in an empty user name with an empty password", opened(statistics, func(_, given credentials) bool {
			return given.readable && given.user == "" && given.password == ""
		})),
		mutant("auth/malformed-header-taken", "analytics/authentication/malformed-header", "lets in whoever sends an Authorization header that it cannot read", opened(statistics, func(_, given credentials) bool {
			return given.present && !given.readable
		})),
		mutant("auth/not-utf-8-internal-error", "analytics/authentication/malformed-header", "breaks at a user name that is no UTF-8", failingOn(func(c *call) bool {
			return statistics(c) && !utf8.ValidString(c.credentials().user)
		})),
		mutant("auth/other-scheme-taken", "analytics/authentication/malformed-header", "lets in whoever sends a scheme of authorization that it does not know", openedBySchemes()),
		mutant("auth/backup-password-not-checked", "backup/errors/auth-invalid-credentials", "asks for any password on the paths of backups", opened(jobs, known)),
		mutant("auth/backup-unknown-user-is-guest", "backup/errors/auth-invalid-credentials", "lets in user names that it does not know on the paths of backups", opened(jobs, func(own, given credentials) bool {
			return given.readable && given.user != own.user && given.user != ""
		})),
		mutant("auth/backup-without-credentials", "backup/errors/auth-required", "asks for no credentials on the paths of backups", opened(jobs, nobody)),
	}...)
}

// caseFools do not tell capitals from small letters in credentials. Log-in is one for both documents, so those that
// break what analytics says of it break it everywhere.
func caseFools(jobs func(*call) bool) []Fool {
	both := func(c *call) bool { return statistics(c) || jobs(c) }
	password := func(own, given credentials) bool {
		return given.readable && given.user == own.user && strings.EqualFold(given.password, own.password)
	}
	user := func(own, given credentials) bool {
		return given.readable && strings.EqualFold(given.user, own.user) && given.password == own.password
	}
	const analytics, backup = "analytics/errors/auth-invalid-credentials/", "backup/errors/auth-invalid-credentials/"
	return []Fool{
		mutant("auth/password-case-ignored", analytics+"password-case", "takes a password in capitals for one in small letters", opened(both, password)),
		mutant("auth/backup-password-case-ignored", backup+"password-case", "takes a password in capitals for one in small letters on the paths of backups", opened(jobs, password)),
		warned(mutant("auth/user-case-ignored", analytics+"user-case", "takes a user name in capitals for one in small letters", opened(both, user))),
		warned(mutant("auth/backup-user-case-ignored", backup+"user-case", "takes a user name in capitals for one in small letters on the paths of backups", opened(jobs, user))),
	}
}

// openedBySchemes lets in calls with a scheme other than Basic.
func openedBySchemes() behaviour {
	return opened(func(c *call) bool {
		scheme, _, _ := strings.Cut(c.req.Header.Get("Authorization"), " ")
		return statistics(c) && scheme != "" && !strings.EqualFold(scheme, "Basic")
	}, func(_, _ credentials) bool { return true })
}
