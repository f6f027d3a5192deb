package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/ncruces/go-sqlite3"

	"github.com/henge-run/henge/host/store/circle"
	"github.com/henge-run/henge/host/store/filename"
)

// List implements circle.Keeper.
func (s *Store) List(ctx context.Context) ([]circle.Kept, error) {
	names, err := filename.Circles(s.dir)
	if err != nil {
		return nil, err
	}
	var all []circle.Kept
	for _, name := range names {
		one, found, err := s.Find(ctx, name)
		if err != nil {
			return nil, err
		}
		if found { // and not removed meanwhile
			all = append(all, one)
		}
	}
	return all, nil
}

// Find implements circle.Keeper.
func (s *Store) Find(_ context.Context, name string) (circle.Kept, bool, error) {
	path, err := s.Path(name)
	if err != nil {
		return circle.Kept{}, false, err
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return circle.Kept{}, false, nil
	}
	if err != nil {
		return circle.Kept{}, false, fmt.Errorf("look for circle %s: %w", name, err)
	}
	return circle.Kept{Circle: name, Place: path, Size: info.Size(), Changed: info.ModTime()}, true, nil
}

// Tables implements circle.Keeper.
func (s *Store) Tables(ctx context.Context, name string) (names []string, err error) {
	err = s.look(ctx, name, func(c *conn) error {
		return c.Each(func(row *sqlite3.Stmt) { names = append(names, row.ColumnText(0)) }, `
			SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'henge\_%' ESCAPE '\' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name`)
	})
	return names, err
}
