package auth

import (
	"testing"

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
