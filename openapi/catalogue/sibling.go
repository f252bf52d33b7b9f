package catalogue

import (
	"strings"

	"github.com/flowgate-dev/flowgate/openapi"
)

// The promises of an operation of a further document, after its SiblingID. All are inferred: such a document is taken at
// its word in what keeps strangers out, and else its promises are shoulds, since what definitions of this family call
// required, and which statuses they list, is known to be unreliable.
const (
	SiblingStatus  = "status"
	SiblingShape   = "shape"
	SiblingAuth    = "auth"
	SiblingMethod  = "method"
	SiblingInvalid = "request/invalid"
	SiblingMissing = "request/missing"
	SiblingSteady  = "no-internal-error"
)

var siblingKinds = []struct {
	kind, field, text string
	level             Level
}{
	{SiblingStatus, "responses", "The request is answered with a success that the further document lists.", Should},
	{SiblingShape, "responses", "An answer whose status has a JSON body in the further document has one of that shape.", Should},
	{SiblingAuth, "security", "The request is answered to nobody without good credentials.", Must},
	{SiblingMethod, "", "A method that the further document does not give the path is refused, and with 405.", Should},
	{SiblingInvalid, "parameters, requestBody", "A request with a value that the further document does not admit is refused with 400.", Should},
	{SiblingMissing, "parameters, requestBody", "A request without what the further document requires is refused with 400.", May},
	{SiblingSteady, "", "No request to the operation is answered as an internal error.", Should},
}

// SiblingID is what the ids of an operation of a further document begin with: spec/SERVICE/OPERATIONID.
func SiblingID(op *openapi.Operation) string {
	service, _ := openapi.Service(op.Path)
	if service == "" {
		service = "other"
	}
	return "spec/" + word(service) + "/" + word(op.ID)
}

// word is a text as part of an id: what globs and slashes mean stays out of it.
func word(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r) {
			return r
		}
		return '-'
	}, text)
}

// SiblingDocument names a further document.
func SiblingDocument(doc *openapi.Document) Document { return Document("spec: " + doc.Title) }

// Sibling lists what a further document promises of its operations, in the document's order. They are no part of
// Requirements: the document comes with the command line.
func Sibling(doc *openapi.Document) []Requirement {
	var out []Requirement
	for _, op := range doc.Operations {
		for _, k := range siblingKinds {
			out = append(out, Requirement{
				ID: SiblingID(op) + "/" + k.kind, Text: k.text, Level: k.level, Standing: Inferred,
				Source: Citation{SiblingDocument(doc), op.Method + " " + op.Path, k.field},
			})
		}
	}
	return out
}

// SiblingText is the promise behind an id of Sibling; "" for any other.
func SiblingText(id string) string {
	if !strings.HasPrefix(id, "spec/") {
		return ""
	}
	for _, k := range siblingKinds {
		if strings.HasSuffix(id, "/"+k.kind) {
			return k.text
		}
	}
	return ""
}
