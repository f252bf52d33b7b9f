// Package flowgate_test guards the shape of the whole tree: which package may import which, and what no package may do.
package flowgate_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/flowgate-dev/flowgate/"

// floors of the house. A package stands on the floor of the longest folder here that it is in or below; what it imports
// stands on its own floor or further down.
var floors = map[string]int{
	"fixtures": 0, "flowgen/flow": 0,

	"openapi": 1, "mockserver/auth": 1, "mockserver/fault": 1, "mockserver/clock": 1, "mockserver/journal": 1, "mockserver/payload": 1,
	"conformance/verdict": 1, "conformance/exchange": 1, "flowgen/wire": 1, "flowgen/pace": 1,

	"mockserver/device": 2, "mockserver/flowstore": 2,
	"conformance/check": 2, "conformance/corpus": 2, "conformance/rules": 2, "conformance/fools": 2, "flowgen": 2,

	"mockserver/control": 3, "mockserver/ingest": 3, "mockserver/depot": 3,
	"flowgen/plot": 3, "conformance/report": 3, "conformance/proxy": 3, "conformance/probes": 3, "conformance/observer": 3,

	"mockserver": 4, "conformance": 4,

	"mockserver/mockservertest": 5, "conformance/conformancetest": 5, "conformance/selftest": 5, "cmd": 5, "tools": 5,
}

// rooms may import each other only as it stands here; every room may import itself.
var rooms = map[string][]string{
	"fixtures":    {},
	"openapi":     {},
	"flowgen":     {"fixtures"},
	"mockserver":  {"fixtures", "openapi", "flowgen"},
	"conformance": {"fixtures", "openapi", "flowgen"}, // the judge never sees the mock
	"tools":       {},
	"cmd":         {"fixtures", "openapi", "flowgen", "mockserver", "conformance"},
}

// meeting tells where judge and mock may meet besides cmd: the self-test, and tests of the suite as Go tests.
func meeting(file string) bool {
	return strings.HasPrefix(file, "conformance/selftest/") ||
		strings.HasPrefix(file, "conformance/conformancetest/") && strings.HasSuffix(file, "_test.go")
}

// clocks are the files in which time.Now may stand: each makes it the default of a clock that can be replaced.
var clocks = map[string]string{
	"mockserver/clock/clock.go":        "the appliance's clock, and the machine's time below it",
	"conformance/run.go":               "default of conformance.Options.Now",
	"conformance/exchange/recorder.go": "default of exchange.Options.Now",
	"flowgen/exporter.go":              "default of the exporter's Now",
	"fixtures/sshtarget/target.go":     "default of sshtarget.Options.Now",
	"tools/peers/main.go":              "the clock that the peers are measured with",
}

func TestImportsPointDown(t *testing.T) {
	for file, f := range sources(t, parser.ImportsOnly) {
		folder := filepath.ToSlash(filepath.Dir(file))
		for _, spec := range f.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			require.NoError(t, err, file)
			if strings.HasPrefix(path, "github.com/getkin/kin-openapi") && folder != "openapi/schema" {
				t.Errorf("%s imports %s: only openapi/schema knows a third-party OpenAPI library", file, path)
			}
			to, own := strings.CutPrefix(path, module)
			if !own || folder == "." {
				continue
			}
			if problem := forbidden(file, folder, to); problem != "" {
				t.Errorf("%s imports %s: %s", file, to, problem)
			}
		}
	}
}

// forbidden says what is wrong with an import; "" where nothing is.
func forbidden(file, from, to string) string {
	a, b := room(from), room(to)
	if a != b && !slices.Contains(rooms[a], b) && (b != "mockserver" || !meeting(file)) {
		return fmt.Sprintf("the room %s may import nothing of %s", a, b)
	}
	if to == "conformance/selftest" && a != "cmd" && from != to {
		return "only cmd runs the self-test"
	}
	low, here := floor(to), floor(from)
	switch {
	case here < 0:
		return fmt.Sprintf("%s stands on no floor; give it one in floors_test.go", from)
	case low < 0:
		return fmt.Sprintf("%s stands on no floor; give it one in floors_test.go", to)
	case low > here && !strings.HasSuffix(file, "_test.go"):
		return fmt.Sprintf("it points up, from floor %d to floor %d", here, low)
	}
	return ""
}

func room(folder string) string {
	top, _, _ := strings.Cut(folder, "/")
	return top
}

func floor(folder string) int {
	for {
		if n, ok := floors[folder]; ok {
			return n
		}
		at := strings.LastIndex(folder, "/")
		if at < 0 {
			return -1
		}
		folder = folder[:at]
	}
}

func TestTheGuardSeesWhatItShould(t *testing.T) {
	for _, c := range []struct{ file, to, want string }{
		{"conformance/rules/rows.go", "mockserver/device", "may import nothing of mockserver"},
		{"mockserver/status.go", "conformance/verdict", "may import nothing of conformance"},
		{"mockserver/walk_test.go", "conformance", "may import nothing of conformance"},
		{"conformance/run_test.go", "mockserver", "may import nothing of mockserver"},
		{"conformance/check/check.go", "conformance", "points up"},
		{"openapi/openapi.go", "flowgen", "may import nothing of flowgen"},
		{"somewhere/new/x.go", "openapi", "may import nothing of openapi"},
		{"conformance/selftest/world.go", "mockserver", ""},
		{"conformance/probes/jobs.go", "conformance/exchange", ""},
		{"cmd/flowgate/mock.go", "mockserver", ""},
		{"openapi/openapi.go", "openapi/schema", ""},
	} {
		got := forbidden(c.file, filepath.Dir(c.file), c.to)
		if c.want == "" {
			require.Empty(t, got, c.file)
			continue
		}
		require.Contains(t, got, c.want, c.file)
	}
}

func TestNoStrayClockRandomnessOrInit(t *testing.T) {
	found := map[string]bool{}
	for file, f := range sources(t, parser.SkipObjectResolution) {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, o := range offences(f) {
			found[file] = true
			if o != "time.Now" || clocks[file] == "" {
				t.Errorf("%s uses %s; time is a Now field, randomness a value passed in, a context comes from the caller", file, o)
			}
		}
	}
	for file, why := range clocks {
		if why != "" && !found[file] {
			t.Errorf("%s no longer uses time.Now: take it off the list", file)
		}
	}
}

// offences lists what a file does that it should not.
func offences(f *ast.File) []string {
	names := map[string]string{} // local name of an import → its path
	for _, spec := range f.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		name := strings.TrimSuffix(path, "/v2")
		name = name[strings.LastIndex(name, "/")+1:]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = path
	}
	var out []string
	ast.Inspect(f, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.FuncDecl:
			if x.Recv == nil && x.Name.Name == "init" {
				out = append(out, "init()")
			}
		case *ast.SelectorExpr:
			if id, ok := x.X.(*ast.Ident); ok && stray(names[id.Name], x.Sel.Name) {
				out = append(out, id.Name+"."+x.Sel.Name)
			}
		}
		return true
	})
	return out
}

// stray reports a name of a package that nothing here may use.
func stray(path, name string) bool {
	switch path {
	case "time":
		return name == "Now" || name == "Sleep" || name == "Tick" || name == "Since" || name == "Until"
	case "context":
		return name == "TODO"
	case "math/rand", "math/rand/v2":
		return !slices.Contains([]string{"New", "NewPCG", "NewChaCha8", "NewZipf", "Rand", "PCG", "ChaCha8", "Zipf", "Source"}, name)
	}
	return false
}

func TestOffencesAreSeen(t *testing.T) {
	const text = `package p
import (
	"context"
	dice "math/rand/v2"
	"time"
)
var now = time.Now
func init() { time.Sleep(1); _ = dice.IntN(6); _ = context.TODO(); _ = dice.New(dice.NewPCG(1, 2)) }
func (p) init() {}
`
	f, err := parser.ParseFile(token.NewFileSet(), "p.go", text, parser.SkipObjectResolution)
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"time.Now", "init()", "time.Sleep", "dice.IntN", "context.TODO"}, offences(f))
}

// sources parses every Go file of the module, by its path with slashes.
func sources(t *testing.T, mode parser.Mode) map[string]*ast.File {
	t.Helper()
	out := map[string]*ast.File{}
	set := token.NewFileSet()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "node_modules"):
			return filepath.SkipDir
		case d.IsDir() || filepath.Ext(path) != ".go":
			return nil
		}
		f, err := parser.ParseFile(set, path, nil, mode)
		if err != nil {
			return err
		}
		out[filepath.ToSlash(path)] = f
		return nil
	})
	require.NoError(t, err)
	require.Greater(t, len(out), 100, "the tree was not read: %v", slices.Sorted(maps.Keys(out)))
	return out
}
