package registry

import (
	"strings"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/sandbox"
)

// State is what a file is doing.
type State int

// The states. A file goes from Pending to one of the others, and from Serving
// to Refused when another one replaces it.
const (
	// Pending: it is being loaded, or what it depends on is.
	Pending State = iota
	Serving
	Refused
)

// String returns the state in lower case.
func (s State) String() string { return [...]string{"pending", "serving", "refused"}[s] }

// Entry is one file and what has become of it.
type Entry struct {
	// Name, Version and Types are the manifest's; of a file that was refused
	// before its manifest was read, Name is the file's.
	Name    string
	Version string
	Types   []string

	// File is where the module was found.
	File string

	// State is what the file is doing.
	State State

	// Reason is why the file is refused; empty when it is not.
	Reason string

	// Module is what serves the types, to be looked at; nil when the file is
	// not serving. Lookup gives one that jobs can run in.
	Module *sandbox.Module
}

// record is what the registry keeps of a file.
type record struct {
	Entry
	outcome outcome

	// binary and manifest are what is to be loaded; nil afterwards.
	binary   []byte
	manifest *abi.Manifest

	// module is what was loaded, until it is closed. handedOut says that a job
	// may be in it.
	module    *sandbox.Module
	handedOut bool
}

func (r *record) claim() claim { return claim{r.Name, r.Types, r.outcome} }

// fail notes that there will be no module.
func (r *record) fail(err error) {
	r.outcome, r.Reason = failed, oneLine(err.Error())
}

// oneLine makes a reason fit for a table and a log: a compiler's message may
// have many lines, and a hostile file can choose some of its words.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "\uFFFD")), " ")
	const most = 500
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
