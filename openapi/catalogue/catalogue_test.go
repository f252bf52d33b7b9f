package catalogue_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/openapi/catalogue"
)

func TestRequirementsAreWellFormedAndUnique(t *testing.T) {
	form := regexp.MustCompile(`^(analytics|backup|restore|common|gateway)(/[a-z0-9]+(-[a-z0-9]+)*)+$`)
	seen := map[string]bool{}
	seeds := 0
	for _, r := range catalogue.Requirements() {
		require.Regexp(t, form, r.ID)
		require.False(t, seen[r.ID], "%s is there twice", r.ID)
		seen[r.ID] = true
		require.NotEmpty(t, r.Text, r.ID)
		require.NotEmpty(t, r.Source.Section, r.ID)
		facts := r.Source.Document == catalogue.Common || r.Source.Document == catalogue.Gateway
		if !facts {
			seeds++
		}
		if r.Standing == catalogue.Silent {
			require.Equal(t, catalogue.May, r.Level, "%s: where the documents are silent no device can fail", r.ID)
		}
		if r.Level == catalogue.May && r.Untested == "" && !facts {
			require.Contains(t, []catalogue.Standing{catalogue.Silent, catalogue.Stated}, r.Standing, r.ID)
		}
	}
	require.GreaterOrEqual(t, seeds, 120)
	t.Log(seeds, "requirements of the two documents")
}
