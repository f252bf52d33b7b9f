// Command flowgate judges appliances of the FlowGateway family by the documents of their REST API, and stands in for
// one. The commands are thin: each reads its flags, calls one package of this module and prints what comes back.
//
// Exit codes are the same for every command: 0 done, 1 not conformant, 2 the command line or a file is wrong, 3 the
// target could not be reached or the harness broke, 4 incomplete.
package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/flowgate-dev/flowgate/conformance/verdict"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal drains; from then on signals have their usual effect, so that a second one ends the process.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the whole program. It reads the environment and returns the exit code; ctx ends at a signal.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{in: stdin, out: stdout, err: stderr, env: os.LookupEnv}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return verdict.ExitOK
	}
	var f *failure
	if !errors.As(err, &f) {
		f = &failure{code: verdict.ExitUsage, err: err}
	}
	f.print(stderr)
	return f.code
}
