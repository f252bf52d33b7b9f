package rules

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

// unused reports a record that tells of no job yet: documents leave open what stands there.
func unused(o map[string]any) bool {
	if status, ok := o["status"].(string); ok && status == "NONE" {
		return true
	}
	for _, field := range []string{"host", "username", "path", "subdir", "timeStamp", "status"} {
		v := o[field]
		if text, ok := v.(string); ok && (text == "" || text == "0" || text == "NONE") {
			continue
		}
		if n, ok := v.(json.Number); ok && n == "0" {
			continue
		}
		if v != nil {
			return false
		}
	}
	return true
}

// awaits reports a last_successful that says, in whatever words, that there is none yet: it has no time, and no backup of
// this run had completed before the exchange.
func (r Record) awaits(e *check.Evidence, x *exchange.Exchange, o map[string]any) bool {
	v, there := o["timeStamp"]
	return r == LastSuccessful && there && !strings.ContainsAny(fmt.Sprint(v), "123456789") && !completed(e, x)
}

// ran reports that a job of the record's kind had been taken before the exchange, so that a record has to be there.
func ran(e *check.Evidence, r Record, x *exchange.Exchange) bool {
	start := corpus.StartBackup
	if r.Operation == corpus.GetRestore {
		start = corpus.StartRestore
	}
	if r.Name == "last_successful" {
		return false // only a job that completed fills it; the rules of traces tell
	}
	for i := range e.Exchanges {
		y := &e.Exchanges[i]
		if y.ID == x.ID {
			return false
		}
		if y.Operation == start && y.Auth == exchange.Account && y.OK() {
			return true
		}
	}
	return false
}

// sameSuccess reports that two records of last_successful tell of the same backup, or both of none: in which words a
// device says that there is none is its own affair.
func sameSuccess(a, b map[string]any) bool {
	_, toldA := at(a)
	_, toldB := at(b)
	return same(a, b) || !toldA && !toldB
}

// BeforeRun notes what a status resource says before any job has run.
func BeforeRun(r Record, probe string) check.Rule {
	return func(e *check.Evidence) check.Judgement {
		var t tally
		for _, x := range e.Of(probe) {
			if !x.OK() {
				continue
			}
			o := r.object(e, &x)
			switch {
			case len(o) > 0 && !unused(o):
				return t.judgement("a job has run on this device before")
			case o["status"] == "NONE":
				t.answer(&x, dialect.StatusBeforeRun, "none")
			case o == nil:
				t.answer(&x, dialect.StatusBeforeRun, "null")
			default:
				t.answer(&x, dialect.StatusBeforeRun, "empty")
			}
		}
		return t.judgement("no request succeeded")
	}
}
