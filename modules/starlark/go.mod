module github.com/henge-run/henge/modules/starlark

go 1.26

require (
	github.com/henge-run/henge/guest/go v0.0.0
	github.com/henge-run/henge/modules/goengine v0.0.0
	go.starlark.net v0.0.0-20260908191801-89a6a09411d5
)

require golang.org/x/sys v0.42.0 // indirect

replace (
	github.com/henge-run/henge/guest/go => ../../guest/go
	github.com/henge-run/henge/modules/goengine => ../goengine
)
