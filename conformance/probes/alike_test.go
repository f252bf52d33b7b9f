package probes

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAddressesLikeAKnownOneAreNobodys(t *testing.T) {
	for _, c := range []struct {
		known, want []string
	}{
		{nil, []string{}},
		{[]string{"2001:db8::15"}, []string{}},
		{[]string{"10.1.1.15"}, []string{"10.1.1.1", "10.1.1.14"}},
		{[]string{"10.1.1.7"}, []string{"10.1.1.6"}},
		{[]string{"10.1.1.15", "10.1.1.1", "10.1.1.14"}, []string{"10.1.1.0"}},
		{[]string{"2001:db8::15", "10.1.1.1", "10.1.1.10", "172.16.30.210"}, []string{"172.16.30.21", "10.1.1.0"}},
	} {
		require.Equal(t, c.want, alike(c.known), "%v", c.known)
	}
}
