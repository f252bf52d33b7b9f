package probes

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
)

// The steps of a followed job, by which rules find its exchanges.
const (
	StepBefore = "before" // the status before
	StepStart  = "start"  // the POST
	StepPoll   = "poll"   // the status while it runs
	StepEnd    = "end"    // the status once it has ended
	StepAgain  = "again"  // the status once more
	StepOther  = "other"  // the status of backups, after a restore
)

// kind tells backups from restores.
type kind struct {
	start, status string // operations
	prefix        string // of requirements
	probe         string // of probe names
	hazard        check.Hazard
}

var (
	backup  = kind{corpus.StartBackup, corpus.GetBackup, "backup/start", "job/backup", check.Mutate}
	restore = kind{corpus.StartRestore, corpus.GetRestore, "restore/start", "job/restore", check.Destroy}
)

// attempts is how often a local job that was refused is posted again.
const attempts = 5

// follow starts a job and looks at its status until it has ended, or the session's patience has.
func (s *set) follow(ctx context.Context, sn check.Session, k kind, job corpus.Job) error {
	before, err := sn.Do(ctx, s.request(k.status, StepBefore))
	if err != nil {
		return err
	}
	if state(&before, k) == "EXECUTING" {
		return fmt.Errorf("a job of somebody else is running: %s is EXECUTING", k.status)
	}
	r := s.request(k.start, StepStart)
	r.Body, r.Secrets = []byte(job.Body().JSON()), secrets(job)
	started, err := sn.Do(ctx, r)
	// A device whose status hides that an earlier job still runs may refuse the next one for that: it is asked again,
	// and the last answer counts.
	for n := 0; n < attempts && err == nil && started.Response.Status/100 == 4 && job.Hostname == "localhost"; n++ {
		if err = sn.Pause(ctx, time.Second); err == nil {
			before, err = sn.Do(ctx, s.request(k.status, StepBefore))
		}
		if err == nil {
			started, err = sn.Do(ctx, r)
		}
	}
	if err == nil && !started.OK() && !sn.Dry() && job.Hostname == "localhost" && started.Answered() {
		return s.needed(ctx, sn, k, job)
	}
	if err != nil || !started.OK() && !sn.Dry() {
		return err
	}
	if err := s.watch(ctx, sn, k, record(&before, k)); err != nil {
		return err
	}
	x, err := sn.Do(ctx, s.request(k.status, StepAgain))
	if err == nil && k == backup && job.Hostname == "localhost" && (state(&x, k) == "COMPLETED" || sn.Dry()) {
		sn.Facts().Restorable = job.Secret
	}
	return err
}

// needed finds out which field a device wants for a local job that it refused: it offers one after the other.
func (s *set) needed(ctx context.Context, sn check.Session, k kind, job corpus.Job) error {
	for _, offer := range []struct {
		step string
		give func(*corpus.Job)
	}{
		{"with-username", func(j *corpus.Job) { j.Username = "mazu" }},
		{"with-password", func(j *corpus.Job) { j.Password = "not-needed-here" }},
		{"with-path", func(j *corpus.Job) { j.Path = "/mnt/data/flowgateway-backup" }},
	} {
		before, err := sn.Do(ctx, s.request(k.status, StepBefore))
		if err != nil {
			return err
		}
		full := job
		offer.give(&full)
		r := s.request(k.start, offer.step)
		r.Body, r.Secrets = []byte(full.Body().JSON()), secrets(full)
		x, err := sn.Do(ctx, r)
		if err != nil {
			return err
		}
		if x.OK() {
			return s.watch(ctx, sn, k, record(&before, k))
		}
	}
	return nil
}

// watch polls the status until it shows a job that has ended and that is not the one before.
func (s *set) watch(ctx context.Context, sn check.Session, k kind, before string) error {
	deadline := sn.Now().Add(sn.Facts().Patience)
	changed := false
	for n := 0; ; n++ {
		r := s.request(k.status, StepPoll)
		r.Repeat = true
		x, err := sn.Do(ctx, r)
		if err != nil || sn.Dry() {
			return err
		}
		now := state(&x, k)
		changed = changed || record(&x, k) != before
		// A job may be so quick, and so like the one before, that its record is the same; and a status may not be there
		// at all. After a while either counts as the end.
		if now != "EXECUTING" && (changed && now != "" || n > 12) || sn.Now().After(deadline) {
			break
		}
		if err := sn.Pause(ctx, poll(n)); err != nil {
			return err
		}
	}
	_, err := sn.Do(ctx, s.request(k.status, StepEnd))
	return err
}

func secrets(j corpus.Job) []string {
	out := []string{j.Secret}
	if j.Password != "" {
		out = append(out, j.Password)
	}
	return out
}

// current digs out the object that tells of the latest job.
func current(x *exchange.Exchange, k kind) map[string]any {
	var v any
	if json.Unmarshal(x.Response.Body, &v) != nil {
		return nil
	}
	if list, ok := v.([]any); ok && len(list) > 0 {
		v = list[0]
	}
	object, _ := v.(map[string]any)
	if k.status == corpus.GetBackup {
		object, _ = object["running"].(map[string]any)
	}
	return object
}

func state(x *exchange.Exchange, k kind) string {
	text, _ := current(x, k)["status"].(string)
	return text
}

// record is the latest job's record as text, to tell whether it changed.
func record(x *exchange.Exchange, k kind) string {
	text, err := json.Marshal(current(x, k))
	if err != nil {
		return ""
	}
	return string(text)
}

// jobNegatives are the negative cases of a job, after their twin. A case that is taken is followed to its end, so that
// the next one does not meet a busy device.
func (s *set) jobNegatives(k kind) []check.Probe {
	twin := k.probe + "/dead-host"
	var out []check.Probe
	for _, c := range corpus.Jobs(k.prefix) {
		p := check.Probe{Name: NegativeOf(&c), Hazard: k.hazard, Profile: check.Standard, After: []string{twin}}
		p.Send = func(ctx context.Context, sn check.Session) error {
			job := corpus.DeadJob(sn.Facts().Secret, k == restore)
			before, err := sn.Do(ctx, s.request(k.status, StepBefore))
			if err != nil {
				return err
			}
			r := s.request(k.start, StepStart)
			r.Body, r.ContentType, r.Secrets = c.Render(job.Body(), false), c.ContentType, secrets(job)
			x, err := sn.Do(ctx, r)
			if err != nil {
				return err
			}
			if !x.OK() {
				_, err = sn.Do(ctx, s.request(k.status, StepOther)) // what is refused starts nothing
				return err
			}
			return s.watch(ctx, sn, k, record(&before, k))
		}
		out = append(out, p)
	}
	return out
}

// followed is a probe that follows one job.
func (s *set) followed(k kind, name string, after []string, job func(*check.Facts) corpus.Job) check.Probe {
	return check.Probe{Name: k.probe + "/" + name, Hazard: k.hazard, After: after, Send: func(ctx context.Context, sn check.Session) error {
		return s.follow(ctx, sn, k, job(sn.Facts()))
	}}
}

// local is a job on the appliance's own disk, with nothing but what is needed.
func local(f *check.Facts) corpus.Job { return corpus.Job{Hostname: "localhost", Secret: f.Secret} }

// full is a local job with every field of the documents' example.
func full(secret, noCert string) corpus.Job {
	return corpus.Job{
		Hostname: "localhost", Username: "mazu", Password: "not-needed-here", Path: "/mnt/data/flowgateway-backup", Secret: secret, NoCert: noCert,
	}
}

// backups are the probes that start backups.
func (s *set) backups() []check.Probe {
	out := []check.Probe{
		s.followed(backup, "local", []string{"status/backup"}, local),
		s.followed(backup, "dead-host", []string{"job/backup/local"}, func(f *check.Facts) corpus.Job { return corpus.DeadJob(f.Secret, false) }),
		s.followed(backup, "local-again", []string{"job/backup/dead-host"}, local),
		s.followed(backup, "full", []string{"job/backup/local-again"}, func(f *check.Facts) corpus.Job { return full(f.Secret, "") }),
	}
	untouched := check.Probe{
		Name: "job/restore/untouched", Hazard: check.Mutate, After: []string{"job/backup/local-again"}, Send: send(s.get(corpus.GetRestore)),
	}
	second := check.Probe{Name: "job/backup/second", Hazard: check.Mutate, Profile: check.Standard, After: []string{"job/backup/full"}}
	second.Send = func(ctx context.Context, sn check.Session) error { return s.overtake(ctx, sn, backup) }
	return append(append(out, untouched, second), s.jobNegatives(backup)...)
}

// overtake posts a job, and another at once.
func (s *set) overtake(ctx context.Context, sn check.Session, k kind) error {
	before, err := sn.Do(ctx, s.request(k.status, StepBefore))
	if err != nil {
		return err
	}
	job := local(sn.Facts())
	if k == restore {
		job = corpus.Job{Hostname: "localhost", Secret: sn.Facts().Restorable, NoCert: "false"}
	}
	r := s.request(k.start, StepStart)
	r.Body, r.Secrets = []byte(job.Body().JSON()), secrets(job)
	if _, err := sn.Do(ctx, r); err != nil {
		return err
	}
	r.Step = "second"
	if _, err := sn.Do(ctx, r); err != nil {
		return err
	}
	return s.watch(ctx, sn, k, record(&before, k))
}

// restores are the probes that start restores. They come last: a restored device may need its time.
func (s *set) restores() []check.Probe {
	out := []check.Probe{
		s.followed(restore, "dead-host", []string{"status/restore", "job/backup/local-again"}, func(f *check.Facts) corpus.Job { return corpus.DeadJob(f.Secret, true) }),
	}
	out = append(out, s.jobNegatives(restore)...)
	newest := s.followed(backup, "newest", []string{"job/restore/dead-host"}, func(f *check.Facts) corpus.Job {
		return corpus.Job{Hostname: "localhost", Secret: f.Secret + "-newest"}
	})
	newest.Hazard = check.Destroy
	wrong := s.followed(restore, "wrong-secret", []string{"job/backup/newest"}, func(f *check.Facts) corpus.Job {
		return corpus.Job{Hostname: "localhost", Secret: f.Secret + "-of-nobody", NoCert: "false"}
	})
	good := s.followed(restore, "local", []string{"job/restore/wrong-secret"}, func(f *check.Facts) corpus.Job {
		return corpus.Job{Hostname: "localhost", Secret: f.Restorable, NoCert: "false"}
	})
	after := check.Probe{Name: "job/restore/after", Hazard: check.Destroy, After: []string{"job/restore/local"}, Send: send(func(check.Session) []exchange.Request {
		r := s.request(corpus.GetBackup, StepOther)
		return []exchange.Request{r}
	})}
	every := s.followed(restore, "full", []string{"job/restore/local"}, func(f *check.Facts) corpus.Job { return full(f.Restorable, "false") })
	second := check.Probe{Name: "job/restore/second", Hazard: check.Destroy, Profile: check.Standard, After: []string{"job/restore/full"}}
	second.Send = func(ctx context.Context, sn check.Session) error { return s.overtake(ctx, sn, restore) }
	return append(out, newest, wrong, good, after, every, second)
}
