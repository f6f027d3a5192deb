// Package modules carries the engines that come with henge inside the
// program, so that one file is all there is to copy. It imports nothing of
// ours and does not know what a module is.
package modules

import (
	"embed"
	"io/fs"
)

// The folder is filled by build.sh, and git ignores all of it but a
// placeholder, without which nothing here would compile in a fresh clone.
//
//go:embed all:built
var built embed.FS

// FS returns the built-in engines: NAME.wasm, with its manifest in NAME.json.
// It has neither if the program was built before modules/build.sh was run,
// and it may have other files, which are no modules. It is safe for
// concurrent use.
func FS() fs.FS {
	sub, err := fs.Sub(built, "built")
	if err != nil {
		panic(err) // built is a valid path: it stands in the line above
	}
	return sub
}
