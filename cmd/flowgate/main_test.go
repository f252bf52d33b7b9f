package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/pflag"
)

// TestMain lets the test binary also be the program itself: in scripts and on PATH, "flowgate" is this binary.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"flowgate": main})
}

// notShort leaves out tests that start hundreds of processes or judge one appliance after the other: under the race
// detector, which make race runs with -short, each of them takes many times as long. What they share is a command line;
// what works at once below it runs there in the tests of its own packages.
func notShort(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("runs in the whole test run")
	}
}

// TestScripts runs the scripts of testdata/script. They know these commands besides those of testscript:
//
//	mock NAME ARG...        starts flowgate mock ARG... and waits until it is ready; sets NAME_URL, NAME_CA, NAME_FINGERPRINT and NAME_CONTROL
//	drain NAME              sends SIGTERM and wants exit code 0
//	exits CODE COMMAND...   runs a command and wants that exit code
//	[!exec:curl] [!ci] skip where curl is missing, except in CI: there it is a failure
//	json FILE EXPR WANT     reads a value such as run.seed, checks[0].id or checks.len out of a JSON file ("stdout" for the last output)
func TestScripts(t *testing.T) {
	notShort(t)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Values[mocksKey{}] = map[string]*exec.Cmd{}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"mock": scriptMock, "drain": scriptDrain, "exits": scriptExits, "json": scriptJSON,
		},
		Condition: func(cond string) (bool, error) {
			if cond != "ci" {
				return false, fmt.Errorf("unknown condition %s", cond)
			}
			return os.Getenv("CI") == "true", nil
		},
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

type mocksKey struct{}

// scriptMock starts an appliance as its own process.
func scriptMock(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: mock NAME ARG...")
	}
	name := args[0]
	cmd := exec.Command("flowgate", append([]string{"mock", "--listen", "127.0.0.1:0"}, args[1:]...)...)
	cmd.Dir = ts.Getenv("WORK")
	cmd.Env = append(os.Environ(), "TMPDIR="+ts.Getenv("TMPDIR"))
	(&app{}).mock().Flags().VisitAll(func(f *pflag.Flag) {
		if value := ts.Getenv(variable(f.Name)); value != "" {
			cmd.Env = append(cmd.Env, variable(f.Name)+"="+value)
		}
	})
	r := startMock(ts, cmd)
	ts.Value(mocksKey{}).(map[string]*exec.Cmd)[name] = cmd
	ts.Defer(func() { _ = cmd.Process.Kill() })
	for key, value := range map[string]string{"URL": r.URL, "CA": r.CAFile, "FINGERPRINT": r.Fingerprint, "CONTROL": r.Control} {
		ts.Setenv(name+"_"+key, value)
	}
}

// started is a mock that is ready, and the line that says so.
type started struct {
	ready
	line string
}

// startMock starts cmd, which is flowgate mock, and reads its first line.
func startMock(fatal interface{ Fatalf(string, ...any) }, cmd *exec.Cmd) started {
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.StdoutPipe()
	if err != nil {
		fatal.Fatalf("mock: %v", err)
	}
	if err := cmd.Start(); err != nil {
		fatal.Fatalf("mock: %v", err)
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	r := started{line: string(line)}
	if err == nil {
		err = json.Unmarshal(line, &r.ready)
	}
	if err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		fatal.Fatalf("mock did not get ready: %v\n%s", err, complaints.String())
	}
	return r
}

func scriptDrain(ts *testscript.TestScript, neg bool, args []string) {
	mocks := ts.Value(mocksKey{}).(map[string]*exec.Cmd)
	if neg || len(args) != 1 || mocks[args[0]] == nil {
		ts.Fatalf("usage: drain NAME")
	}
	cmd := mocks[args[0]]
	delete(mocks, args[0])
	ts.Check(cmd.Process.Signal(syscall.SIGTERM))
	ts.Check(cmd.Wait())
}

// scriptExits runs a command; its output is that of the script's next stdout and stderr.
func scriptExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		code = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if fmt.Sprint(code) != args[0] {
		ts.Fatalf("exit code %d, expected %s", code, args[0])
	}
}

func scriptJSON(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: json FILE EXPR WANT")
	}
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &v))
	got, err := lookUp(v, args[1])
	ts.Check(err)
	if (fmt.Sprint(got) == args[2]) == neg {
		ts.Fatalf("%s is %v", args[1], got)
	}
}

// lookUp reads a value such as checks[0].id or checks.len out of decoded JSON.
func lookUp(v any, expr string) (any, error) {
	for step := range strings.SplitSeq(strings.TrimPrefix(strings.ReplaceAll(expr, "[", ".["), "."), ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[step]
			if step == "len" {
				v = len(x)
			}
		case []any:
			var i int
			if step == "len" {
				v = len(x)
			} else if _, err := fmt.Sscanf(step, "[%d]", &i); err != nil || i >= len(x) {
				return nil, fmt.Errorf("%s: no element %s of %d", expr, step, len(x))
			} else {
				v = x[i]
			}
		default:
			return nil, fmt.Errorf("%s: nothing below %v", expr, v)
		}
	}
	return v, nil
}

// freePort is a port of 127.0.0.1 on which nothing listened a moment ago.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// call runs the program in this process.
func call(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, complaints strings.Builder
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	code = run(ctx, args, strings.NewReader(""), &out, &complaints)
	return code, out.String(), complaints.String()
}

// rootFolder is the top folder of the repository.
func rootFolder(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
