package probes

import (
	"context"
	"net/http"
	"time"

	"github.com/flowgate-dev/flowgate/conformance/check"
	"github.com/flowgate-dev/flowgate/conformance/exchange"
)

// Expiry is the probe of sessions and tokens that end by themselves. Steps named late, over and expired show them after
// the wait.
const Expiry = "login/expiry"

// margin is how much longer than its life a token is waited for.
const margin = 5 * time.Second

// expiry waits, where the run may, until a token is over and for a session that nobody uses. Both are waited for at the
// same time, and in between nothing is sent that could keep the session alive, or end it.
func (s *set) expiry(ctx context.Context, sn check.Session) error {
	wait := sn.Facts().Access.Wait
	if wait <= 0 {
		return nil
	}
	session, err := s.leftAlone(ctx, sn)
	if err != nil {
		return err
	}
	until := sn.Now().Add(wait)
	if err := s.tokenOver(ctx, sn); err != nil || session == "" {
		return err
	}
	if err := rest(ctx, sn, until.Sub(sn.Now())); err != nil {
		return err
	}
	return s.sessionOver(ctx, sn, session)
}

// rest waits, but for a dry run.
func rest(ctx context.Context, sn check.Session, d time.Duration) error {
	if sn.Dry() || d <= 0 {
		return nil
	}
	return sn.Pause(ctx, d)
}

// leftAlone begins a session and uses it once; "" where there is none.
func (s *set) leftAlone(ctx context.Context, sn check.Session) (session string, err error) {
	if !offers(sn, check.BySession) {
		return "", nil
	}
	if session, err = begin(ctx, sn, "login", ""); err != nil || session == "" {
		return "", err
	}
	_, err = sn.Do(ctx, s.guarded(sn, "begun", "", session))
	return session, err
}

// sessionOver shows a session after the wait. One that is refused then is shown again: where it was refused, everywhere
// else, and once its user has logged in anew.
func (s *set) sessionOver(ctx context.Context, sn check.Session, session string) error {
	late, err := sn.Do(ctx, s.guarded(sn, "late", "", session))
	if err != nil {
		return err
	}
	if late.OK() {
		_, err = sn.Do(ctx, end("leave", http.MethodPost, session))
		return err
	}
	again := []exchange.Request{s.guarded(sn, "over/again", "", session)}
	if err := sequence(ctx, sn, append(again, s.readings(sn, "over", "", session)...)...); err != nil {
		return err
	}
	next, err := begin(ctx, sn, "login-again", "")
	if err != nil || next == "" {
		return err
	}
	return sequence(ctx, sn, s.guarded(sn, "over/after-log-in", "", session), end("leave", http.MethodPost, next))
}

// tokenOver waits until a token is over, where the run may wait that long, and shows it by each name and everywhere.
func (s *set) tokenOver(ctx context.Context, sn check.Session) error {
	if !offers(sn, check.ByToken) {
		return nil
	}
	t, err := token(ctx, sn, "token", "")
	if err != nil || t.Value == "" || !sn.Dry() && (t.Life <= 0 || t.Life+margin > sn.Facts().Access.Wait) {
		return err
	}
	bearer := "Bearer " + t.Value
	if _, err := sn.Do(ctx, s.guarded(sn, "use", bearer, "")); err != nil {
		return err
	}
	if err := rest(ctx, sn, t.Life+margin); err != nil {
		return err
	}
	list := []exchange.Request{s.guarded(sn, "expired", bearer, ""), s.guarded(sn, "expired/signed", "SignedBearer "+t.Value, "")}
	return sequence(ctx, sn, append(list, s.readings(sn, "expired", bearer, "")...)...)
}
