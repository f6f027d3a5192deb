package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// confirm asks before something is destroyed. Where nobody can answer, --yes
// has to be given.
func confirm(s streams, yes bool, question string) error {
	if yes {
		return nil
	}
	if in, ok := s.in.(io.Writer); !ok || !isTerminal(in) {
		return exitWith(exitUsage, "%s Give --yes, since nobody can be asked", question)
	}
	fmt.Fprintf(s.err, "%s [y/N] ", question)
	answer, err := bufio.NewReader(s.in).ReadString('\n')
	if err != nil && err != io.EOF {
		return err
	}
	if a := strings.ToLower(strings.TrimSpace(answer)); a != "y" && a != "yes" {
		return exitWith(exitFailed, "nothing was done")
	}
	return nil
}
