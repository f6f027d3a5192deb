// Package spectest runs the WebAssembly specification's own test scripts on
// the runtime as henge configures it: with the modules as they are, and with
// what the sandbox makes of them before it compiles them. A rewriting that
// changed what a module computes, or let an invalid one through, fails here
// with the script and the line.
//
// It is for tests only and exports nothing. The scripts come with wazero's
// source, where the module cache has it. What is covered twice is left out
// unless one asks for it:
//
//	go test ./host/sandbox/spectest -spec.all
package spectest
