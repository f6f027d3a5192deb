package sandbox

import (
	"context"
	"maps"
	"slices"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
)

// unserved returns the capabilities of the contract that are not among caps,
// each with functions that answer Unsupported: an engine imports them all, and
// a script that uses none of them should run wherever the engine does.
func unserved(caps []capability.Capability) []capability.Capability {
	rest := abi.Functions()
	for _, c := range caps {
		delete(rest, c.Name)
	}
	var out []capability.Capability
	for _, name := range slices.Sorted(maps.Keys(rest)) {
		refuse := func(context.Context, *capability.Call) error {
			return &abi.Error{Code: abi.Unsupported, Message: "this worker does not serve " + name}
		}
		c := capability.Capability{Name: name}
		for _, f := range rest[name] {
			c.Functions = append(c.Functions, capability.Function{Name: f, Call: refuse})
		}
		out = append(out, c)
	}
	return out
}
