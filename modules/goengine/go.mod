module github.com/henge-run/henge/modules/goengine

go 1.26

require github.com/henge-run/henge/guest/go v0.0.0

replace github.com/henge-run/henge/guest/go => ../../guest/go
