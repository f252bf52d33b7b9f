package depot

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"filippo.io/age"

	"github.com/flowgate-dev/flowgate/mockserver/device"
)

// The files of a backup, and those of its archive.
const (
	manifestName = "manifest.json"
	archiveName  = "state.tar.gz"

	configName   = "config.json"
	accountsName = "accounts.json"
	sourcesName  = "sources.json"
	jobsName     = "jobs.json"
	vaultName    = "vault.age" // age, with a scrypt recipient of the security password
)

// format is the version of what Save writes.
const format = 1

// DefaultWorkFactor is the scrypt work factor where none is given: some 100 ms and 32 MiB for a moment.
const DefaultWorkFactor = 15

// MaxWorkFactor bounds what a restore spends on a vault, whoever wrote it: a second or two, and 256 MiB.
const MaxWorkFactor = 18

// Contents is what a backup holds. Only its State.Vault is encrypted.
type Contents struct {
	State    device.State
	Accounts []string     // names; no password is ever in a backup
	Sources  []netip.Addr // that flows came from
	Jobs     []device.Job // that had ended
}

// manifest tells what is in a backup.
type manifest struct {
	Format  int       `json:"format"`
	Created time.Time `json:"created"`
	Serial  string    `json:"serial"`
	Version string    `json:"sw_version"`
	Files   []digest  `json:"files"`
}

type digest struct {
	Name   string `json:"name"`
	Size   int    `json:"size"`
	SHA256 string `json:"sha256"`
}

// Collision says what becomes of a backup whose name is taken.
type Collision uint8

// The lawful ways (dialect name-collision).
const (
	Suffix  Collision = iota // _2, _3, … is added to the name
	Replace                  // the older backup goes away
	Refuse                   // ErrExists
)

// Saving describes a backup to write.
type Saving struct {
	Dir        string // below which the backup's directory is made
	Contents   Contents
	Password   string // protects the vault
	Started    time.Time
	Zone       *time.Location // of the time in the directory's name
	Collision  Collision
	WorkFactor int // of scrypt; 0 is DefaultWorkFactor
}

// Save writes a backup and returns the name of its directory, YYYYMMDD_HHMM by its start.
func Save(ctx context.Context, d Depot, s Saving) (name string, err error) {
	files, err := s.files()
	if err != nil {
		return "", err
	}
	stamp := s.Started.In(s.Zone).Format("20060102_1504")
	for n := 1; ; n++ {
		name = stamp
		if n > 1 {
			name += "_" + strconv.Itoa(n)
		}
		err = d.Put(ctx, s.Dir, name, files, s.Collision == Replace)
		if s.Collision != Suffix || !errors.Is(err, ErrExists) {
			return name, err
		}
	}
}

func (s Saving) files() ([]File, error) {
	archive, err := s.archive()
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(archive)
	text, err := json.MarshalIndent(manifest{
		Format: format, Created: s.Started.UTC(), Serial: s.Contents.State.Serial, Version: s.Contents.State.Version,
		Files: []digest{{Name: archiveName, Size: len(archive), SHA256: hex.EncodeToString(sum[:])}},
	}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("depot: %w", err)
	}
	return []File{{Name: manifestName, Data: append(text, '\n')}, {Name: archiveName, Data: archive}}, nil
}

func (s Saving) archive() ([]byte, error) {
	c := s.Contents
	var parts []File
	for _, part := range [...]struct {
		name  string
		value any
	}{{configName, c.State}, {accountsName, list(c.Accounts)}, {sourcesName, list(c.Sources)}, {jobsName, list(c.Jobs)}} {
		text, err := json.MarshalIndent(part.value, "", "  ")
		if err != nil {
			return nil, fmt.Errorf("depot: %w", err)
		}
		parts = append(parts, File{Name: part.name, Data: append(text, '\n')})
	}
	vault, err := s.vault()
	if err != nil {
		return nil, err
	}
	parts = append(parts, File{Name: vaultName, Data: vault})
	var out bytes.Buffer
	packed := gzip.NewWriter(&out)
	tw := tar.NewWriter(packed)
	for _, f := range parts {
		head := tar.Header{Name: f.Name, Mode: 0o600, Size: int64(len(f.Data)), ModTime: s.Started, Format: tar.FormatPAX}
		err = errors.Join(err, tw.WriteHeader(&head))
		_, werr := tw.Write(f.Data)
		err = errors.Join(err, werr)
	}
	if err = errors.Join(err, tw.Close(), packed.Close()); err != nil {
		return nil, fmt.Errorf("depot: %w", err)
	}
	return out.Bytes(), nil
}

// list makes [] of nothing, where JSON would say null.
func list[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}

func (s Saving) vault() ([]byte, error) {
	text, err := json.Marshal(s.Contents.State.Vault)
	if err != nil {
		return nil, fmt.Errorf("depot: %w", err)
	}
	to, err := age.NewScryptRecipient(s.Password)
	if err != nil {
		return nil, errors.New("depot: the security password cannot be used (it must not be empty)")
	}
	if s.WorkFactor == 0 {
		s.WorkFactor = DefaultWorkFactor
	}
	if s.WorkFactor < 1 || s.WorkFactor > MaxWorkFactor {
		return nil, fmt.Errorf("depot: a work factor of %d is not possible (expected 1 to %d)", s.WorkFactor, MaxWorkFactor)
	}
	to.SetWorkFactor(s.WorkFactor)
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to)
	if err != nil {
		return nil, fmt.Errorf("depot: %w", err)
	}
	_, err = w.Write(text)
	if err := errors.Join(err, w.Close()); err != nil {
		return nil, fmt.Errorf("depot: %w", err)
	}
	return out.Bytes(), nil
}
