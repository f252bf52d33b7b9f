package rules

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

// Denied judges how requests without good credentials are answered: never with a success, and with this error_id where
// one is given. Who does not offer Basic need not read what a header of Basic says: there any error_id of a 401 will do.
func Denied(probes []string, ids ...string) check.Rule {
	id := strings.Join(ids, "")
	return func(e *check.Evidence) check.Judgement {
		var t tally
		basic := basicTaken(e)
		for _, p := range probes {
			for _, x := range e.Of(p) {
				if x.Step == "denied" && x.Answered() && !missing(e, &x) {
					judgeDenied(&t, &x, id, basic)
					if got := startedBy(e, p, &x); got != "" {
						t.fail(&x, "nothing is started without good credentials", brief(&x)+", and yet "+got)
					}
				}
			}
		}
		return t.judgement("the request was not sent, or the device does not offer the resource")
	}
}

// startedBy tells of the job that a refused request has started all the same: the status before and after the refusal
// show another one, to the dead host that was posted. "" where there is none.
func startedBy(e *check.Evidence, probe string, x *exchange.Exchange) string {
	r := map[string]Record{corpus.StartBackup: Running, corpus.StartRestore: Restoring}[x.Operation]
	before, after := firstOK(stepsOf(e, probe, "before")), firstOK(stepsOf(e, probe, "other"))
	if r.Operation == "" || x.OK() || before == nil || after == nil {
		return ""
	}
	was, is := r.object(e, before), r.object(e, after)
	if unused(is) || is["host"] != corpus.DeadHost || fmt.Sprint(was["timeStamp"]) == fmt.Sprint(is["timeStamp"]) {
		return ""
	}
	return "the status tells of a job to " + corpus.DeadHost
}

// missing reports that a service which the device does not claim is not there.
func missing(e *check.Evidence, x *exchange.Exchange) bool {
	return x.Response.Status == 404 && !Claimed(e, documentOf(x))
}

func judgeDenied(t *tally, x *exchange.Exchange, id string, basic bool) {
	want := strings.TrimSpace("401 " + id)
	got := problem(x).ID
	open := id == "" || !basic && id != "AUTH_REQUIRED"
	switch {
	case x.Response.Status == 401 && (open || id == got):
		t.pass(x, want, brief(x))
		if id == "" && basic {
			answerMalformed(t, x, got)
		}
	case open && x.Response.Status >= 400 && x.Response.Status < 500:
		t.note(x, brief(x)+" to an Authorization header that cannot be read")
	default:
		t.fail(x, want, brief(x))
	}
}

func answerMalformed(t *tally, x *exchange.Exchange, id string) {
	switch id {
	case "AUTH_REQUIRED":
		t.answer(x, dialect.MalformedAuth, "required")
	case "AUTH_INVALID_CREDENTIALS":
		t.answer(x, dialect.MalformedAuth, "invalid")
	}
}

// WrongMethod judges a method that the resource does not have, where the document speaks of it.
func WrongMethod(probe string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, x := range e.Of(probe) {
			if !x.Answered() || missing(e, &x) {
				continue
			}
			if x.Response.Status == 405 && problem(&x).ID == "HTTP_INVALID_METHOD" {
				t.pass(&x, "405 HTTP_INVALID_METHOD", brief(&x))
			} else {
				t.fail(&x, "405 HTTP_INVALID_METHOD", brief(&x))
			}
		}
		return t.judgement("the request was not sent")
	}
}

// WrongMethodOpen notes what a wrong method gets where the document does not speak of it.
func WrongMethodOpen(probe string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, x := range e.Of(probe) {
			switch {
			case !x.Answered():
			case slices.Contains([]int{400, 404, 405}, x.Response.Status):
				t.answer(&x, dialect.BackupWrongMethod, strconv.Itoa(x.Response.Status))
			default:
				t.note(&x, brief(&x))
			}
		}
		return t.judgement("the request was not sent")
	}
}

// UnknownPath notes what a path gets that the document does not know.
func UnknownPath(probe string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, x := range e.Of(probe) {
			switch {
			case !x.Answered():
			case x.Response.Status == 404 && problem(&x).ID != "":
				t.answer(&x, dialect.UnknownPath, "error")
			case x.Response.Status == 404:
				t.answer(&x, dialect.UnknownPath, "plain")
			default:
				t.note(&x, brief(&x))
			}
		}
		return t.judgement("the request was not sent")
	}
}
