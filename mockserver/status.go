package mockserver

import (
	"net/http"
	"strconv"

	"github.com/flowgate-dev/flowgate/mockserver/device"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

// backupStatus answers GET backup: an array of one object with two records.
func (a *Appliance) backupStatus(c *call) (answer, error) {
	last, latest := a.device.Backups()
	b := append(make([]byte, 0, 512), `[{"last_successful":`...)
	b = appendJob(b, c.dialect, last, shape{subdir: true})
	b = append(b, `,"running":`...)
	b = appendJob(b, c.dialect, latest, shape{status: true})
	return answer{status: http.StatusOK, body: append(b, `}]`...)}, nil
}

// restoreStatus answers GET restore: one object. Its path includes the backup's directory once that is known.
func (a *Appliance) restoreStatus(c *call) (answer, error) {
	job := a.device.Restored()
	if job.Subdir != "" {
		job.Path = job.Subdir
	}
	s := shape{status: true, subdir: c.dialect.Answer(dialect.RestoreSubdir) == "present"}
	return answer{status: http.StatusOK, body: appendJob(make([]byte, 0, 256), c.dialect, job, s)}, nil
}

// shape is which fields a record of a job has beside those that all have.
type shape struct{ status, subdir bool }

// appendJob renders a job with sorted keys.
func appendJob(b []byte, d dialect.Dialect, j device.Job, s shape) []byte {
	epoch := int64(0)
	if j.Status == device.None {
		switch d.Answer(dialect.StatusBeforeRun) {
		case "empty":
			return append(b, `{}`...)
		case "null":
			return append(b, `null`...)
		}
	} else {
		epoch = max(j.Started.Unix(), 0)
	}
	b = appendText(append(b, `{"host":`...), j.Host)
	if j.Message != "" || d.Answer(dialect.EmptyMessage) == "present" {
		b = appendText(append(b, `,"message":`...), j.Message)
	}
	b = appendText(append(b, `,"path":`...), j.Path)
	if s.status {
		b = append(append(append(b, `,"status":"`...), j.Status.String()...), '"')
	}
	if s.subdir {
		b = appendText(append(b, `,"subdir":`...), j.Subdir)
	}
	b = append(b, `,"timeStamp":`...)
	if d.Answer(dialect.TimestampType) == "string" {
		b = append(strconv.AppendInt(append(b, '"'), epoch, 10), '"')
	} else {
		b = strconv.AppendInt(b, epoch, 10)
	}
	return append(appendText(append(b, `,"username":`...), j.Username), '}')
}
