package probes

import (
	"context"
	"encoding/json"
	"path"
	"time"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
)

// The directories of the SSH server that jobs of the run go to.
const (
	farGood    = "/flowgate/good"
	farBad     = "/flowgate/bad"
	farStore   = "/flowgate/restore"
	farEmpty   = "/flowgate/empty"
	farDamaged = "/flowgate/damaged"
)

// wrongPassword is put behind the password of the run's account where a wrong one is wanted.
const wrongPassword = "-not-so"

// far is one job that goes to the SSH server of the run.
type far struct {
	kind     kind
	path     string
	faults   []string
	wrong    bool // the password is
	stranger bool // security_pwd is another than the backup's
}

// job is the job as it is posted.
func (j *far) job(f *check.Facts) corpus.Job {
	host, user, password := f.Target.Account()
	out := corpus.Job{Hostname: host, Username: user, Password: password, Path: j.path, Secret: f.Secret + "-far"}
	if j.wrong {
		out.Password += wrongPassword
	}
	if j.stranger {
		out.Secret += "-of-nobody"
	}
	if j.kind == restore {
		out.NoCert = "false"
	}
	return out
}

// watched makes the directory, follows the job, and notes what the server saw of it.
func (s *set) watched(ctx context.Context, sn check.Session, j *far) error {
	target := sn.Facts().Target
	if target == nil {
		return nil
	}
	job := j.job(sn.Facts())
	if !sn.Dry() {
		if err := target.Prepare(j.path, j.faults...); err != nil {
			return err
		}
	}
	begun := sn.Now()
	if err := s.follow(ctx, sn, j.kind, job); err != nil || sn.Dry() {
		return err
	}
	sight, err := target.Seen(j.path, map[string]string{"password": job.Password, "security_pwd": job.Secret})
	if err != nil {
		return err
	}
	sn.Note(exchange.Note{
		Step: corpus.StepSeen, Method: exchange.MethodSeen, URL: "ssh://" + job.Hostname, Body: sight.JSON(), Started: begun, Total: sn.Now().Sub(begun),
	})
	return target.Prepare(j.path) // a fault ends with the job that it is for
}

// farProbe is a probe of one job that is sent once a first backup has reached the server.
func (s *set) farProbe(name string, after []string, j far) check.Probe {
	return check.Probe{
		Name: name, Hazard: j.kind.hazard, Profile: check.Standard, Target: true, After: after,
		Send: func(ctx context.Context, sn check.Session) error {
			if !sn.Facts().Reached && !sn.Dry() {
				return nil
			}
			return s.watched(ctx, sn, &j)
		},
	}
}

// farBackups are the probes that back up to the SSH server of the run: one in peace, one for each failure, and one more
// in peace. That to a server which does not answer comes last, since it may take long to end.
func (s *set) farBackups() []check.Probe {
	first := s.farProbe(corpus.TargetFirst, []string{"status/backup"}, far{kind: backup, path: farGood})
	first.Profile = check.Quick
	first.Send = func(ctx context.Context, sn check.Session) error {
		if err := s.watched(ctx, sn, &far{kind: backup, path: farGood}); err != nil || sn.Dry() || sn.Facts().Target == nil {
			return err
		}
		x, err := sn.Do(ctx, s.request(corpus.GetBackup, StepOther))
		sn.Facts().Reached = state(&x, backup) == "COMPLETED"
		return err
	}
	out := []check.Probe{first}
	before := first.Name
	failures := corpus.BackupFailures()
	hang := failures[len(failures)-1]
	for _, f := range failures[:len(failures)-1] {
		j := far{kind: backup, path: farBad, wrong: f.Fault == ""}
		if f.Fault != "" {
			j.faults = []string{f.Fault}
		}
		p := s.farProbe(f.Probe(false), []string{before}, j)
		before = p.Name
		out = append(out, p)
	}
	return append(out,
		s.farProbe(corpus.TargetAfter, []string{before}, far{kind: backup, path: farGood}),
		s.farProbe(hang.Probe(false), []string{corpus.TargetAfter}, far{kind: backup, path: farBad, faults: []string{hang.Fault}}))
}

// The names and times of decoys: years before any backup, and after.
var (
	longAgo = time.Date(2001, time.February, 3, 4, 5, 0, 0, time.UTC)
	oldName = longAgo.Format(corpus.BackupLayout)
)

// farRestores are the probes that restore from the SSH server of the run.
func (s *set) farRestores() []check.Probe {
	newest := s.farProbe(corpus.TargetNewest, []string{"status/restore", corpus.TargetAfter}, far{kind: backup, path: farStore})
	newest.Hazard = check.Destroy
	latest := s.farProbe(corpus.TargetLatest, []string{newest.Name}, far{})
	latest.Hazard, latest.Send = check.Destroy, s.restoreLatest
	byTime := s.farProbe(corpus.TargetByTime, []string{latest.Name}, far{})
	byTime.Hazard, byTime.Send = check.Destroy, s.restoreByTime
	out := []check.Probe{newest, latest, byTime}
	for _, f := range corpus.RestoreFailures() {
		j := far{kind: restore, path: farStore}
		switch f.Name {
		case "wrong-secret":
			j.stranger = true
		case "wrong-password":
			j.wrong = true
		case "empty":
			j.path = farEmpty
		case "damaged":
			j.path = farDamaged
		}
		p := s.farProbe(f.Probe(true), []string{newest.Name}, j)
		out = append(out, p)
	}
	return out
}

// backupDir is the directory of the last backup that succeeded, as the device tells it; "" where it tells none below the
// path.
func (s *set) backupDir(ctx context.Context, sn check.Session, below string) (string, error) {
	x, err := sn.Do(ctx, s.request(corpus.GetBackup, StepOther))
	if err != nil {
		return "", err
	}
	var list []struct {
		Last struct {
			Subdir string `json:"subdir"`
		} `json:"last_successful"`
	}
	if json.Unmarshal(x.Response.Body, &list) != nil || len(list) == 0 || path.Dir(path.Clean(list[0].Last.Subdir)) != below {
		return "", nil
	}
	return path.Clean(list[0].Last.Subdir), nil
}

// restoreLatest restores where the newest backup is newest by name and by time, and looks at what the device tells of
// itself before and after.
func (s *set) restoreLatest(ctx context.Context, sn check.Session) error {
	f := sn.Facts()
	if !sn.Dry() && (!f.Reached || f.Target == nil) {
		return nil
	}
	if !sn.Dry() {
		dir, err := s.backupDir(ctx, sn, farStore)
		if err != nil || dir == "" {
			return err
		}
		if err := f.Target.Copy(dir, farDamaged+"/"+path.Base(dir), sn.Now(), true); err != nil {
			return err
		}
		if corpus.NamedByMinute(path.Base(dir)) {
			if err := f.Target.Copy(dir, farStore+"/"+oldName, longAgo, false); err != nil {
				return err
			}
		}
	}
	for _, step := range []string{"info-before", "info-after"} {
		if step == "info-after" {
			if err := s.watched(ctx, sn, &far{kind: restore, path: farStore}); err != nil {
				return err
			}
		}
		if _, err := sn.Do(ctx, s.request("getInfo", step)); err != nil {
			return err
		}
	}
	return nil
}

// restoreByTime gives the older name the later time, which shows what decides.
func (s *set) restoreByTime(ctx context.Context, sn check.Session) error {
	f := sn.Facts()
	if sn.Dry() || !f.Reached || f.Target == nil {
		return nil
	}
	dir, err := s.backupDir(ctx, sn, farStore)
	if err != nil || !corpus.NamedByMinute(path.Base(dir)) {
		return err
	}
	if err := f.Target.Touch(farStore+"/"+oldName, sn.Now().Add(time.Hour)); err != nil {
		return err
	}
	if err := f.Target.Touch(dir, longAgo); err != nil {
		return err
	}
	return s.watched(ctx, sn, &far{kind: restore, path: farStore})
}
