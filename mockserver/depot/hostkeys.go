package depot

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// HostKeys says which hosts are believed to be who they are.
type HostKeys uint8

// The policies. The API has no field for a host key, so the documents leave this to the appliance.
const (
	// TrustFirst remembers the key that a host shows first and insists on it from then on.
	TrustFirst HostKeys = iota
	// Known insists on the keys of the file of known hosts, which is not written.
	Known
	// AnyKey believes every host.
	AnyKey
)

// hosts are the keys of the hosts that are known, in a file of OpenSSH's form or, without one, in memory.
type hosts struct {
	policy HostKeys
	file   string

	mu     sync.Mutex
	memory map[string]ssh.PublicKey
}

// algorithms are those in which a host shall show its key. A host that is known by one key must not be asked for
// another, or its key would look changed.
func (h *hosts) algorithms(addr string) ([]string, error) {
	all := []string{ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	if h.policy == AnyKey {
		return all, nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	look, err := h.look()
	if err != nil {
		return nil, err
	}
	// What is known is told only to who shows a key that is none of it.
	none, err := ssh.NewPublicKey(ed25519.PublicKey(make([]byte, ed25519.PublicKeySize)))
	if err != nil {
		return nil, fmt.Errorf("depot: %w", err)
	}
	var key *knownhosts.KeyError
	if err := look(addr, nowhere(), none); !errors.As(err, &key) || len(key.Want) == 0 {
		return all, nil
	}
	var out []string
	for _, k := range key.Want {
		if k.Key.Type() == ssh.KeyAlgoRSA {
			out = append(out, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256)
		} else {
			out = append(out, k.Key.Type())
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// nowhere stands for an address in questions that are about names.
func nowhere() net.Addr { return &net.TCPAddr{IP: net.IPv4zero} }

// check judges the key that a host shows. Errors wrap ErrHostKey.
func (h *hosts) check(addr string, key ssh.PublicKey) error {
	if h.policy == AnyKey {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	look, err := h.look()
	if err != nil {
		return err
	}
	shown := ssh.FingerprintSHA256(key)
	var other *knownhosts.KeyError
	switch err := look(addr, nowhere(), key); {
	case err == nil:
		return nil
	case !errors.As(err, &other): // a revoked key, as a rule
		return fmt.Errorf("%w %s: it shows %s, which the known hosts forbid", ErrHostKey, addr, shown)
	case len(other.Want) > 0:
		return fmt.Errorf("%w %s: it shows %s, and known is %s (if that is right, take the old key out of the known hosts)",
			ErrHostKey, addr, shown, ssh.FingerprintSHA256(other.Want[0].Key))
	case h.policy == Known:
		return fmt.Errorf("%w %s: it shows %s, and no key of it is known (if that is right, add the key to the known hosts)", errUnknownKey, addr, shown)
	}
	return h.remember(addr, key)
}

// errUnknownKey is the ErrHostKey of a host that was never seen.
var errUnknownKey error = variant{"the host key is not among the known ones, and nothing was sent to the host", ErrHostKey}

// look is what the file, or the memory, says of keys; the lock is held.
func (h *hosts) look() (ssh.HostKeyCallback, error) {
	if h.file == "" {
		return h.remembered, nil
	}
	look, err := knownhosts.New(h.file)
	if errors.Is(err, fs.ErrNotExist) && h.policy == TrustFirst {
		return h.remembered, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w: the file of known hosts cannot be read", ErrHostKey)
	}
	return look, nil
}

// remembered judges by memory, with the errors of the library that reads files.
func (h *hosts) remembered(addr string, _ net.Addr, key ssh.PublicKey) error {
	switch known := h.memory[addr]; {
	case known == nil:
		return &knownhosts.KeyError{}
	case string(known.Marshal()) != string(key.Marshal()):
		return &knownhosts.KeyError{Want: []knownhosts.KnownKey{{Key: known}}}
	}
	return nil
}

// remember keeps the key of a new host; the lock is held.
func (h *hosts) remember(addr string, key ssh.PublicKey) error {
	if h.file == "" {
		if h.memory == nil {
			h.memory = map[string]ssh.PublicKey{}
		}
		h.memory[addr] = key
		return nil
	}
	err := os.MkdirAll(filepath.Dir(h.file), 0o700)
	if err == nil {
		err = appendLine(h.file, knownhosts.Line([]string{addr}, key))
	}
	if err != nil {
		return fmt.Errorf("depot: the host's key cannot be kept: %w", err)
	}
	return nil
}

// appendLine writes a line at the end of a file, on a line of its own.
func appendLine(file, line string) error {
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	text := strings.TrimSuffix(line, "\n") + "\n"
	if info, err := f.Stat(); err == nil && info.Size() > 0 {
		last := make([]byte, 1)
		if _, err := f.ReadAt(last, info.Size()-1); err == nil && last[0] != '\n' {
			text = "\n" + text
		}
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Sync(), f.Close())
}
