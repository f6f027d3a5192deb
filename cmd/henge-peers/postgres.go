package main

import (
	"context"
	"io"

	"github.com/jackc/pgx/v5"

	"github.com/henge-run/henge/host/localpostgres"
)

// pgTx is the transaction of River's driver for pgx.
type pgTx = pgx.Tx

// startPostgres starts a server with its default settings and returns its URL.
func startPostgres(ctx context.Context) (url string, _ io.Closer, err error) {
	s, err := localpostgres.Start(ctx)
	if err != nil {
		return "", nil, err
	}
	return s.URL("admin", "postgres"), s, nil
}
