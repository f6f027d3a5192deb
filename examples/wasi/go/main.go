// Command count counts the lines, words and bytes of its payload: a plain
// program, which knows nothing of henge.
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
)

func main() {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if len(text) == 0 {
		fmt.Fprintln(os.Stderr, "there is nothing to count")
		os.Exit(3)
	}
	fmt.Printf("%d %d %d for %s in %s\n", bytes.Count(text, []byte("\n")), len(bytes.Fields(text)), len(text), os.Getenv("CALLER_ID"), os.Getenv("CONTEXT_ID"))
}
