package rules

import (
	"fmt"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
)

// Negative judges a case of import_stats: it passes only for the right reason, which is status and error_id, and only
// beside a positive twin that was answered.
func Negative(c *corpus.Case, probe, twin string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		good := firstOK(e.Of(twin))
		sent := e.Of(probe)
		for _, x := range sent {
			if x.Answered() {
				judgeNegative(&t, c, &x, good)
			}
		}
		if n := len(sent); t.judged == 0 && n > 1 && good != nil {
			t.fail(&sent[n-1], "an answer, since "+c.About, fmt.Sprintf("none to %d requests: %s; the twin %s was answered", n, sent[n-1].Error, good.ID))
		}
		return t.judgement(reasonNegative(sent, good))
	}
}

// NegativeJob judges a case of POST backup or restore, the probe of the twin being a followed job.
func NegativeJob(c *corpus.Case, probe, twin string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		good := firstOK(stepsOf(e, twin, "start"))
		sent := stepsOf(e, probe, "start")
		for _, x := range sent {
			if x.Answered() {
				judgeNegative(&t, c, &x, good)
			}
			if got := startedBy(e, probe, &x); got != "" {
				t.fail(&x, "nothing is started by what is refused", brief(&x)+", and yet "+got)
			}
		}
		return t.judgement(reasonNegative(sent, good))
	}
}

func reasonNegative(sent []exchange.Exchange, twin *exchange.Exchange) string {
	switch {
	case len(sent) == 0:
		return "the request was not sent"
	case !sent[len(sent)-1].Answered():
		return "the device did not answer: " + sent[len(sent)-1].Error
	case twin == nil:
		return "the well-formed twin of this request was refused too, so a refusal shows nothing"
	}
	return ""
}

func stepsOf(e *check.Evidence, probe, name string) []exchange.Exchange {
	return e.Where(func(x *exchange.Exchange) bool { return x.Probe == probe && x.Step == name })
}

func firstOK(list []exchange.Exchange) *exchange.Exchange {
	for i := range list {
		if list[i].OK() {
			return &list[i]
		}
	}
	return nil
}

func judgeNegative(t *tally, c *corpus.Case, x, twin *exchange.Exchange) {
	const refused = "400 BAD_REQUEST"
	want := refused + ", since " + c.About
	proper := x.Response.Status == 400 && problem(x).ID == "BAD_REQUEST"
	switch {
	case x.OK():
		judgeAccepted(t, c, x, want)
	case x.Response.Status >= 500:
		t.fail(x, want, brief(x))
	case c.Expect == corpus.Any && c.ContentType != "" && x.Response.Status/100 == 4:
		t.answer(x, c.Question, "json")
	case c.Expect == corpus.Any && !proper:
		t.note(x, brief(x)+", when "+c.About)
	case twin == nil:
		// Refused like its twin: nothing can be told.
	case proper && c.Expect == corpus.Any && c.Question != "":
		t.answer(x, c.Question, "reject")
	case proper && c.Expect == corpus.Any:
		t.note(x, "refused, when "+c.About)
	case proper:
		t.pass(x, want, brief(x)+"; the twin "+twin.ID+" was answered")
	default:
		t.fail(x, want, brief(x))
	}
}

// judgeAccepted judges a case that the device answered with success.
func judgeAccepted(t *tally, c *corpus.Case, x *exchange.Exchange, want string) {
	rows := 0
	if c.Template != "" {
		rows = len(answer(x).List)
	}
	got := brief(x)
	if c.Template != "" {
		got += fmt.Sprintf(" with %d rows", rows)
	}
	switch {
	case c.Expect == corpus.Any && c.Question != "" && c.Accepted != "":
		t.answer(x, c.Question, c.Accepted)
	case c.Expect == corpus.Any:
		t.note(x, got+", when "+c.About)
	case c.Expect == corpus.RejectOrNothing && rows == 0:
		t.note(x, got+", when "+c.About)
	default:
		t.fail(x, want, got)
	}
}
