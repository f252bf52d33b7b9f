package auth_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/flowgate-dev/flowgate/mockserver/auth"
)

// TestSessionsFollowTheirDefinition compares Sessions with a list that is walked each time.
func TestSessionsFollowTheirDefinition(t *testing.T) {
	type entry struct {
		id, user    string
		began, used time.Time
		ended       bool
	}
	rapid.Check(t, func(t *rapid.T) {
		minutes := rapid.Custom(func(t *rapid.T) time.Duration {
			return time.Duration(rapid.IntRange(0, 8).Draw(t, "minutes")) * time.Minute
		})
		o := auth.SessionOptions{Idle: minutes.Draw(t, "idle"), Life: minutes.Draw(t, "life"), One: rapid.Bool().Draw(t, "one")}
		s := auth.NewSessions(o)
		var list []entry
		clock := now
		alive := func(e *entry) bool {
			return !e.ended && (o.Idle == 0 || clock.Before(e.used.Add(o.Idle))) && (o.Life == 0 || clock.Before(e.began.Add(o.Life)))
		}
		count := func() (n int) {
			for i := range list {
				if alive(&list[i]) {
					n++
				}
			}
			return n
		}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			clock = clock.Add(minutes.Draw(t, "pause"))
			what := rapid.IntRange(0, 3).Draw(t, "what")
			if what == 0 || len(list) == 0 {
				user := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "user")
				for i := range list {
					list[i].ended = list[i].ended || o.One && list[i].user == user || !alive(&list[i])
				}
				id, err := s.Begin(user, clock)
				if err != nil {
					t.Fatal(err)
				}
				list = append(list, entry{id: id, user: user, began: clock, used: clock})
				continue
			}
			e := &list[rapid.IntRange(0, len(list)-1).Draw(t, "which")]
			for i := range list {
				list[i].ended = list[i].ended || !alive(&list[i])
			}
			want := alive(e)
			if what == 1 {
				s.End(e.id)
				e.ended = true
				continue
			}
			user, err := s.Use(e.id, clock)
			if (err == nil) != want || want && user != e.user {
				t.Fatalf("session of %s, want alive %v: %q, %v", e.user, want, user, err)
			}
			if want {
				e.used = clock
			}
			if got := s.Len(clock); got != count() {
				t.Fatalf("%d sessions, want %d", got, count())
			}
		}
	})
}

func TestACodeWithAPlusInIt(t *testing.T) {
	tokens := auth.NewTokens(auth.TokenOptions{})
	code, err := tokens.Issue("~~~", "https://device", now)
	require.NoError(t, err)
	require.Contains(t, code, "+", "tildes make one wherever they lie")
	for _, text := range []string{strings.ReplaceAll(code, "+", " "), strings.TrimRight(code, "="), "eyJhbGciOiJub25lIn0." + strings.ReplaceAll(code, "+", " ") + "."} {
		user, err := tokens.Owner(text, now)
		require.NoError(t, err)
		require.Equal(t, "~~~", user)
	}
}

func TestExpiredTokensAreToldApartForAsLongAgain(t *testing.T) {
	tokens := auth.NewTokens(auth.TokenOptions{TokenLife: time.Minute, CodeLife: time.Hour})
	code, err := tokens.Issue("bob", "https://device", now)
	require.NoError(t, err)
	token, err := tokens.Exchange(code, now)
	require.NoError(t, err)
	for _, c := range []struct {
		after       time.Duration
		token, code error
	}{
		{time.Minute - 1, nil, nil},
		{time.Minute, auth.ErrExpiredToken, nil},
		{2*time.Minute - 1, auth.ErrExpiredToken, nil},
		{2 * time.Minute, auth.ErrToken, nil},
		{time.Hour - 1, auth.ErrToken, nil},
		{time.Hour, auth.ErrToken, auth.ErrExpiredCode},
		{2 * time.Hour, auth.ErrToken, auth.ErrCode},
	} {
		_, err := tokens.Use(token, now.Add(c.after))
		require.ErrorIs(t, err, c.token)
		_, err = tokens.Owner(code, now.Add(c.after))
		require.ErrorIs(t, err, c.code)
	}
	codes, live := tokens.Len(now.Add(2 * time.Hour))
	require.Zero(t, codes+live, "and then nothing of them is kept")
}

// TestSecretsComeFromTheSourceThatIsGiven: two sources of the same bytes make the same secrets, and nothing else does.
func TestSecretsComeFromTheSourceThatIsGiven(t *testing.T) {
	make := func(bytes []byte) []string {
		s := auth.NewSessions(auth.SessionOptions{Random: reader(bytes)})
		k := auth.NewTokens(auth.TokenOptions{Random: reader(bytes)})
		id, err := s.Begin("bob", now)
		require.NoError(t, err)
		token, err := k.Hand("bob", now)
		require.NoError(t, err)
		code, err := k.Issue("bob", "https://device", now)
		require.NoError(t, err)
		return []string{id, token, code}
	}
	require.Equal(t, make([]byte{1, 2, 3}), make([]byte{1, 2, 3}))
	require.NotEqual(t, make([]byte{1, 2, 3}), make([]byte{1, 2, 4}))
	a, b := auth.NewSessions(auth.SessionOptions{}), auth.NewSessions(auth.SessionOptions{})
	first, err := a.Begin("bob", now)
	require.NoError(t, err)
	second, err := b.Begin("bob", now)
	require.NoError(t, err)
	require.NotEqual(t, first, second, "without one they are crypto/rand's")
	dry := errors.New("dry")
	_, err = auth.NewSessions(auth.SessionOptions{Random: iotest.ErrReader(dry)}).Begin("bob", now)
	require.ErrorIs(t, err, dry)
	_, err = auth.NewTokens(auth.TokenOptions{Random: iotest.ErrReader(dry)}).Hand("bob", now)
	require.ErrorIs(t, err, dry)
}

// reader repeats bytes for ever.
func reader(of []byte) *repeating { return &repeating{of: bytes.Clone(of)} }

type repeating struct {
	of []byte
	at int
}

func (r *repeating) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = r.of[r.at%len(r.of)]
		r.at++
	}
	return len(p), nil
}

func TestAFullShelfMakesRoomForTheNext(t *testing.T) {
	for _, idle := range []time.Duration{0, time.Hour} {
		s := auth.NewSessions(auth.SessionOptions{Max: 3, Idle: idle})
		var ids []string
		for i := range 5 {
			id, err := s.Begin(fmt.Sprint(i), now.Add(time.Duration(i)*time.Second))
			require.NoError(t, err)
			ids = append(ids, id)
		}
		require.Equal(t, 3, s.Len(now.Add(5*time.Second)))
		for i, id := range ids {
			_, err := s.Use(id, now.Add(5*time.Second))
			require.Equal(t, i < 2, errors.Is(err, auth.ErrSession), "the oldest went: session %d", i)
		}
	}
}

// TestManySessionsAndTokensAreSmall holds the bar: 10 000 of each in less than 32 MiB.
func TestManySessionsAndTokensAreSmall(t *testing.T) {
	const many = 10_000
	before := heap()
	sessions, tokens := auth.NewSessions(auth.SessionOptions{Idle: time.Hour}), auth.NewTokens(auth.TokenOptions{})
	code, err := tokens.Issue("bob", "https://device", now)
	require.NoError(t, err)
	for range many {
		_, err := sessions.Begin("bob", now)
		require.NoError(t, err)
		_, err = tokens.Exchange(code, now)
		require.NoError(t, err)
	}
	used := heap() - before
	require.Equal(t, many, sessions.Len(now))
	_, live := tokens.Len(now)
	require.Equal(t, many, live)
	require.Less(t, used, int64(32<<20))
	t.Logf("%d KiB", used>>10)
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc) //nolint:gosec // no heap is that large
}

// BenchmarkSession is what a request by a session pays, among few and among many; with 10 000 that expire all the time
// it shows that expiry costs no scan.
func BenchmarkSession(b *testing.B) {
	for _, many := range []int{10, 10_000} {
		b.Run(fmt.Sprint("use-of-", many), func(b *testing.B) {
			s, ids := filled(b, many)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := s.Use(ids[i%many], now.Add(time.Duration(i)*time.Microsecond)); err != nil {
					b.Fatal(err)
				}
			}
		})
		// Each step begins a session and ends, by its age, the one that was begun as many steps before.
		b.Run(fmt.Sprint("expiry-among-", many), func(b *testing.B) {
			s := auth.NewSessions(auth.SessionOptions{Idle: time.Duration(many) * time.Second})
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := s.Begin("bob", now.Add(time.Duration(i)*time.Second)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func filled(b *testing.B, many int) (*auth.Sessions, []string) {
	s := auth.NewSessions(auth.SessionOptions{Idle: 24 * time.Hour, Random: rand.NewChaCha8([32]byte{})})
	var ids []string
	for range many {
		id, err := s.Begin("bob", now)
		require.NoError(b, err)
		ids = append(ids, id)
	}
	return s, ids
}

// BenchmarkWrong shows that a wrong password pays the full hash each time, the same one too.
func BenchmarkWrong(b *testing.B) {
	a := accounts(b, map[string]string{"admin": "admin"})
	header := basic("admin", "wrong")
	for b.Loop() {
		if _, err := a.Basic(b.Context(), header, at); !errors.Is(err, auth.ErrWrong) {
			b.Fatal(err)
		}
	}
}

// TestAWrongPasswordIsComparedEachTime: nothing of it is remembered, so an ended context is noticed; of two ready cases a
// select takes either.
func TestAWrongPasswordIsComparedEachTime(t *testing.T) {
	a := accounts(t, map[string]string{"bob": "pw"})
	_, err := a.Basic(t.Context(), basic("bob", "wrong"), at)
	require.ErrorIs(t, err, auth.ErrWrong)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for range 60 {
		if _, err = a.Basic(ended, basic("bob", "wrong"), at); errors.Is(err, context.Canceled) {
			return
		}
	}
	require.Fail(t, "a wrong password was answered from memory")
}
