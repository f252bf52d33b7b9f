package mockserver

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/openapi"
)

// sources parses the Go files below a folder that are no tests.
func sources(t *testing.T, folder string, visit func(name string, file *ast.File, at func(ast.Node) string)) {
	seen := 0
	err := filepath.WalkDir(folder, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		seen++
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution|parser.ParseComments)
		require.NoError(t, err)
		visit(name, file, func(n ast.Node) string { return set.Position(n.Pos()).String() })
		return nil
	})
	require.NoError(t, err)
	require.NotZero(t, seen, "%s has no files to look at", folder)
}

// imported is the name under which a file knows a package; "" where it does not import it.
func imported(file *ast.File, path string) string {
	for _, i := range file.Imports {
		if i.Path.Value != strconv.Quote(path) {
			continue
		}
		if i.Name != nil {
			return i.Name.Name
		}
		if path == "math/rand/v2" {
			return "rand"
		}
		return filepath.Base(path)
	}
	return ""
}

// TestTimeAndChanceComeFromOnePlaceEach finds stray uses of the machine's clock and of the global source of random
// numbers.
func TestTimeAndChanceComeFromOnePlaceEach(t *testing.T) {
	clockWords := []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}
	local := []string{"New", "NewPCG", "NewChaCha8", "NewZipf", "NewSource", "Rand", "Source", "PCG", "ChaCha8", "Zipf"}
	// Where the machine's clock has its one place. The exporter's is the default of an option, and it paces real packets;
	// faults hold up real connections, whatever the appliance's clock says.
	places := map[string][]string{
		"clock/clock.go": {"Now", "NewTimer"}, "../flowgen/exporter.go": {"Now", "NewTimer"}, "fault/writer.go": {"NewTimer"},
	}
	for _, folder := range []string{".", "../flowgen"} {
		sources(t, folder, func(name string, file *ast.File, at func(ast.Node) string) {
			allowed := places[filepath.ToSlash(name)]
			ast.Inspect(file, func(n ast.Node) bool {
				s, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				x, ok := s.X.(*ast.Ident)
				if !ok {
					return true
				}
				if x.Name == imported(file, "time") && slices.Contains(clockWords, s.Sel.Name) && !slices.Contains(allowed, s.Sel.Name) {
					t.Errorf("%s: time.%s; take the time from the clock", at(n), s.Sel.Name)
				}
				for _, path := range []string{"math/rand", "math/rand/v2"} {
					if x.Name == imported(file, path) && !slices.Contains(local, s.Sel.Name) {
						t.Errorf("%s: rand.%s is global; pass a source in", at(n), s.Sel.Name)
					}
				}
				return true
			})
		})
	}
}

// TestTheMockNeverSeesTheJudge holds the first law of the house.
func TestTheMockNeverSeesTheJudge(t *testing.T) {
	sources(t, ".", func(_ string, file *ast.File, at func(ast.Node) string) {
		for _, i := range file.Imports {
			if strings.Contains(i.Path.Value, "/flowgate/conformance") || strings.Contains(i.Path.Value, "/flowgate/cmd") {
				t.Errorf("%s: the appliance must not import %s", at(i), i.Path.Value)
			}
		}
	})
}

func TestHandlersAndOperationsAreTheSameBothWays(t *testing.T) {
	doc, err := openapi.Load()
	require.NoError(t, err)
	var documented, served []string
	for _, op := range doc.Operations {
		documented = append(documented, op.ID)
	}
	for id := range handlers() {
		served = append(served, id)
	}
	require.ElementsMatch(t, documented, served)
}

func FuzzLocalTime(f *testing.F) {
	for _, seed := range []string{"23/08/2023 11:36:41", "29/02/2024 00:00:00", "29/02/2023 00:00:00", "31/12/9999 23:59:59", "1/1/2024 1:1:1", "23/08/2023 11:36:41.5", ""} {
		f.Add(seed, "+05:30")
	}
	f.Add("08/01/2024 22:05:00", "UTC")
	f.Add("01/01/0001 00:00:00", "-14:59")
	doc, err := openapi.Load()
	require.NoError(f, err)
	form := doc.Component("LocalTime")
	f.Fuzz(func(t *testing.T, text, name string) {
		if len(name) == len("+05:30") && !slices.Contains([]string{"+05:30", "-14:59", "+00:00"}, name) {
			name = "UTC"
		}
		at, err := localTime(text, zone(name))
		if err != nil || !form.Fits(text) {
			return
		}
		require.Equal(t, text, at.Format("02/01/2006 15:04:05"), "what was read is what was written")
		_, offset := at.Zone()
		require.Equal(t, at.Unix()+int64(offset), mustUTC(t, text))
	})
}

func mustUTC(t *testing.T, text string) int64 {
	at, err := localTime(text, zone("UTC"))
	require.NoError(t, err)
	return at.Unix()
}

// FuzzRequest sends any body to import_stats: whatever it is, the answer is a list of rows or a refusal, never a failure
// of the appliance.
func FuzzRequest(f *testing.F) {
	seeds, err := os.ReadDir("testdata/requests")
	require.NoError(f, err)
	require.NotEmpty(f, seeds)
	for _, e := range seeds {
		text, err := os.ReadFile(filepath.Join("testdata/requests", e.Name()))
		require.NoError(f, err)
		f.Add(text)
	}
	a := fuzzed(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		status, text := fuzzAsk(t, a, body)
		require.Contains(t, []int{200, 400}, status, "%s", text)
	})
}

// FuzzRowTime compares the times of rows with those of the standard library, in any order of days.
func FuzzRowTime(f *testing.F) {
	f.Add(int64(1704751860), int64(-1))
	f.Add(int64(0), int64(-86400))
	f.Add(int64(-62167219200), int64(253402300799))
	f.Fuzz(func(t *testing.T, first, second int64) {
		var times rowTimes
		for _, unix := range []int64{first, second, first} {
			at := time.Unix(unix, 0).UTC()
			if at.Year() < 0 || at.Year() > 9999 {
				return
			}
			require.Equal(t, at.Format("2006-01-02 15:04:05-07:00"), string(times.append(nil, unix)))
		}
	})
}
