module github.com/henge-run/henge/guest/go

go 1.24
