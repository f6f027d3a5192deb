module github.com/henge-run/henge/modules/lua

go 1.26

require (
	github.com/henge-run/henge/guest/go v0.0.0
	github.com/henge-run/henge/modules/goengine v0.0.0
	github.com/yuin/gopher-lua v1.1.2
)

replace (
	github.com/henge-run/henge/guest/go => ../../guest/go
	github.com/henge-run/henge/modules/goengine => ../goengine
)
