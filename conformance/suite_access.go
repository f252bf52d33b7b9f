package conformance

import (
	"strings"

	"github.com/flowgate-dev/flowgate/conformance/probes"
	"github.com/flowgate-dev/flowgate/conformance/rules"
)

// loginChecks judge the ways to log in, and what keeps others out.
func loginChecks() []row {
	life, wrong, bad, hostile := probes.SessionLife, probes.SessionWrong, probes.SessionMalformed, probes.SessionHostile
	const nothing = "no session is handed out"
	rows := []row{
		{"common/session/opens", "", []string{life}, rules.Opens(life, "login", "use")},
		{"common/session/answer", "", []string{life}, rules.SessionAnswer(life)},
		{"common/session/wrong-credentials", "", []string{wrong}, rules.NothingHanded(nothing, false, wrong)},
		{"common/session/malformed", "", []string{bad}, rules.NothingHanded(nothing, false, bad)},
		{"common/session/hostile", "", []string{hostile}, rules.NothingHanded("400 or 401, and no session", true, hostile)},
		{"common/session/error-id", "", []string{wrong}, rules.RefusedWith(401, "AUTH_INVALID_CREDENTIALS", wrong)},
		{"common/session/made-up", "", []string{life}, rules.KeptOut("401 to a session of which one letter is another", []string{"altered"}, life)},
		{"common/session/not-adopted", "", []string{life}, rules.KeptOut("401 to a session that the client made up before it logged in", []string{"adopted"}, life)},
		{"common/session/logged-out", "", []string{life}, rules.LoggedOut(life)},
		{"common/session/logout", "", []string{life}, rules.Told(life, "logout", "logout-get", "logout-again")},
		{"common/session/body-form", "", []string{probes.SessionForms}, rules.Told(probes.SessionForms, "form", "xml")},
		{"common/session/cookie", "", []string{life}, rules.CookieAttributes(life)},
		{"common/session/life", "", []string{probes.ScoutCommon}, rules.SessionLife(probes.Expiry)},
		{"common/session/expires", "", []string{probes.Expiry}, rules.Lapsed(probes.Expiry)},
		{"common/session/malformed-cookie", "", []string{probes.SessionShown}, rules.ShownWrongly(probes.SessionShown, "a cookie without a session of the device")},
		{"common/session/two-cookies", "", []string{probes.SessionShown}, rules.Told(probes.SessionShown, "either")},
		{"analytics/authentication/hostile", "", []string{probes.BasicHostile}, rules.NothingHanded("400 or 401", true, probes.BasicHostile)},
	}
	return append(append(rows, tokenChecks()...), doorChecks()...)
}

func tokenChecks() []row {
	life, wrong, hostile, authorize := probes.TokenLife, probes.TokenWrong, probes.TokenHostile, probes.TokenAuthorize
	return []row{
		{"common/token/opens", "", []string{life}, rules.Opens(life, "token", "use")},
		{"common/token/answer", "", []string{life}, rules.TokenAnswer(life)},
		{"common/token/state", "", []string{life}, rules.State(life, probes.State)},
		{"common/token/wrong-code", "", []string{wrong}, rules.NothingHanded("no token is handed out", false, wrong)},
		{"common/token/hostile", "", []string{hostile}, rules.NothingHanded("400 or 401, and no token", true, hostile)},
		{"common/token/made-up", "", []string{life}, rules.KeptOut("401 to a token of which one letter is another", []string{"altered"}, life)},
		{"common/token/expires", "", []string{probes.Expiry}, rules.Expired(probes.Expiry)},
		{"common/token/malformed", "", []string{probes.TokenMalformed}, rules.NothingHanded("no token is handed out", false, probes.TokenMalformed)},
		{"common/token/malformed-header", "", []string{probes.TokenShown}, rules.ShownWrongly(probes.TokenShown, "a header without a token of the device")},
		{"common/token/two-tokens", "", []string{probes.TokenShown}, rules.Told(probes.TokenShown, "either")},
		{"common/token/authorize", "", []string{authorize}, rules.Issued(authorize)},
		{"common/token/authorize/answer", "", []string{authorize}, rules.Told(authorize, "code", "token")},
		{"common/token/request-form", "", []string{life}, rules.Told(life, "token", "unsigned", "query")},
		{"common/token/header", "", []string{life}, rules.Told(life, "use", "signed")},
		{"common/token/code-again", "", []string{life}, rules.Told(life, "again")},
	}
}

// doorChecks judge what holds whatever the way is, and the sibling service.
func doorChecks() []row {
	const unknown, wrong = "access/import-stats/type-c/wrong-user", "access/import-stats/type-c/wrong-password"
	rows := []row{
		{"common/door/image", "", []string{probes.ImageDoor}, rules.Shut(probes.ImageDoor)},
		{"common/door/secrets", "", []string{probes.ScoutCommon}, rules.Echoes},
		{"common/door/challenge", "", []string{"access/import-stats/type-c/none"}, rules.Challenge},
		{"common/door/user-names", "", []string{unknown, wrong}, rules.UserNames(unknown, wrong)},
		{"common/door/lock-out", "", []string{probes.Guesses}, rules.LockOut(probes.Guesses)},
		{"gateway/flow-sources/resource", "", []string{probes.FlowSources}, rules.FlowSources(probes.FlowSources)},
		{"gateway/flow-sources/authorization", "", []string{probes.FlowSources}, rules.Door(probes.FlowSources, "sources")},
		{"gateway/flow-sources/fields", "", []string{probes.FlowSources}, rules.FlowSourceFields(probes.FlowSources)},
		{"gateway/flow-sources/agrees", "", []string{probes.FlowSources}, rules.FlowSourcesAgree(probes.FlowSources)},
		{"gateway/flow-sources/format", "", []string{probes.FlowSources}, rules.FlowSourcesFormat(probes.FlowSources)},
	}
	for resource := range probes.Doors() {
		rows = append(rows, row{"common/door/" + resource, "", []string{probes.DoorOf(resource)}, rules.Door(probes.DoorOf(resource), "good")})
	}
	return rows
}

// madeUp reports a case of a session or token that nobody has handed out.
func madeUp(name string) bool { return strings.HasPrefix(name, "made-up-") }
