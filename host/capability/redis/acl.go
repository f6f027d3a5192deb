package redis

import (
	"maps"
	"slices"
	"strings"
)

// ACL returns the line that makes a Redis user with what this capability needs
// and nothing more: so the server itself keeps scripts from other keys.
// PASSWORD is to be replaced.
func ACL() string {
	parts := []string{"ACL SETUSER henge-scripts", "reset", "on", ">PASSWORD"}
	for _, key := range []string{Prefix("*"), ledgerKey("*"), usedKey("*"), sweptKey("*")} {
		// Up to the circle's name, of which the star takes the rest.
		parts = append(parts, "~"+key[:strings.Index(key, "}")])
	}
	needs := append(slices.Collect(maps.Keys(allowed)), "hello", "evalsha", "eval", "memory|usage", "scan", "command", "cluster|nodes", "cluster|shards", "cluster|slots")
	slices.Sort(needs)
	for _, name := range slices.Compact(needs) {
		parts = append(parts, "+"+name)
	}
	return strings.Join(parts, " ")
}
