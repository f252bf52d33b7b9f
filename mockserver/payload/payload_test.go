package payload_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/mockserver/payload"
)

func TestDecodeAgreesWithTheStandardLibrary(t *testing.T) {
	for _, text := range []string{
		`{}`, `[]`, ` { "a" : [ 1 , -2.5e3 , "x\n\u00e4\ud83d\ude00\/" , true , false , null ] } `, `"ä"`, `0`, `-0.0`, `123456789012345678`,
		`{"stats_type":"flows_per_minute","interval_type":"minutes","time_interval":60,"source_ip":"","start_time":1,"end_time":2}`,
	} {
		var want any
		require.NoError(t, json.Unmarshal([]byte(text), &want))
		got, err := payload.Decode([]byte(text))
		require.NoError(t, err, text)
		require.Equal(t, want, got.JSON, text)
	}
}

func TestWhatIsNotOneJSONValueIsRefusedWithItsPlace(t *testing.T) {
	cases := map[string]string{
		`{"a":1,"a":2}`: "twice in one object at byte 7", `{} x`: "follows the JSON value at byte 3", `{"a"}`: "colon", `[1 2]`: "comma",
		`01`: "number", `1.`: "number", `1e`: "number", `-`: "number", `1e999`: "too large", `tru`: "not a JSON value", `{'a':1}`: "double quotes",
		`"a`: "does not end", "\"a\nb\"": "control character", `"\x"`: "backslash", `"\u12g4"`: "hexadecimal", `"\ud800"`: "surrogate", `"\ud800\u0041"`: "surrogate",
		"\"\xff\"": "UTF-8", "\"\\n\xff\"": "UTF-8", `[`: "too early", `[1`: "too early", `{"a":`: "too early", `NaN`: "not a JSON value", "\x00": "not a JSON value",
		`{"s":{"password":1,"password":2}}`: "twice",
	}
	for text, reason := range cases {
		_, err := payload.Decode([]byte(text))
		var where *payload.Error
		require.ErrorAs(t, err, &where, text)
		require.Contains(t, err.Error(), reason, text)
	}
	for _, text := range []string{"", " \n\t"} {
		_, err := payload.Decode([]byte(text))
		require.ErrorIs(t, err, payload.ErrEmpty)
	}
}

func TestDepthIsLimited(t *testing.T) {
	nested := func(n int) []byte { return []byte(strings.Repeat("[", n) + strings.Repeat("]", n)) }
	_, err := payload.Decode(nested(payload.MaxDepth))
	require.NoError(t, err)
	_, err = payload.Decode(nested(payload.MaxDepth + 1))
	require.ErrorContains(t, err, "deep")
}

func TestFractionsAndSecretsAreNoted(t *testing.T) {
	v, err := payload.Decode([]byte(`[{"a/b~":60.0,"c":6e1,"d":60,"e":1.5,"f":600e-1}]`))
	require.NoError(t, err)
	require.Equal(t, []string{"/0/a~1b~0", "/0/c", "/0/f"}, v.Fractions)
	require.False(t, v.Secret)
	v, err = payload.Decode([]byte(`{"a":[{"pass\u0077ord":{"x":"deep"}}],"b":1}`))
	require.NoError(t, err)
	require.True(t, v.Secret, "however the key is written")
	text, err := json.Marshal(payload.Redacted(v.JSON))
	require.NoError(t, err)
	require.JSONEq(t, `{"a":[{"password":"[redacted]"}],"b":1}`, string(text))
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"stats_type":"flows_per_minute","interval_type":"minutes","time_interval":60,"source_ip":"10.0.0.1"}`,
		`[{"stats_type":"flows_per_hour","start_time":1702580400.0,"end_time":1.7e9,"source_ip":"::1"}]`,
		`{"username":"mazu","hostname":"dummyHost","password":"p","path":"a/b","security_pwd":"k","no_cert":"false"}`,
		`{"a":1,"a":2}`, `"\ud83d\ude00"`, `[[[[]]]]`, "\ufeff{}", `{}{}`, `-0.0e-0`, `1e400`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		v, err := payload.Decode(raw)
		var want any
		std := json.Unmarshal(raw, &want)
		if err == nil {
			require.NoError(t, std, "accepted, but no JSON")
			require.Equal(t, want, v.JSON)
			return
		}
		if std == nil { // stricter than the standard library in these ways only
			require.Regexp(t, "twice|deep|UTF-8|surrogate", err.Error())
		}
	})
}
