package depot_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/mockserver/depot"
)

func unzipped(t *testing.T, files []depot.File) []byte {
	for _, f := range files {
		if f.Name == "state.tar.gz" {
			r, err := gzip.NewReader(bytes.NewReader(f.Data))
			require.NoError(t, err)
			text, err := io.ReadAll(r)
			require.NoError(t, err)
			return text
		}
	}
	t.Fatal("no archive")
	return nil
}
