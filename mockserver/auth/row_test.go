package auth_test

import (
	"encoding/base64"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/mockserver/auth"
)

// Only wrong passwords in a row lock an account: a right one between them counts even where it is remembered.
func TestARememberedPasswordEndsTheRowOfWrongOnes(t *testing.T) {
	a, err := auth.New(auth.Options{Users: map[string]string{"qa": "right"}, Cost: 4, LockWhen: 2})
	require.NoError(t, err)
	at := auth.Moment{Machine: time.Unix(1e9, 0), Device: time.Unix(1e9, 0)}
	try := func(password string) error {
		_, err := a.Basic(t.Context(), []string{"Basic " + base64.StdEncoding.EncodeToString([]byte("qa:"+password))}, at)
		return err
	}
	for range 3 {
		require.NoError(t, try("right"))
		require.ErrorIs(t, try("wrong"), auth.ErrWrong)
	}
	require.NoError(t, try("right"))
	require.ErrorIs(t, try("wrong"), auth.ErrWrong)
	require.ErrorIs(t, try("wrong too"), auth.ErrWrong)
	require.ErrorIs(t, try("right"), auth.ErrWrong, "locked")
}
