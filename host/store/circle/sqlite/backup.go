package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/google/uuid"
	"github.com/ncruces/go-sqlite3"

	"github.com/henge-run/henge/host/store/circle"
	"github.com/henge-run/henge/host/store/connection"
)

// Export implements circle.Keeper.
func (s *Store) Export(ctx context.Context, name, file string) error {
	path, err := s.place(ctx, name)
	if err == nil {
		_, err = os.Stat(path)
	}
	if err == nil {
		// Not a name that SQLite could take for an address with settings.
		file, err = filepath.Abs(file)
	}
	if err != nil {
		return fmt.Errorf("export circle %s: %w", name, err)
	}
	c, err := openConn(ctx, path, s.opts.MaxBytes)
	if err != nil {
		return err
	}
	c.Limit(sqlite3.LIMIT_ATTACHED, 1) // as which SQLite sees the copy
	err = c.Exec("VACUUM INTO ?", file)
	if closed := c.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("export circle %s: %w", name, err)
	}
	return nil
}

// Import implements circle.Keeper.
func (s *Store) Import(ctx context.Context, name, file string, replace bool) error {
	path, err := s.Path(name)
	if err != nil {
		return err
	}
	if exists(path) && !replace {
		return fmt.Errorf("import circle %s: %w", name, circle.ErrExists)
	}
	// Beside the others, so that it takes its place in one step.
	made := path + "." + uuid.NewString()
	defer os.Remove(made)
	err = copyFile(made, file)
	if err == nil {
		err = checkBackup(ctx, made)
	}
	if err == nil {
		err = s.alone(ctx, path)
	}
	if err == nil {
		err = os.Rename(made, path)
	}
	if err != nil {
		return fmt.Errorf("import circle %s from %s: %w", name, file, err)
	}
	return nil
}

// Remove implements circle.Keeper.
func (s *Store) Remove(ctx context.Context, name string) error {
	path, err := s.Path(name)
	if err == nil {
		err = s.alone(ctx, path)
	}
	if err == nil && exists(path) {
		err = os.Remove(path)
	}
	if err != nil {
		return fmt.Errorf("remove circle %s: %w", name, err)
	}
	return nil
}

// alone sees to it that all of a database is in its one file, and that nobody
// has it open: SQLite leaves WAL for nobody else. It waits until ctx ends.
func (s *Store) alone(ctx context.Context, path string) error {
	if !exists(path) {
		return nil
	}
	for {
		conn, err := connection.Open(context.WithoutCancel(ctx), path, connection.Existing)
		if err != nil {
			return err
		}
		mode := ""
		err = conn.BusyTimeout(0)
		if err == nil {
			err = conn.Each(func(row *sqlite3.Stmt) { mode = row.ColumnText(0) }, "PRAGMA journal_mode = DELETE")
		}
		if closed := conn.Close(); err == nil {
			err = closed
		}
		switch {
		case err == nil && mode == "delete":
			return nil
		case err != nil && !errors.Is(err, sqlite3.BUSY):
			return err
		case !connection.Pause(ctx):
			return circle.ErrInUse
		}
	}
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err == nil {
		err = out.Sync()
	}
	if closed := out.Close(); err == nil {
		err = closed
	}
	return err
}

// checkBackup says what is wrong with a file that is to become a database. It
// may come from anywhere: a trigger on a table of henge's own would be carried
// out by henge itself.
func checkBackup(ctx context.Context, path string) error {
	opened, err := connection.Open(ctx, path, connection.ReadOnly)
	if err != nil {
		return err
	}
	c := &conn{Conn: opened}
	defer c.Close()
	c.SetInterrupt(ctx)
	id, err := c.Number("PRAGMA application_id")
	if err != nil || id != applicationID {
		return errors.Join(errors.New("this is no backup of a circle"), err)
	}
	version, err := c.Number("PRAGMA user_version")
	if err != nil || version > schemaVersion {
		return errors.Join(ErrNewer, err)
	}
	var found string
	if err := c.Each(func(row *sqlite3.Stmt) { found = row.ColumnText(0) }, "PRAGMA quick_check(1)"); err != nil || found != "ok" {
		return errors.Join(fmt.Errorf("the backup is damaged: %s", found), err)
	}
	// A job cannot make one, and could change the tables behind one that is there.
	virtual, err := c.Number("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND rootpage = 0")
	if err != nil || virtual > 0 {
		return errors.Join(fmt.Errorf("the backup has %d virtual tables, which a circle cannot have", virtual), err)
	}
	theirs, err := c.ownSchema()
	if err != nil {
		return err
	}
	ours, err := freshSchema(ctx)
	if err != nil {
		return err
	}
	if theirs != ours {
		return errors.New("the backup has other tables of henge's own than it should, and may be forged")
	}
	return nil
}

// freshSchema is the schema of henge's own tables as they are made.
func freshSchema(ctx context.Context) (string, error) {
	opened, err := connection.Open(ctx, "schema", connection.InMemory)
	if err != nil {
		return "", err
	}
	c := &conn{Conn: opened}
	defer c.Close()
	if err := c.Script(schema); err != nil {
		return "", err
	}
	return c.ownSchema()
}

// ownSchema is all that has to do with tables of henge's own, as one text.
func (c *conn) ownSchema() (text string, err error) {
	err = c.Each(func(row *sqlite3.Stmt) {
		text += fmt.Sprintf("%s %s %s %s\n", row.ColumnText(0), row.ColumnText(1), row.ColumnText(2), row.ColumnText(3))
	}, "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE lower(substr(tbl_name, 1, 6)) = 'henge_' OR lower(substr(name, 1, 6)) = 'henge_' ORDER BY 1, 2")
	return text, err
}
