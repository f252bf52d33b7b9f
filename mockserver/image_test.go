package mockserver_test

import (
	"archive/tar"
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/mockserver"
	"github.com/flowgate-dev/flowgate/mockserver/depot"
	"github.com/flowgate-dev/flowgate/mockserver/journal"
)

const imagePath = "/api/mgmt.backup/1.0/image"

// upload sends a form of fields and their contents.
func upload(t *testing.T, a *mockserver.Appliance, fields ...string) *httptest.ResponseRecorder {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for i := 0; i < len(fields); i += 2 {
		part, err := form.CreateFormFile(fields[i], "image.tar")
		require.NoError(t, err)
		_, err = io.WriteString(part, fields[i+1])
		require.NoError(t, err)
	}
	require.NoError(t, form.Close())
	return ask(t, a, "POST", imagePath, body.String(), "Content-Type", form.FormDataContentType())
}

// backedUp is an appliance with one local backup, and that backup as a tar archive.
func backedUp(t *testing.T, with ...func(*mockserver.Options)) (*mockserver.Appliance, string) {
	t.Helper()
	a := standing(t, with...)
	require.Equal(t, http.StatusOK, ask(t, a, "POST", backupPath, localJob).Code)
	require.Contains(t, settled(t, a, backupPath), "COMPLETED")
	w := ask(t, a, "GET", imagePath, "")
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "application/x-tar", w.Header().Get("Content-Type"))
	require.Equal(t, `attachment; filename="20240108_2211.tar"`, w.Header().Get("Content-Disposition"))
	return a, w.Body.String()
}

func TestABackupTravelsAsAnImage(t *testing.T) {
	a, image := backedUp(t)
	b := standing(t, func(o *mockserver.Options) { o.Seed = 9 })
	refused(t, ask(t, b, "GET", imagePath, ""), 404, mockserver.NotFound, "no backup")
	require.NotEqual(t, a.State(), b.State())
	for range 2 { // it replaces itself
		w := upload(t, b, "file", image)
		require.Equal(t, http.StatusNoContent, w.Code, "%s", w.Body)
		require.Empty(t, w.Body.String())
	}
	require.Equal(t, http.StatusOK, ask(t, b, "POST", restorePath, swap(localJob, "}", `,"no_cert":"false"}`)).Code)
	require.Contains(t, settled(t, b, restorePath), "COMPLETED")
	require.Equal(t, a.State(), b.State())
	require.True(t, image == ask(t, b, "GET", imagePath, "").Body.String(), "to the byte")
	w := ask(t, b, "DELETE", imagePath, "")
	require.Equal(t, http.StatusNoContent, w.Code)
	refused(t, ask(t, b, "GET", imagePath, ""), 404, mockserver.NotFound)
	require.Equal(t, http.StatusNoContent, ask(t, b, "DELETE", imagePath, "").Code, "nothing to remove is no error")
	refused(t, ask(t, b, "PUT", imagePath, ""), 405, mockserver.InvalidMethod)
	refused(t, ask(t, b, "DELETE", imagePath, "", "Authorization", ""), 401, mockserver.AuthRequired)
	for _, e := range b.Journal().Entries(journal.Filter{}) {
		require.NotContains(t, e.Response, "manifest", "an archive is nothing for the journal")
	}
}

func TestImagesThatAreNone(t *testing.T) {
	a, image := backedUp(t)
	before := ask(t, a, "GET", imagePath, "").Body.String()
	refused(t, ask(t, a, "POST", imagePath, image), 400, mockserver.BadRequest, "Content-Type", "multipart/form-data")
	refused(t, ask(t, a, "POST", imagePath, "x", "Content-Type", "multipart/form-data; boundary=b"), 400, mockserver.BadRequest, "form")
	for name, c := range map[string]struct {
		fields []string
		want   string
	}{
		"another field":     {[]string{"image", image}, "one field file"},
		"no field":          {nil, "one field file"},
		"twice":             {[]string{"file", image, "file", image}, "one field file"},
		"no archive":        {[]string{"file", strings.Repeat("x", 2048)}, "no tar archive"},
		"empty":             {[]string{"file", ""}, "no backup is there"},
		"cut":               {[]string{"file", image[:1600]}, "cut"},
		"a changed byte":    {[]string{"file", swap(image, `"format": 1`, `"format": 7`)}, "format is 7"},
		"a changed archive": {[]string{"file", strings.Replace(image, "\x1f\x8b", "\x1f\x8c", 1)}, "not the file that its manifest tells of"},
		"upwards":           {[]string{"file", packedAs(t, image, "../20240108_2211/")}, "one directory"},
		"absolute":          {[]string{"file", packedAs(t, image, "/etc/")}, "one directory"},
		"no directory":      {[]string{"file", packedAs(t, image, "")}, "one directory"},
		"another name":      {[]string{"file", packedAs(t, image, "latest/")}, "one directory"},
		"deeper":            {[]string{"file", packedAs(t, image, "20240108_2211/20240108_2212/")}, "one directory"},
		"two backups":       {[]string{"file", joined(t, packedAs(t, image, "20240108_2211/"), packedAs(t, image, "20240108_2212/"))}, "more than one backup"},
		"a link":            {[]string{"file", linked(t)}, "one directory"},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, upload(t, a, c.fields...), 400, mockserver.BadRequest, c.want)
			require.True(t, before == ask(t, a, "GET", imagePath, "").Body.String(), "nothing has been touched")
		})
	}
	refused(t, upload(t, a, "file", strings.Repeat("\x00", 33<<20)), 400, mockserver.BadRequest)
	big := packedAs(t, image, "20240108_2211/") + strings.Repeat("\x00", 33<<20)
	refused(t, upload(t, a, "file", big), 400, mockserver.BadRequest, "too large")
}

// packedAs is an image with another directory.
func packedAs(t *testing.T, image, dir string) string {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for r := tar.NewReader(strings.NewReader(image)); ; {
		head, err := r.Next()
		if err == io.EOF { //nolint:errorlint // a tar.Reader's is never wrapped
			break
		}
		require.NoError(t, err)
		if head.Typeflag != tar.TypeReg {
			continue
		}
		head.Name = dir + strings.TrimPrefix(head.Name, "20240108_2211/")
		require.NoError(t, w.WriteHeader(head))
		_, err = io.Copy(w, r)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return out.String()
}

// joined is two archives as one.
func joined(t *testing.T, a, b string) string {
	t.Helper()
	require.True(t, strings.HasSuffix(a, strings.Repeat("\x00", 1024)))
	return a[:len(a)-1024] + b
}

func linked(t *testing.T) string {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	require.NoError(t, w.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: "20240108_2211/state.tar.gz", Linkname: "/etc/passwd"}))
	require.NoError(t, w.Close())
	return out.String()
}

func FuzzImage(f *testing.F) {
	good, err := depot.Pack("20240108_2211", []depot.File{{Name: "manifest.json", Data: []byte("{}")}, {Name: "state.tar.gz"}})
	require.NoError(f, err)
	f.Add(good)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, image []byte) {
		name, files, err := depot.Unpack(bytes.NewReader(image))
		if err != nil {
			return
		}
		require.Regexp(t, `^[0-9]{8}_[0-9]{4}(_[0-9]+)?$`, name)
		for _, file := range files {
			require.NotContains(t, file.Name, "/")
		}
	})
}
