package auth

import (
	"crypto/sha256"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"
)

// TestNobodyCostsWhatEverybodyCosts: what an unknown name is compared with is a whole hash of the cost that all have, so
// that the comparison runs to its end.
func TestNobodyCostsWhatEverybodyCosts(t *testing.T) {
	given, err := bcrypt.GenerateFromPassword([]byte("x"), 5)
	require.NoError(t, err)
	for want, o := range map[int]Options{
		4: {Cost: 4, Users: map[string]string{"a": "x"}},
		5: {Accounts: []Account{{Name: "a", Hash: string(given)}, {Name: "b", Password: "x"}}},
	} {
		a, err := New(o)
		require.NoError(t, err)
		for _, one := range append([]*account{a.nobody}, a.accounts["a"]) {
			cost, err := bcrypt.Cost(one.hash)
			require.NoError(t, err)
			require.Equal(t, want, cost)
		}
		require.ErrorIs(t, bcrypt.CompareHashAndPassword(a.nobody.hash, fold("")), bcrypt.ErrMismatchedHashAndPassword)
	}
}

// TestWhatIsRememberedNeedsAKeyToBeRead: the mark of a header is neither the header nor a digest that whoever sees it could
// try passwords against, and another appliance has another mark.
func TestWhatIsRememberedNeedsAKeyToBeRead(t *testing.T) {
	const header = "Basic YWRtaW46YWRtaW4="
	marks := map[[sha256.Size]byte]bool{sha256.Sum256([]byte(header)): true, sha256.Sum256([]byte("admin:admin")): true}
	for range 3 {
		a, err := New(Options{Cost: 4, Users: map[string]string{"admin": "admin"}})
		require.NoError(t, err)
		at := Moment{Machine: time.Unix(1e9, 0), Device: time.Unix(1e9, 0)}
		_, err = a.Basic(t.Context(), []string{header}, at)
		require.NoError(t, err)
		require.Len(t, a.good, 1)
		for mark := range a.good {
			require.False(t, marks[mark])
			marks[mark] = true
		}
		_, err = a.Basic(t.Context(), []string{"Basic YWRtaW46d3Jvbmc="}, at)
		require.ErrorIs(t, err, ErrWrong)
		require.Len(t, a.good, 1, "nothing of a wrong password is kept")
	}
}
