package payload

import "strings"

// pointer renders a path as a JSON pointer (RFC 6901).
func pointer(path []string) string {
	var b strings.Builder
	for _, part := range path {
		b.WriteByte('/')
		b.WriteString(strings.ReplaceAll(strings.ReplaceAll(part, "~", "~0"), "/", "~1"))
	}
	return b.String()
}

// Redacted is a copy of a decoded value in which the values of secret keys are replaced, whatever their type.
func Redacted(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			if SecretKey(k) {
				out[k] = "[redacted]"
			} else {
				out[k] = Redacted(x)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = Redacted(x)
		}
		return out
	}
	return v
}
