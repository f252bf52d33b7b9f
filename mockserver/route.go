package mockserver

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/flowgate-dev/flowgate/openapi"
)

// handler answers one operation. An error that is no *Problem becomes INTERNAL_ERROR.
type handler func(*Appliance, *call) (answer, error)

// handlers is the table of what this appliance serves, by operationId. Method, path and request come from the document.
func handlers() map[string]handler {
	return map[string]handler{
		"getImportStats": (*Appliance).importStats,
		"getBackup":      (*Appliance).backupStatus,
		"startBackup":    (*Appliance).startBackup,
		"getRestore":     (*Appliance).restoreStatus,
		"startRestore":   (*Appliance).startRestore,
		"getImage":       (*Appliance).getImage,
		"postImage":      (*Appliance).postImage,
		"deleteImage":    (*Appliance).deleteImage,
		"getServices":    (*Appliance).services,
		"getServices11":  (*Appliance).services,
		"getAuthInfo":    (*Appliance).authInfo,
		"getInfo":        (*Appliance).info,
		"ping":           (*Appliance).nothing,
		"login":          (*Appliance).login,
		"logout":         (*Appliance).logout,
		"logoutGet":      (*Appliance).logout,
		"authorize":      (*Appliance).authorize,
		"token":          (*Appliance).token,
		"keepalive":      (*Appliance).nothing,
		"getFlowSources": (*Appliance).flowSources,
	}
}

// route is an operation and what answers it.
type route struct {
	op       *openapi.Operation
	handle   handler
	fields   fields // of the request, for explanations
	variants map[*openapi.Variant]fields
	recent   atomic.Int32 // the variant that fitted last, which is tried first
}

// resource is what lies at a path.
type resource struct {
	methods map[string]*route
	allow   string // the methods, for the header of that name
	jobs    bool   // a resource of the backup document
	legacy  bool   // a resource of an API that negotiates between XML and JSON
	sibling bool   // a resource of a further document
}

// router finds resources by the path exactly as it was sent.
type router map[string]*resource

func newRouter(doc *openapi.Document) (router, error) {
	table := handlers()
	out := router{}
	for _, op := range doc.Operations {
		handle, known := table[op.ID]
		if !known {
			return nil, fmt.Errorf("mockserver: the document has %s %s as operation %q, which this appliance does not serve", op.Method, op.Path, op.ID)
		}
		r := out[op.Path]
		if r == nil {
			r = &resource{methods: map[string]*route{}, jobs: op.Tag == "backup" || op.Tag == "restore", legacy: legacyPath(op.Path)}
			out[op.Path] = r
		}
		rt := &route{op: op, handle: handle, variants: map[*openapi.Variant]fields{}}
		if op.Request != nil {
			rt.fields = fieldsOf(op.Request)
		}
		for i := range op.Variants {
			rt.variants[&op.Variants[i]] = fieldsOf(op.Variants[i].Schema)
		}
		r.methods[op.Method] = rt
	}
	for _, r := range out {
		r.list()
	}
	return out, nil
}

// list writes down the methods.
func (r *resource) list() {
	var methods []string
	for m := range r.methods {
		methods = append(methods, m)
	}
	slices.Sort(methods)
	r.allow = strings.Join(methods, ", ")
}

// operations lists the operationIds, sorted.
func (r router) operations() []string {
	var out []string
	for _, res := range r {
		for _, rt := range res.methods {
			out = append(out, rt.op.ID)
		}
	}
	slices.Sort(out)
	return out
}

func (r router) has(operation string) bool { return slices.Contains(r.operations(), operation) }
