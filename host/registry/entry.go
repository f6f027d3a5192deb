package registry

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/registry/trust"
	"github.com/henge-run/henge/host/sandbox"
)

// State is what a file is doing.
type State int

// The states. A file goes from Pending to one of the others, from Serving to
// Refused when another one replaces it, and to Draining when it was changed or
// removed while jobs ran in it.
const (
	// Pending: it is being loaded, or what it depends on is.
	Pending State = iota
	Serving
	Refused
	// Quarantined: it was not loaded, since it is not signed or pinned as the
	// folder's policy asks for.
	Quarantined
	// Draining: it takes no more jobs, and is gone when those that run have ended.
	Draining
)

// String returns the state in lower case.
func (s State) String() string {
	return [...]string{"pending", "serving", "refused", "quarantined", "draining"}[s]
}

// Entry is one file and what has become of it. A file that was changed for the
// worse has two: the version that goes on serving, and the one that is refused.
type Entry struct {
	// Name, Version and Types are the manifest's; of a file that was refused
	// before its manifest was read, Name is the file's.
	Name    string
	Version string
	Types   []string

	// File is where the module was found.
	File string

	// Sum is the same for what has the same name, module and manifest, wherever it
	// lies: 16 hex digits; empty for a file that could not be read.
	Sum string

	// State is what the file is doing.
	State State

	// Reason is why the file is refused or quarantined; empty when it is not.
	Reason string

	// Module is what serves the types, to be looked at; nil when the file is
	// neither serving nor draining. Acquire gives one that jobs can run in.
	Module *sandbox.Module
}

// record is what the registry keeps of one version of a file. All but file and
// sum is guarded by the registry's lock.
type record struct {
	Entry
	file file

	// sum is that of what was read; zero where that failed.
	sum [sha256.Size]byte

	outcome     outcome
	quarantined bool

	// binary and manifest are what is to be loaded; nil afterwards. size is the
	// binary's, in bytes, and stop ends the loading. together, if there is one, lets
	// others be loaded at the same time.
	binary   []byte
	manifest *abi.Manifest
	size     int
	stop     func()
	together func()

	// module is what was loaded, until it is closed; users are those who have
	// acquired it.
	module *sandbox.Module
	users  int

	// outdated says that the file holds something else by now.
	outdated bool

	// dropped says that the record is the registry's no more, so that its module
	// is closed after its last user.
	dropped bool

	// replacer is the record of another file that took the place of this one.
	replacer *record

	// returning says that the replacer has gone.
	returning bool
}

func (r *record) claim() claim {
	return claim{name: r.Name, file: r.File, types: r.Types, outcome: r.outcome}
}

// entry is what others see of the record.
func (r *record) entry() Entry {
	e := r.Entry
	if r.dropped {
		e.State, e.Reason = Draining, ""
	}
	if e.State == Serving || e.State == Draining {
		e.Module = r.module
	}
	if !r.isUnread() {
		e.Sum = hex.EncodeToString(r.sum[:8])
	}
	return e
}

// drains sorts the records that are dropped before the others.
func (r *record) drains() int {
	if r.dropped {
		return 0
	}
	return 1
}

// fail notes that there will be no module.
func (r *record) fail(err error) {
	r.outcome, r.Reason = failed, oneLine(err.Error())
	r.binary, r.manifest = nil, nil
}

// isUnread says that the file was not read, for whatever reason.
func (r *record) isUnread() bool { return r.sum == [sha256.Size]byte{} }

// isRepeatedBy says whether a later look at the file gave nothing new.
func (r *record) isRepeatedBy(later *record) bool {
	if later.outcome == failed {
		return r.outcome == failed && r.sum == later.sum && r.Reason == later.Reason
	}
	// What failed to load is tried again when somebody touches it.
	return r.outcome != failed && r.sum == later.sum
}

// sumOf hashes all that decides what a module is.
func sumOf(p *trust.Parts) [sha256.Size]byte { return sha256.Sum256(trust.Statement(p)) }

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
