package exchange

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// A filter that holds back a text with a secret would show the secret: whatever is looked for gets through, wherever it
// stands, and also what is looked for among fewer secrets.
func TestTheFilterLetsEverySecretThrough(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var needles []needle
		for _, v := range rapid.SliceOfN(rapid.StringN(4, 20, 40), 1, 5).Draw(t, "values") {
			needles = append(needles, newNeedle("password", v, "qa"))
		}
		in := newSecrets(needles)
		n := rapid.SampledFrom(needles).Draw(t, "needle")
		part := []byte(n.value)
		if parts := append(append([][]byte{}, n.base64...), n.exact...); len(parts) > 0 && rapid.Bool().Draw(t, "encoded") {
			part = rapid.SampledFrom(parts).Draw(t, "part")
		}
		around := rapid.SliceOfN(rapid.Byte(), 0, 50)
		text := bytes.Join([][]byte{around.Draw(t, "before"), part, around.Draw(t, "after")}, nil)
		require.True(t, in.maybe(text))
		require.True(t, in.without(func(other *needle) bool { return other.value != n.value }).maybe(text))
		require.GreaterOrEqual(t, len(part), in.least)
	})
}

func TestTheFilterHoldsBackWhatHoldsNoSecret(t *testing.T) {
	in := newSecrets([]needle{newNeedle("password", "correct horse battery", "qa")})
	require.False(t, in.maybe([]byte(`{"n_flows":4,"source_ip":"10.0.0.11","time":"2026-11-22 12:00:00+00:00"}`)))
	require.False(t, newSecrets(nil).maybe([]byte("anything at all")))
	require.True(t, newSecrets([]needle{{value: "abc"}}).maybe([]byte("nothing")), "what is too short for the filter is looked for everywhere")
}

func TestKeysOfSecretsAreSeenInWhateverCase(t *testing.T) {
	for key := range secretKeys {
		for _, text := range []string{key, "x=1&" + key + "=2", `{"` + key + `":1}`, string(bytes.ToUpper([]byte(key))), "pass" + key} {
			require.True(t, mentions([]byte(text)), text)
		}
		require.False(t, mentions([]byte(key[:len(key)-1])), key)
	}
	require.False(t, mentions([]byte("passage security accession session asserted pass")))
}
