package postgres

import (
	"context"
	"errors"

	"github.com/henge-run/henge/host/store/circle"
)

var errLater = errors.New("not yet")

// Export implements circle.Keeper.
func (s *Store) Export(ctx context.Context, name, file string) error { return errLater }

// Import implements circle.Keeper.
func (s *Store) Import(ctx context.Context, name, file string, replace bool) error { return errLater }

var _ circle.Keeper = (*Store)(nil)
