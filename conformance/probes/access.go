package probes

import (
	"encoding/base64"
	"slices"
	"time"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
	"github.com/flowgate-dev/flowgate/openapi/catalogue"
)

// AccessCases are the ways to come without good credentials. Five of them use the account's own name with a wrong
// password, and each is followed by a good log-in: devices may lock an account after some failures in a row.
var AccessCases = []struct {
	Name          string
	Auth          exchange.Auth
	Authorization string
	Cookie        string
}{
	{"none", exchange.None, "", ""},
	{"wrong-user", exchange.WrongUser, "", ""},
	{"wrong-password", exchange.WrongPassword, "", ""},
	{"password-empty", exchange.EmptyPassword, "", ""},
	{"password-short", exchange.ShortPassword, "", ""},
	{"password-long", exchange.LongPassword, "", ""},
	{"password-case", exchange.WrongCase, "", ""},
	{"user-case", exchange.UserCase, "", ""},
	{"no-value", exchange.Verbatim, "Basic", ""},
	{"not-base64", exchange.Verbatim, "Basic %%%", ""},
	{"not-utf-8", exchange.Verbatim, "Basic " + base64.StdEncoding.EncodeToString([]byte("\xff\xfe:\xff")), ""},
	{"two-values", exchange.Verbatim, "Basic Zmxvd2dhdGUtbm9ib2R5Ong= Zmxvd2dhdGUtbm9ib2R5Ong=", ""},
	{"no-colon", exchange.Verbatim, "Basic " + base64.StdEncoding.EncodeToString([]byte("nobody")), ""},
	{"empty-both", exchange.Verbatim, "Basic " + base64.StdEncoding.EncodeToString([]byte(":")), ""},
	{"unknown-scheme", exchange.Verbatim, "Flowgate nothing", ""},
	{MadeUpSession, exchange.Verbatim, "", "SESSID=" + corpus.MadeUp},
	{MadeUpToken, exchange.Verbatim, "Bearer " + corpus.MadeUp, ""},
	{MadeUpSigned, exchange.Verbatim, "SignedBearer " + corpus.Unsigned(corpus.MadeUp), ""},
}

// The cases of sessions and tokens that no device has handed out.
const (
	MadeUpSession = "made-up-session"
	MadeUpToken   = "made-up-token"
	MadeUpSigned  = "made-up-signed-token"
)

// AccessTarget is a request that must not be answered without credentials.
type AccessTarget struct {
	Name      string // part of probe names
	Operation string
	Variant   string
	Hazard    check.Hazard
	Cases     []string // names of AccessCases
}

var (
	everyCase = []string{
		"none", "wrong-user", "no-value", "not-base64", "not-utf-8", "two-values", "no-colon", "empty-both", "unknown-scheme",
		MadeUpSession, MadeUpToken, MadeUpSigned,
	}
	fewCases = []string{"none", "wrong-user", "wrong-password", "no-value", "unknown-scheme", MadeUpSession, MadeUpToken, MadeUpSigned}
	ownName  = []string{"wrong-password", "password-empty", "password-short", "password-long", "user-case"}
)

// AccessTargets lists what is asked for without credentials. A POST that is wrongly taken goes to a dead host.
func AccessTargets() []AccessTarget {
	var out []AccessTarget
	for _, t := range catalogue.Templates() {
		cases := fewCases
		if t.Name == "C" {
			cases = slices.Concat(everyCase, ownName)
		}
		out = append(out, AccessTarget{"import-stats/" + t.Slug, corpus.ImportStats, t.Name, check.Observe, cases})
	}
	return append(out,
		AccessTarget{"backup-status", corpus.GetBackup, "", check.Observe, slices.Concat(everyCase, []string{"password-case", "user-case"})},
		AccessTarget{"restore-status", corpus.GetRestore, "", check.Observe, fewCases},
		AccessTarget{"backup-start", corpus.StartBackup, "", check.Mutate, fewCases},
		AccessTarget{"restore-start", corpus.StartRestore, "", check.Destroy, fewCases},
	)
}

// AccessProbe names the probe of a target and case.
func AccessProbe(t AccessTarget, name string) string { return "access/" + t.Name + "/" + name }

// access are the probes without good credentials.
func (s *set) access() []check.Probe {
	var out []check.Probe
	for _, t := range AccessTargets() {
		for _, c := range AccessCases {
			if !slices.Contains(t.Cases, c.Name) {
				continue
			}
			p := check.Probe{Name: AccessProbe(t, c.Name), Hazard: t.Hazard, Profile: check.Standard, After: []string{ScoutZone}}
			if c.Name == "none" || c.Name == "wrong-user" {
				p.Profile = check.Quick
			}
			p.Send = send(func(sn check.Session) []exchange.Request {
				if ownPassword(c.Auth) && !offers(sn, check.ByBasic) {
					return nil // no good log-in could follow
				}
				r := s.target(sn, t)
				r.Step, r.Auth, r.Authorization, r.Cookie = "denied", c.Auth, c.Authorization, c.Cookie
				out := []exchange.Request{r}
				if t.Hazard > check.Observe {
					// A refusal must not start anything: the status tells, before and after.
					look := s.request(map[string]string{corpus.StartBackup: corpus.GetBackup, corpus.StartRestore: corpus.GetRestore}[t.Operation], StepBefore)
					after := look
					after.Step = StepOther
					out = []exchange.Request{look, r, after}
				}
				if ownPassword(c.Auth) {
					good := s.target(sn, t)
					if t.Hazard > check.Observe {
						good = s.request(corpus.GetBackup, "") // starts nothing
					}
					good.Step, good.Auth = "good", exchange.OwnBasic
					out = append(out, good)
				}
				return out
			})
			out = append(out, p)
		}
	}
	return out
}

// ownPassword reports a wrong password for the account's own name.
func ownPassword(a exchange.Auth) bool {
	return slices.Contains([]exchange.Auth{
		exchange.WrongPassword, exchange.EmptyPassword, exchange.ShortPassword, exchange.LongPassword, exchange.WrongCase,
	}, a)
}

// target builds the request itself.
func (s *set) target(sn check.Session, t AccessTarget) exchange.Request {
	r := s.request(t.Operation, "")
	r.Variant = t.Variant
	switch t.Operation {
	case corpus.ImportStats:
		r.Body = []byte(s.twin(sn, t.Variant).Wrap(sn.Facts().Array))
	case corpus.StartBackup, corpus.StartRestore:
		job := corpus.DeadJob(sn.Facts().Secret, t.Operation == corpus.StartRestore)
		r.Body, r.Secrets = []byte(job.Body().JSON()), []string{job.Secret, job.Password}
	}
	return r
}

// MethodCase is a method that a resource does not have.
type MethodCase struct {
	Name, Operation, Method string // Operation tells the path
	Hazard                  check.Hazard
}

// MethodCases lists them. On import_stats a POST carries the query itself, so wrongly taken it answers statistics; PUT,
// PATCH and DELETE could change something. On backup and restore the body goes to a dead host.
func MethodCases() []MethodCase {
	return []MethodCase{
		{"import-stats/post", corpus.ImportStats, "POST", check.Observe},
		{"import-stats/put", corpus.ImportStats, "PUT", check.Mutate},
		{"import-stats/patch", corpus.ImportStats, "PATCH", check.Mutate},
		{"import-stats/delete", corpus.ImportStats, "DELETE", check.Destroy},
		{"backup/put", corpus.StartBackup, "PUT", check.Mutate},
		{"backup/delete", corpus.StartBackup, "DELETE", check.Destroy},
		{"restore/put", corpus.StartRestore, "PUT", check.Destroy},
		{"restore/delete", corpus.StartRestore, "DELETE", check.Destroy},
	}
}

// methods are the probes with a wrong method or path.
func (s *set) methods() []check.Probe {
	var out []check.Probe
	for _, c := range MethodCases() {
		out = append(out, check.Probe{Name: "method/" + c.Name, Hazard: c.Hazard, After: []string{ScoutZone}, Send: send(func(sn check.Session) []exchange.Request {
			t := AccessTarget{Operation: c.Operation}
			if c.Operation == corpus.ImportStats {
				t.Variant = "C"
			}
			r := s.target(sn, t)
			r.Method, r.Operation = c.Method, ""
			return []exchange.Request{r}
		})})
	}
	for _, c := range []struct{ name, operation string }{{"analytics", corpus.ImportStats}, {"backup", corpus.GetBackup}} {
		out = append(out, check.Probe{Name: "path/" + c.name, Send: send(func(check.Session) []exchange.Request {
			return []exchange.Request{unlisted("GET", s.doc.Operation(c.operation).Path+"_flowgate")}
		})})
	}
	return out
}

// status are the probes of the two status resources, each read twice.
func (s *set) status() []check.Probe {
	return []check.Probe{
		{Name: "status/backup", After: []string{ScoutCommon}, Send: send(s.get(corpus.GetBackup))},
		{Name: "status/restore", After: []string{ScoutCommon}, Send: send(s.get(corpus.GetRestore))},
	}
}

// poll is how long a job is left alone between two looks at its status: short at first, since jobs of small devices
// end quickly.
func poll(n int) time.Duration {
	return min(20*time.Millisecond<<min(n, 6), time.Second)
}
