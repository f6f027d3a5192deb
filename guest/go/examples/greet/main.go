//go:build wasip1

// Command greet is a runner in Go: it greets whoever its payload names, with
// a number and a token that nobody had before.
package main

import (
	"encoding/hex"
	"fmt"

	henge "github.com/henge-run/henge/guest/go"
)

//go:wasmexport henge_run
func run() int32 { return henge.Finish(greet()) }

func greet() error {
	name, err := henge.Input()
	if err != nil {
		return err
	}
	if len(name) == 0 {
		return &henge.Failure{Message: "the payload is empty: it should be a name", Code: "no_name", NoRetry: true}
	}
	number, err := henge.RedisDo("INCR", "greeted")
	if err != nil {
		return err
	}
	var token [8]byte
	if err := henge.Random(token[:]); err != nil {
		return err
	}
	if err := henge.Log(henge.Info, "greeting", map[string]any{"number": number}); err != nil {
		return err
	}
	return henge.Output(fmt.Appendf(nil, "Hello, %s! You are number %d, your token is %s.", name, number, hex.EncodeToString(token[:])))
}

// main is not called: the exports are the entries.
func main() {}
