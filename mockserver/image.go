package mockserver

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strconv"

	"github.com/flowgate-dev/flowgate/mockserver/depot"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

// The sibling service mgmt.backup: the backups on the appliance's own disk, as files to download and upload.

// maxImage bounds an upload.
const maxImage = 32 << 20

// imageField is the field of the form that holds the file.
const imageField = "file"

func newestBy(d dialect.Dialect) depot.Newest {
	if d.Answer(dialect.NewestFor) == "time" {
		return depot.ByTime
	}
	return depot.ByName
}

// getImage answers GET image with the newest local backup.
func (a *Appliance) getImage(c *call) (answer, error) {
	ctx := c.r.Context()
	entries, err := a.options.Depot.List(ctx, localBackups)
	if err != nil {
		return answer{}, err
	}
	name, err := depot.LatestOf(entries, newestBy(c.dialect))
	if errors.Is(err, depot.ErrNone) {
		return answer{}, &Problem{ID: NotFound, Status: http.StatusNotFound, Text: "There is no backup on the appliance's own disk (make one with hostname localhost, or upload one)."}
	}
	if err != nil {
		return answer{}, err
	}
	files, err := a.options.Depot.Get(ctx, localBackups, name)
	if err != nil {
		return answer{}, err
	}
	image, err := depot.Pack(name, files)
	if err != nil {
		return answer{}, err
	}
	h := c.w.Header()
	h["Content-Type"] = []string{"application/x-tar"}
	h["Content-Disposition"] = []string{`attachment; filename="` + name + `.tar"`}
	h["Content-Length"] = []string{strconv.Itoa(len(image))}
	c.w.WriteHeader(http.StatusOK)
	_, err = c.w.Write(image)
	c.w.begin = append(c.w.begin[:0], "[a tar archive]"...) // nothing that the journal could show
	return answer{}, err
}

// postImage answers POST image: it stores the backup of a form. One of the same name makes room.
func (a *Appliance) postImage(c *call) (answer, error) {
	c.r.Body = http.MaxBytesReader(c.w, c.r.Body, maxImage)
	form, err := c.r.MultipartReader()
	if err != nil {
		return answer{}, badRequest("Content-Type: is not that of a form with a file (accepted: multipart/form-data with the field " + imageField + ").")
	}
	name, files, err := image(form)
	if err != nil {
		c.w.Header()["Connection"] = []string{"close"} // the rest of the form may never come
		return answer{}, imageProblem(err)
	}
	if err := a.options.Depot.Put(c.r.Context(), localBackups, name, files, true); err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusNoContent}, nil
}

// errForm says that a form is not one with one file.
var errForm = errors.New("the form holds not exactly the one field " + imageField)

// image reads the one file of a form.
func image(form *multipart.Reader) (name string, files []depot.File, err error) {
	part, err := form.NextPart()
	if err != nil {
		return "", nil, formError(err)
	}
	if part.FormName() != imageField {
		return "", nil, errForm
	}
	if name, files, err = depot.Unpack(part); err != nil {
		return "", nil, err
	}
	if _, err := form.NextPart(); !errors.Is(err, io.EOF) {
		return "", nil, formError(err)
	}
	return name, files, nil
}

// formError is what an end at the wrong place, or none, means.
func formError(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return err
	}
	return errForm
}

func imageProblem(err error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return badRequest("The file is too large (accepted: at most " + strconv.Itoa(maxImage) + " bytes).")
	case errors.Is(err, errForm):
		return badRequest("The form is cut off, or its fields are others (accepted: multipart/form-data with the one field " + imageField + ").")
	}
	return badRequest(imageField + ": " + err.Error() + ".")
}

// deleteImage answers DELETE image: no local backup stays.
func (a *Appliance) deleteImage(c *call) (answer, error) {
	_, err := a.options.Depot.Clear(c.r.Context())
	return answer{status: http.StatusNoContent}, err
}
