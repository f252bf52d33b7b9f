package mockserver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/flowgate-dev/flowgate/mockserver/depot"
	"github.com/flowgate-dev/flowgate/mockserver/device"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

// What a job on the appliance's own disk takes where the request does not say (backup, Start new Backup).
const (
	localHost    = "localhost"
	localUser    = "mazu"
	localBackups = "/mnt/data/flowgateway-backup"
)

// jobRequest is the body of a start of a job. It is never printed: two of its fields are secrets.
type jobRequest struct {
	host, username, path string
	password, security   string
	withVault            bool // a restore brings the vault back too
	clean                string
}

func (r *jobRequest) local() bool { return r.host == localHost }

// jobRequest reads and judges the body.
func (a *Appliance) jobRequest(c *call, kind device.Kind) (*jobRequest, error) {
	if err := a.validate(c, c.route.op.Request, c.route.fields, c.body.JSON, ""); err != nil {
		return nil, err
	}
	object, _ := c.body.JSON.(map[string]any)
	text := func(key string) string { s, _ := object[key].(string); return s }
	r := &jobRequest{
		host: text("hostname"), username: text("username"), path: text("path"),
		password: text("password"), security: text("security_pwd"), withVault: text("no_cert") != "true",
	}
	if _, said := object["no_cert"]; !said && kind == device.Restore && c.dialect.Answer(dialect.AbsentNoCert) == "reject" {
		return nil, badRequest(`no_cert: a required property is missing (accepted: the strings "true" and "false").`)
	}
	if _, _, err := depot.SplitHost(r.host); err != nil {
		return nil, badRequest("hostname: " + err.Error() + ".")
	}
	if err := r.fill(object); err != nil {
		return nil, err
	}
	clean, err := depot.Clean(r.path)
	if err != nil {
		return nil, badRequest("path: " + err.Error() + ".")
	}
	r.clean = clean
	if !r.local() && c.dialect.Answer(dialect.BadHost) == "reject" {
		return r, a.reachable(c, r)
	}
	return r, nil
}

// fill puts the local defaults in, or insists on what another machine needs.
func (r *jobRequest) fill(object map[string]any) error {
	if r.local() {
		if r.username == "" {
			r.username = localUser
		}
		if r.path == "" {
			r.path = localBackups
		}
	}
	for _, field := range []string{"username", "password", "path"} {
		_, said := object[field]
		if !r.local() && (!said || object[field] == "") {
			return badRequest(field + ": is needed for a host other than localhost and is missing or empty (accepted: a string that is not empty).")
		}
	}
	if strings.ContainsFunc(r.username, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		return badRequest("username: holds a control character (accepted: a user name).")
	}
	return nil
}

// reachable refuses a host that cannot be reached.
func (a *Appliance) reachable(c *call, r *jobRequest) error {
	_, closing, err := a.options.Remote(c.r.Context(), r.destination())
	if errors.Is(err, depot.ErrUnreachable) {
		return badRequest("hostname: this host cannot be reached (accepted: a host that answers, or localhost).")
	}
	if err == nil {
		closing()
	}
	return nil
}

func (r *jobRequest) destination() depot.Destination {
	return depot.Destination{Host: r.host, Username: r.username, Password: r.password}
}

// startBackup answers POST backup.
func (a *Appliance) startBackup(c *call) (answer, error) {
	return a.start(c, device.Backup, a.backup)
}

// startRestore answers POST restore.
func (a *Appliance) startRestore(c *call) (answer, error) {
	return a.start(c, device.Restore, a.restore)
}

// work makes the work of a job.
type work func(*call, *jobRequest) device.Work

func (a *Appliance) start(c *call, kind device.Kind, w work) (answer, error) {
	r, err := a.jobRequest(c, kind)
	if err != nil {
		return answer{}, err
	}
	status, _ := strconv.Atoi(c.dialect.Answer(dialect.StartStatus)) // all its answers are numbers
	_, err = a.device.Start(device.Request{Kind: kind, Host: r.host, Username: r.username, Path: r.path, Work: w(c, r)})
	if errors.Is(err, device.ErrBusy) {
		const text = "Another backup or restore is running (accepted: one at a time; its status tells when it has ended)."
		switch c.dialect.Answer(dialect.SecondJob) {
		case "conflict":
			return answer{}, &Problem{ID: Conflict, Status: http.StatusConflict, Text: text}
		case "reject":
			return answer{}, badRequest(text)
		}
		err = nil
	}
	return answer{status: status}, err
}

// backup saves the state as it is when the job starts.
func (a *Appliance) backup(c *call, r *jobRequest) device.Work {
	s := depot.Saving{
		Dir: r.clean, Contents: a.contents(), Password: r.security, Started: c.now,
		Zone: zone(c.dialect.Answer(dialect.BackupNameZone)), WorkFactor: a.options.WorkFactor,
	}
	switch c.dialect.Answer(dialect.NameCollision) {
	case "replace":
		s.Collision = depot.Replace
	case "error":
		s.Collision = depot.Refuse
	}
	return func(ctx context.Context) (device.Outcome, error) {
		d, closing, err := a.open(ctx, r)
		if err != nil {
			return device.Outcome{}, jobError("backup", err)
		}
		defer closing()
		name, err := depot.Save(ctx, d, s)
		if err != nil {
			return device.Outcome{}, jobError("backup", err)
		}
		return device.Outcome{Subdir: path.Join(r.path, name)}, nil
	}
}

// contents is what a backup of this moment holds.
func (a *Appliance) contents() depot.Contents {
	return depot.Contents{
		State: a.State(), Accounts: a.access.accounts.Names(), Sources: a.store.Sources(), Jobs: a.device.History(),
	}
}

// restore reads the newest backup and puts its state in place when the job ends.
func (a *Appliance) restore(c *call, r *jobRequest) device.Work {
	newest := newestBy(c.dialect)
	return func(ctx context.Context) (device.Outcome, error) {
		d, closing, err := a.open(ctx, r)
		if err != nil {
			return device.Outcome{}, jobError("restore", err)
		}
		defer closing()
		name, saved, err := depot.Load(ctx, d, r.clean, r.security, newest)
		out := device.Outcome{}
		if name != "" {
			out.Subdir = path.Join(r.path, name)
		}
		if err != nil {
			return out, jobError("restore", err)
		}
		out.Commit = func() { a.putState(a.State().Restored(saved.State, r.withVault)) } // the job's end keeps it
		return out, nil
	}
}

func (a *Appliance) open(ctx context.Context, r *jobRequest) (depot.Depot, func(), error) {
	if r.local() {
		return a.options.Depot, func() {}, nil
	}
	return a.options.Remote(ctx, r.destination())
}

// jobError is the message of a job that failed. Of a file's error it tells the reason, not where this machine keeps it.
func jobError(what string, err error) error {
	var file *fs.PathError
	if errors.As(err, &file) {
		err = fmt.Errorf("cannot %s: %w", file.Op, file.Err)
	}
	return fmt.Errorf("%s failed: %w", what, err)
}
