package depot_test

import (
	"crypto/ed25519"
	"encoding/pem"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
)

// newKey makes a key to log in with, or to be a host.
func newKey(t *testing.T) ssh.Signer {
	t.Helper()
	_, signer := keyFile(t)
	return signer
}

// keyFile makes a key and the file that holds it.
func keyFile(t *testing.T) (string, ssh.Signer) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	block, err := ssh.MarshalPrivateKey(private, "")
	require.NoError(t, err)
	signer, err := ssh.NewSignerFromKey(private)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(block)), signer
}
