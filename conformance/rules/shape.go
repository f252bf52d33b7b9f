package rules

import (
	"bytes"
	"fmt"
	"mime"
	"slices"
	"strings"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

// asked lists the positive requests of an operation and variant.
func asked(e *check.Evidence, operation, variant string) []exchange.Exchange {
	return e.Where(func(x *exchange.Exchange) bool {
		return x.Operation == operation && x.Variant == variant && x.Auth == exchange.Account && positive(x.Probe) && x.Answered()
	})
}

// Answered judges that a template's well-formed requests succeed. A request in the form that the device does not take
// (bare, or inside an array) is judged by BodyForm.
func Answered(variant string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, x := range asked(e, corpus.ImportStats, variant) {
			if mayBeEmpty(x.Probe) {
				continue
			}
			want := "a status of the 2xx class"
			if x.OK() {
				t.pass(&x, want, fmt.Sprintf("status %d", x.Response.Status))
			} else {
				t.fail(&x, want, fmt.Sprintf("status %d", x.Response.Status))
			}
		}
		return t.judgement("nothing was asked for with this template")
	}
}

// mayBeEmpty reports a probe that asks for what a device need not have: an unknown source, or a day long past. Whether
// an answer without rows may be a refusal is not said, so such probes have rules of their own.
func mayBeEmpty(probe string) bool {
	return slices.Contains([]string{"scout/form", "agree/ipv6-spelling", "stats/type-a/same-length"}, probe) || apart(probe) ||
		strings.HasSuffix(probe, "/by-source") || strings.HasSuffix(probe, "/short-window") || strings.HasSuffix(probe, "/after-refusal") || strings.HasSuffix(probe, "/example")
}

// Success judges that a template's successes have a body.
func Success(variant string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, x := range asked(e, corpus.ImportStats, variant) {
			switch want := "a status of the 2xx class, and a body"; {
			case x.Response.Status/100 == 1 || x.Response.Status/100 == 3:
				t.fail(&x, want, fmt.Sprintf("status %d", x.Response.Status))
			case !x.OK() && bytes.HasPrefix(bytes.TrimSpace(x.Response.Body), []byte("[")):
				t.fail(&x, want, fmt.Sprintf("status %d with rows", x.Response.Status))
			case !x.OK() || !complete(&x):
			case len(x.Response.Body) == 0:
				t.fail(&x, want, fmt.Sprintf("status %d without a body", x.Response.Status))
			default:
				t.pass(&x, want, fmt.Sprintf("status %d", x.Response.Status))
			}
		}
		return t.judgement("no request of this template succeeded")
	}
}

// BodyForm judges that the request is taken bare or inside an array, and records which.
func BodyForm(variant string) check.Rule {
	prefix := "type-" + strings.ToLower(variant) + "/"
	return func(e *check.Evidence) check.Judgement {
		var t tally
		taken := map[string]bool{}
		var last *exchange.Exchange
		for _, x := range e.Of("scout/form") {
			if strings.HasPrefix(x.Step, prefix) && x.Answered() {
				taken[strings.TrimPrefix(x.Step, prefix)] = x.OK()
				last = &x
			}
		}
		switch {
		case last == nil:
			return t.judgement("the device did not answer")
		case taken["bare"] && taken["array"]:
			t.answer(last, dialect.RequestForm, "both")
		case taken["bare"]:
			t.answer(last, dialect.RequestForm, "bare")
		case taken["array"]:
			t.answer(last, dialect.RequestForm, "array")
		default:
			if x := firstOK(asked(e, corpus.ImportStats, variant)); x != nil {
				array := strings.HasPrefix(strings.TrimSpace(string(x.Request.Body)), "[")
				t.answer(x, dialect.RequestForm, map[bool]string{true: "array", false: "bare"}[array])
				break
			}
			t.fail(last, "the bare request or an array of one is answered", fmt.Sprintf("neither is; status %d", last.Response.Status))
		}
		return t.judgement("")
	}
}

// Example judges that the documented example of a request is answered. The windows of templates B and C are of 2023: a
// device that also refuses those of the day after may know nothing of that time.
func Example(variant string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		probe := "stats/type-" + strings.ToLower(variant) + "/example"
		near := stepsOf(e, probe, "day-after")
		for _, x := range stepsOf(e, probe, "") {
			switch {
			case !x.OK() && x.Answered() && len(near) > 0 && !near[0].OK() && x.Response.Status/100 == 4:
				t.note(&x, brief(&x)+", and so to the window of the day after")
			case x.OK():
				t.pass(&x, "the example is answered", fmt.Sprintf("status %d", x.Response.Status))
			case x.Answered():
				t.fail(&x, "the example is answered", fmt.Sprintf("status %d", x.Response.Status))
			}
		}
		return t.judgement("the example was not sent")
	}
}

// List judges that the body of a template's answer is a JSON array.
func List(variant string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, a := range of(e, variant) {
			switch want := "a JSON array"; {
			case !a.JSON:
				t.fail(a.X, want, "no JSON: "+show(string(a.X.Response.Body)))
			case a.List == nil:
				t.fail(a.X, want, show(string(a.X.Response.Body)))
			default:
				t.pass(a.X, want, fmt.Sprintf("an array of %d", len(a.List)))
			}
		}
		return t.judgement("no request of this template succeeded")
	}
}

// Item judges that each item of the array is an object.
func Item(variant string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, a := range of(e, variant) {
			if len(a.List) == 0 {
				continue
			}
			want := "each item is an object"
			if len(a.Rows) != len(a.List) {
				t.fail(a.X, want, fmt.Sprintf("%d of %d items are none", len(a.List)-len(a.Rows), len(a.List)))
			} else {
				t.pass(a.X, want, "as promised")
			}
		}
		return t.judgement(noRows)
	}
}

// MediaType judges that the successes of an operation say that they are JSON.
func MediaType(operation, variant string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, x := range asked(e, operation, variant) {
			if !x.OK() {
				continue
			}
			if said, ok := mediaType(&x); ok {
				t.pass(&x, jsonSaid, said)
			} else {
				t.fail(&x, jsonSaid, said)
			}
		}
		return t.judgement("no request succeeded")
	}
}

const jsonSaid = "Content-Type: application/json"

// mediaType is what an answer says of its body, and whether that is JSON.
func mediaType(x *exchange.Exchange) (said string, isJSON bool) {
	said = x.Response.Header.Get("Content-Type")
	media, _, err := mime.ParseMediaType(said)
	return "Content-Type: " + said, err == nil && (media == "application/json" || strings.HasSuffix(media, "+json"))
}

// Fact notes what a resource of the Common API answers; nothing there can fail a device.
func Fact(operation string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, x := range e.Of("scout/common") {
			if x.Step != operation || !x.Answered() {
				continue
			}
			got := fmt.Sprintf("status %d", x.Response.Status)
			if len(x.Response.Body) > 0 && x.OK() {
				got += ", " + show(string(x.Response.Body))
			}
			t.note(&x, got)
			if operation == "getServices" || operation == "getAuthInfo" {
				t.answer(&x, dialect.OpenCommonResource, map[bool]string{true: "yes", false: "no"}[x.OK()])
			}
		}
		return t.judgement("it was not asked for")
	}
}
