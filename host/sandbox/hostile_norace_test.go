//go:build !race

package sandbox_test

// slower is by how much generated modules are smaller than they are meant to
// be.
const slower = 1
