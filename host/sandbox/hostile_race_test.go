//go:build race

package sandbox_test

// slower is by how much generated modules are smaller with the race detector,
// under which compiling one takes ten times as long.
const slower = 10
