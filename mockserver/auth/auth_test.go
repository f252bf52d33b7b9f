package auth_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/flowgate-dev/flowgate/mockserver/auth"
)

var (
	now = time.Unix(1704751890, 0)
	at  = auth.Moment{Machine: now, Device: now}
)

func basic(name, password string) []string {
	return []string{"Basic " + base64.StdEncoding.EncodeToString([]byte(name+":"+password))}
}

func accounts(t testing.TB, users map[string]string) *auth.Accounts {
	a, err := auth.New(auth.Options{Users: users, Cost: bcrypt.MinCost})
	require.NoError(t, err)
	return a
}

func TestPasswordsOfAnyLengthCountInFull(t *testing.T) {
	long := strings.Repeat("x", 100)
	a := accounts(t, map[string]string{"bob": long, "eve": "a:b", "none": ""})
	for name, password := range map[string]string{"bob": long, "eve": "a:b", "none": ""} {
		user, err := a.Basic(t.Context(), basic(name, password), at)
		require.NoError(t, err)
		require.Equal(t, auth.User{Name: name, Role: auth.Admin}, user)
		_, err = a.Basic(t.Context(), basic(name, password+"x"), at)
		require.ErrorIs(t, err, auth.ErrWrong)
	}
	_, err := a.Basic(t.Context(), nil, at)
	require.ErrorIs(t, err, auth.ErrMissing)
	_, err = a.Basic(t.Context(), append(basic("bob", long), basic("eve", "a:b")...), at)
	require.ErrorIs(t, err, auth.ErrMalformed, "two headers")
}

func TestAVerdictIsForgottenAfterAWhile(t *testing.T) {
	a := accounts(t, map[string]string{"bob": "pw"})
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	fill := func(later time.Time) error {
		// With an ended context only what is remembered can be answered, once both turns are taken; so take them.
		_, err := a.Basic(cancelled, basic("bob", "pw"), auth.Moment{Machine: later, Device: now})
		return err
	}
	_, err := a.Basic(t.Context(), basic("bob", "pw"), at)
	require.NoError(t, err)
	for range 50 {
		require.NoError(t, fill(now.Add(5*time.Minute)), "remembered: the context is not even looked at")
	}
	failed := false
	for range 50 { // of two ready cases a select takes either
		failed = failed || fill(now.Add(5*time.Minute+time.Second+1)) != nil
		if failed {
			break
		}
		a = accounts(t, map[string]string{"bob": "pw"})
	}
	require.True(t, failed, "forgotten: the password must be compared again, which the context forbids")
}

func TestManyWrongGuessesDoNotPushTheRightOneOut(t *testing.T) {
	a, err := auth.New(auth.Options{Users: map[string]string{"bob": "pw"}, Cost: bcrypt.MinCost, Memory: 4})
	require.NoError(t, err)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = a.Basic(t.Context(), basic("bob", "pw"), at)
	require.NoError(t, err)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 4 {
				_, _ = a.Basic(t.Context(), basic("bob", fmt.Sprint(i, j)), at)
			}
		})
	}
	all.Wait()
	for range 20 {
		user, err := a.Basic(cancelled, basic("bob", "pw"), at)
		require.NoError(t, err)
		require.Equal(t, "bob", user.Name)
	}
}

func TestNamesAndCostsThatCannotBeAreRefused(t *testing.T) {
	for _, o := range []auth.Options{{Users: map[string]string{"": "x"}}, {Users: map[string]string{"a:b": "x"}}, {Users: map[string]string{"a": "x\n"}}, {Cost: 3}, {Cost: 32}} {
		_, err := auth.New(o)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "x\n")
	}
}

// BenchmarkRemembered is what a request pays whose credentials have been seen before; the bar is 1 µs.
func BenchmarkRemembered(b *testing.B) {
	a := accounts(b, map[string]string{"admin": "admin"})
	header := basic("admin", "admin")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.Basic(b.Context(), header, at); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCompared shows that a name that nobody has costs what a wrong password costs.
func BenchmarkCompared(b *testing.B) {
	for _, name := range []string{"admin", "nobody"} {
		b.Run(name, func(b *testing.B) {
			a := accounts(b, map[string]string{"admin": "admin"})
			for i := 0; b.Loop(); i++ {
				_, _ = a.Basic(b.Context(), basic(name, fmt.Sprint(i)), at)
			}
		})
	}
}
