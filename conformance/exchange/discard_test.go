package exchange_test

import (
	"io"
	"log"
)

// discard swallows what test servers complain about when clients distrust them.
func discard() *log.Logger { return log.New(io.Discard, "", 0) }
