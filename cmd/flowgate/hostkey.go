package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"

	gossh "golang.org/x/crypto/ssh"
)

// hostKey is the private key of an SSH server in a file. Where there is no file, it is made, readable by its owner only.
func hostKey(flag, path string) (gossh.Signer, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		text, err = newHostKey(path)
	}
	if err != nil {
		return nil, broken("", "%s: %w", flag, err)
	}
	return privateKey(flag, path, text)
}

// privateKey parses a key; the message never shows what the file holds.
func privateKey(flag, path string, text []byte) (gossh.Signer, error) {
	key, err := gossh.ParsePrivateKey(text)
	var locked *gossh.PassphraseMissingError
	if errors.As(err, &locked) {
		return nil, wrong("make one with ssh-keygen -t ed25519 -N '' -f FILE", "%s %s is locked with a passphrase (expected a key without one)", flag, path)
	}
	if err != nil {
		return nil, wrong("make one with ssh-keygen -t ed25519 -N '' -f FILE", "%s %s is no private key of SSH", flag, path)
	}
	return key, nil
}

// newHostKey writes a key whole or not at all.
func newHostKey(path string) ([]byte, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	block, err := gossh.MarshalPrivateKey(key, "flowgate")
	if err != nil {
		return nil, err
	}
	text := pem.EncodeToMemory(block)
	return text, writeSecret(path, text)
}
