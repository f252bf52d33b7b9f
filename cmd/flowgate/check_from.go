package main

import (
	"bytes"
	"context"
	"fmt"
	"os"

	"github.com/flowgate-dev/flowgate/conformance"
	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
	"github.com/flowgate-dev/flowgate/conformance/report"
	"github.com/flowgate-dev/flowgate/conformance/verdict"
)

// judgeRecording judges what was recorded, by us or by a browser.
func (a *app) judgeRecording(f *checkFlags, o conformance.Options) error {
	exchanges, err := recording(f.from)
	if err != nil {
		return wrong("--from takes a folder that --record wrote, or an HTTP archive", "--from %s: %w", f.from, err)
	}
	result, err := conformance.Judge(exchanges, o)
	if err != nil {
		return wrong("", "%w", err)
	}
	return a.conclude(f, result)
}

func recording(path string) ([]exchange.Exchange, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return exchange.ReadDir(path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return exchange.ReadHAR(file)
}

// replayCheck repeats one check of a report and says whether its verdict still holds.
func (a *app) replayCheck(ctx context.Context, f *checkFlags, o conformance.Options, address string, seeded bool) error {
	text, err := readFile("--from", f.from)
	if err != nil {
		return err
	}
	old, err := report.ReadJSON(bytes.NewReader(text))
	if err != nil {
		return wrong("", "--from %s: %w", f.from, err)
	}
	before := find(old, f.replay)
	if before == nil {
		ids := make([]string, 0, len(old.Checks))
		for i := range old.Checks {
			ids = append(ids, old.Checks[i].ID)
		}
		hint := "flowgate check --list lists the checks"
		if near := nearest(f.replay, ids); near != "" {
			hint = "did you mean " + near + "?"
		}
		return wrong(hint, "--replay: %s has no check %q", f.from, f.replay)
	}
	if address == "" {
		address = old.Target.URL
	}
	target, err := a.appliance(f, address)
	if err != nil {
		return err
	}
	o.Run, o.Skip, o.Profile = []string{f.replay}, nil, check.Full
	if !seeded {
		o.Seed = old.Run.Seed
	}
	result, err := a.judge(ctx, f, target, o)
	if err != nil {
		return err
	}
	written := f.outputs.write(a.out, result)
	if err := a.compare(f, before, result.Report); err != nil {
		return err
	}
	return written
}

// compare shows a check before and now. The exit code is that of the one check.
func (a *app) compare(f *checkFlags, before *verdict.Check, r *verdict.Report) error {
	if r.Verdict == verdict.BrokenRun {
		return &failure{code: verdict.ExitUnreachable, err: fmt.Errorf("%s", r.Reason), hint: r.Hint}
	}
	now := find(r, before.ID)
	if now == nil || now.Verdict == verdict.NotRun {
		reason := "this version of the suite does not have it"
		if now != nil {
			reason = now.Reason
		}
		return &failure{code: verdict.ExitIncomplete, err: fmt.Errorf("%s could not be repeated: %s", before.ID, reason)}
	}
	w, layout := a.page(&f.outputs, f.verbose)
	r.Checks = []verdict.Check{*now}
	r.Summary = verdict.Count(r.Checks)
	if err := report.Text(w, r, layout); err != nil {
		return broken("", "the report cannot be written: %w", err)
	}
	answer := fmt.Sprintf("%s still holds: it was %s and is %s.", before.ID, before.Verdict, now.Verdict)
	if before.Verdict != now.Verdict {
		answer = fmt.Sprintf("%s no longer holds: it was %s and is %s.", before.ID, before.Verdict, now.Verdict)
	}
	if _, err := fmt.Fprintln(w, answer); err != nil {
		return broken("", "the answer cannot be written: %w", err)
	}
	switch {
	case now.Verdict == verdict.Broken:
		return &failure{code: verdict.ExitUnreachable}
	case now.Verdict == verdict.Failed && !now.Waived, now.Verdict == verdict.Warned && !now.Waived && f.strict:
		return &failure{code: verdict.ExitNotConformant}
	}
	return nil
}

func find(r *verdict.Report, id string) *verdict.Check {
	for i := range r.Checks {
		if r.Checks[i].ID == id {
			return &r.Checks[i]
		}
	}
	return nil
}
