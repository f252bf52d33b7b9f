package corpus

import (
	"encoding/json"
	"regexp"
	"slices"
	"time"
)

// BackupLayout is how the family names the directory of a backup: by the minute in which it began.
const BackupLayout = "20060102_1504"

var backupName = regexp.MustCompile(`^[0-9]{8}_[0-9]{4}`)

// NamedByMinute reports a name that begins as BackupLayout writes it.
func NamedByMinute(name string) bool { return backupName.MatchString(name) }

// Sighting is what the SSH server of a run saw of one job: the second observer's half of the evidence. It is the body of
// a note with the method exchange.MethodSeen, so that recordings hold it.
type Sighting struct {
	Host   string   `json:"host"` // as it was posted
	User   string   `json:"user"`
	Path   string   `json:"path"`
	Faults []string `json:"faults,omitempty"` // that were on
	Events []Sight  `json:"events"`           // in order
	Files  []Found  `json:"files"`            // that lay below Path when the job had ended, sorted
	Holds  []string `json:"holds,omitempty"`  // the kinds of secrets that stood in events
}

// Sight is one event.
type Sight struct {
	At     time.Time `json:"at"`
	Conn   uint64    `json:"conn"` // number of the connection
	Kind   string    `json:"kind"` // as package sshtarget names it
	User   string    `json:"user,omitempty"`
	Path   string    `json:"path,omitempty"`
	To     string    `json:"to,omitempty"`
	Size   int64     `json:"size,omitempty"`
	SHA256 string    `json:"sha256,omitempty"`
	Detail string    `json:"detail,omitempty"`
}

// Found is one file.
type Found struct {
	Path   string   `json:"path"`
	Size   int64    `json:"size"`
	SHA256 string   `json:"sha256,omitempty"`
	Text   bool     `json:"text"`            // all of it can be read without a password, packed or not
	Holds  []string `json:"holds,omitempty"` // the kinds of secrets that stand in it
}

// JSON is the sighting as a note's body.
func (s *Sighting) JSON() []byte {
	return jsonText(s)
}

// ReadSighting reads the body of a note; ok is false where it is none.
func ReadSighting(body []byte) (s Sighting, ok bool) {
	return s, json.Unmarshal(body, &s) == nil && s.Host != ""
}

// Logins are the events of log-ins that succeeded.
func (s *Sighting) Logins() []Sight { return s.Of("login") }

// Of lists the events of some kinds.
func (s *Sighting) Of(kinds ...string) []Sight {
	var out []Sight
	for _, e := range s.Events {
		if slices.Contains(kinds, e.Kind) {
			out = append(out, e)
		}
	}
	return out
}

// The probes whose jobs go to the SSH server of the run.
const (
	TargetFirst  = "target/backup/first"
	TargetAfter  = "target/backup/after"
	TargetNewest = "target/backup/newest"
	TargetLatest = "target/restore/latest"
	TargetByTime = "target/restore/by-time"
)

// StepSeen is the step of the note that holds what the SSH server saw.
const StepSeen = "seen"

// TargetFailure is one way in which a job at the SSH server cannot succeed.
type TargetFailure struct {
	Name  string
	About string
	Fault string // of the server, see sshtarget.ParseFault; "" for none
}

// Probe is the probe that makes it happen, to a backup or to a restore.
func (f *TargetFailure) Probe(restore bool) string {
	if restore {
		return "target/restore/" + f.Name
	}
	return "target/backup/" + f.Name
}

// HostKeyChanged is the failure that is none for a device which does not look at host keys.
const HostKeyChanged = "host-key"

// BackupFailures lists what can go wrong at the other end of a backup.
func BackupFailures() []TargetFailure {
	return []TargetFailure{
		{"wrong-password", "the password is wrong", ""},
		{"refused", "the connection is refused", "refuse"},
		{"read-only", "the directory cannot be written", "read-only"},
		{"disk-full", "the disk is full", "disk-full:at=64"},
		{"dropped", "the connection is cut in the middle of the transfer", "drop:at=64"},
		{HostKeyChanged, "the host shows another key than before", "host-key"},
		{"hang", "nobody answers on the connection", "hang"}, // the last: its job may take long to end
	}
}

// RestoreFailures lists why a restore from the SSH server cannot succeed.
func RestoreFailures() []TargetFailure {
	return []TargetFailure{
		{"wrong-secret", "security_pwd is not the backup's", ""},
		{"wrong-password", "the password is wrong", ""},
		{"empty", "there is no backup below path", ""},
		{"damaged", "nothing of the backup's files is left but their sizes", ""},
	}
}
