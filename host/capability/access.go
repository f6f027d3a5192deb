package capability

import (
	"context"

	"github.com/henge-run/henge/abi"
)

// Role is what a caller is to a circle. A higher one may do all that a lower
// one may.
type Role uint8

// The roles. The zero value is Stranger.
const (
	Stranger Role = iota // reads what was published
	Reader               // reads everything
	Writer               // changes data
	Admin                // publishes, and says who is a member
	Owner                // the circle itself: its name is the caller's
)

var roleNames = [...]string{"stranger", "reader", "writer", "admin", "owner"}

// String returns the role's name.
func (r Role) String() string {
	if int(r) >= len(roleNames) {
		return roleNames[Stranger]
	}
	return roleNames[r]
}

// ParseRole returns the role that String names.
func ParseRole(s string) (Role, bool) {
	for i, name := range roleNames {
		if s == name {
			return Role(i), true
		}
	}
	return Stranger, false
}

// Kind is a kind of things that can be published.
type Kind string

// The kinds.
const (
	Table  Kind = "table"  // a table of the circle's database, by its name
	Prefix Kind = "prefix" // keys of Redis and of kv, by how they begin
)

// Directory knows who may do what in a circle. It is safe for concurrent use.
// Its answers may be a second old.
type Directory interface {
	// Role returns what caller is to circle; Owner where they are the same,
	// without asking anybody.
	Role(ctx context.Context, circle, caller string) (Role, error)

	// Published returns the names of a kind that a stranger may read, sorted.
	Published(ctx context.Context, circle string, kind Kind) ([]string, error)
}

// Policy is the operator's word on what a module may use in a circle. It is
// safe for concurrent use.
type Policy interface {
	// Grants returns nil, or why a module may not use a capability for a
	// circle's jobs, and how to change that: an *abi.Error with AccessDenied.
	Grants(module, circle, capability string) error
}

// Insufficient is what a caller gets who may not do what the script tries.
func Insufficient() error {
	return &abi.Error{Code: abi.AccessDenied, Message: "Insufficient authorization"}
}
