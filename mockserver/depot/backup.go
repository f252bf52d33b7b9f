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
	"io"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"filippo.io/age"

	"github.com/flowgate-dev/flowgate/mockserver/device"
)

// The files of a backup, and those of its archive.
const (
	manifestName = "manifest.json"
	archiveName  = "state.tar.gz"
	configName   = "config.json"
	vaultName    = "vault.age" // age, with a scrypt recipient of the security password
)

// format is the version of what Save writes.
const format = 1

// DefaultWorkFactor is the scrypt work factor where none is given: some 100 ms and 32 MiB for a moment.
const DefaultWorkFactor = 15

// maxWorkFactor bounds what a restore spends on a vault, whoever wrote it.
const maxWorkFactor = 20

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
	State      device.State
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
		Format: format, Created: s.Started.UTC(), Serial: s.State.Serial, Version: s.State.Version,
		Files: []digest{{Name: archiveName, Size: len(archive), SHA256: hex.EncodeToString(sum[:])}},
	}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("depot: %w", err)
	}
	return []File{{Name: manifestName, Data: append(text, '\n')}, {Name: archiveName, Data: archive}}, nil
}

func (s Saving) archive() ([]byte, error) {
	config, err := json.MarshalIndent(s.State, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("depot: %w", err)
	}
	vault, err := s.vault()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	packed := gzip.NewWriter(&out)
	tw := tar.NewWriter(packed)
	for _, f := range []File{{configName, config}, {vaultName, vault}} {
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

func (s Saving) vault() ([]byte, error) {
	text, err := json.Marshal(s.State.Vault)
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
	if s.WorkFactor < 1 || s.WorkFactor > maxWorkFactor {
		return nil, fmt.Errorf("depot: a work factor of %d is not possible (expected 1 to %d)", s.WorkFactor, maxWorkFactor)
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

// ErrPassword says that the vault was closed with another password.
var ErrPassword = errors.New("security_pwd is not the password that the backup was made with")

// ErrDamaged says that a backup is not what its manifest tells.
var ErrDamaged = errors.New("the backup is damaged")

// Load reads the newest backup below dir, by name. It returns the name as soon as it is known, so also beside an
// error: ErrNone, ErrDamaged, ErrPassword, or the depot's.
func Load(ctx context.Context, d Depot, dir, password string) (name string, s device.State, err error) {
	names, err := d.List(ctx, dir)
	if err != nil {
		return "", s, err
	}
	if name = newest(names); name == "" {
		return "", s, fmt.Errorf("%w: no directory below %s has the name of a backup", ErrNone, dir)
	}
	files, err := d.Get(ctx, dir, name)
	if err != nil {
		return name, s, err
	}
	archive, err := verified(files)
	if err != nil {
		return name, s, err
	}
	s, err = unpack(archive, password)
	return name, s, err
}

var names = regexp.MustCompile(`^([0-9]{8}_[0-9]{4})(?:_([1-9][0-9]{0,8}))?$`)

func isName(name string) bool { return names.MatchString(name) }

// newest picks the latest name of a backup; names that are none do not count.
func newest(all []string) string {
	best, bestStamp, bestN := "", "", 0
	for _, name := range all {
		m := names.FindStringSubmatch(name)
		if m == nil {
			continue
		}
		n, _ := strconv.Atoi(m[2]) // "" is 0, before the second
		if c := strings.Compare(m[1], bestStamp); c > 0 || c == 0 && n > bestN {
			best, bestStamp, bestN = name, m[1], n
		}
	}
	return best
}

// verified returns the archive once all files are what the manifest says.
func verified(files []File) ([]byte, error) {
	find := func(name string) []byte {
		i := slices.IndexFunc(files, func(f File) bool { return f.Name == name })
		if i < 0 {
			return nil
		}
		return files[i].Data
	}
	var m manifest
	if err := json.Unmarshal(find(manifestName), &m); err != nil {
		return nil, fmt.Errorf("%w: its manifest is missing or cannot be read", ErrDamaged)
	}
	if m.Format != format {
		return nil, fmt.Errorf("%w: its format is %d (expected %d)", ErrDamaged, m.Format, format)
	}
	seen := false
	for _, f := range m.Files {
		data := find(f.Name)
		sum := sha256.Sum256(data)
		if len(data) != f.Size || hex.EncodeToString(sum[:]) != f.SHA256 {
			return nil, fmt.Errorf("%w: %s is not the file that its manifest tells of", ErrDamaged, path.Base(f.Name))
		}
		seen = seen || f.Name == archiveName
	}
	if !seen {
		return nil, fmt.Errorf("%w: its manifest names no %s", ErrDamaged, archiveName)
	}
	return find(archiveName), nil
}

func unpack(archive []byte, password string) (s device.State, err error) {
	packed, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return s, fmt.Errorf("%w: its archive cannot be read", ErrDamaged)
	}
	parts := map[string][]byte{}
	for tr := tar.NewReader(io.LimitReader(packed, MaxFile)); ; {
		head, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return s, fmt.Errorf("%w: its archive cannot be read", ErrDamaged)
		}
		if parts[head.Name], err = io.ReadAll(tr); err != nil {
			return s, fmt.Errorf("%w: its archive cannot be read", ErrDamaged)
		}
	}
	if err := json.Unmarshal(parts[configName], &s); err != nil {
		return s, fmt.Errorf("%w: its %s is missing or cannot be read", ErrDamaged, configName)
	}
	s.Vault, err = unlock(parts[vaultName], password)
	return s, err
}

func unlock(vault []byte, password string) (v device.Vault, err error) {
	id, err := age.NewScryptIdentity(password)
	if err != nil {
		return v, ErrPassword
	}
	id.SetMaxWorkFactor(maxWorkFactor)
	r, err := age.Decrypt(bytes.NewReader(vault), id)
	var wrong *age.NoIdentityMatchError
	if errors.As(err, &wrong) {
		return v, ErrPassword
	}
	if err != nil {
		return v, fmt.Errorf("%w: its %s cannot be read", ErrDamaged, vaultName)
	}
	text, err := io.ReadAll(r)
	if err != nil || json.Unmarshal(text, &v) != nil {
		return v, fmt.Errorf("%w: its %s cannot be read", ErrDamaged, vaultName)
	}
	return v, nil
}
