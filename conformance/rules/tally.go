package rules

import (
	"errors"
	"fmt"
	"strings"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
	"github.com/flowgate-dev/flowgate/conformance/verdict"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

var errTrailing = errors.New("more text follows the JSON value")

// most is how many findings of one check are told one by one; the rest is counted.
const most = 5

// tally collects what a rule sees. Its zero value is ready.
type tally struct {
	bad     []verdict.Finding
	more    int
	good    *verdict.Finding
	judged  int
	notes   []verdict.Finding
	dialect map[dialect.Key]string
}

// fail records a violation.
func (t *tally) fail(x *exchange.Exchange, want, got string) {
	t.judged++
	if len(t.bad) == most {
		t.more++
		return
	}
	t.bad = append(t.bad, verdict.Finding{Verdict: verdict.Failed, Want: want, Got: got, Exchange: id(x)})
}

// pass records that something was as promised; the first one is kept as evidence.
func (t *tally) pass(x *exchange.Exchange, want, got string) {
	t.judged++
	if t.good == nil {
		t.good = &verdict.Finding{Verdict: verdict.Pass, Want: want, Got: got, Exchange: id(x)}
	}
}

// note records what a device does where the documents are silent.
func (t *tally) note(x *exchange.Exchange, got string) {
	t.judged++
	if len(t.notes) < most {
		t.notes = append(t.notes, verdict.Finding{Verdict: verdict.Noted, Want: "the documents do not say", Got: got, Exchange: id(x)})
	}
}

// answer settles an open question. The first answer counts; a device that gives two is noted.
func (t *tally) answer(x *exchange.Exchange, q dialect.Key, answer string) {
	if t.dialect == nil {
		t.dialect = map[dialect.Key]string{}
	}
	if _, ok := t.dialect[q]; !ok {
		t.dialect[q] = answer
	}
	t.note(x, string(q)+": "+answer)
}

// judgement closes the tally; reason says why nothing could be judged, if nothing was.
func (t *tally) judgement(reason string) check.Judgement {
	j := check.Judgement{Dialect: t.dialect}
	if t.judged == 0 {
		j.Reason = reason
		j.Gap = reason == noRows || reason == noEnd
		return j
	}
	j.Findings = append(j.Findings, t.bad...)
	if t.more > 0 {
		last := &j.Findings[len(j.Findings)-1]
		last.Got += fmt.Sprintf(" (and %d more of this kind)", t.more)
	}
	j.Findings = append(j.Findings, t.notes...)
	if len(t.bad) == 0 && t.good != nil {
		g := *t.good
		if t.judged > 1 {
			g.Got += fmt.Sprintf(" (seen %d times)", t.judged)
		}
		j.Findings = append(j.Findings, g)
	}
	return j
}

func id(x *exchange.Exchange) string {
	if x == nil {
		return ""
	}
	return x.ID
}

// show is a value for people, cut to a length that fits a line.
func show(v any) string {
	text := fmt.Sprint(v)
	if s, ok := v.(string); ok {
		text = fmt.Sprintf("%q", s)
	}
	if v == nil {
		text = "null"
	}
	if len(text) > 120 {
		text = strings.ToValidUTF8(text[:117], "") + "…"
	}
	return text
}
