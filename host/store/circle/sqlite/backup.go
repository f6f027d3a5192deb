package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/google/uuid"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/henge-run/henge/host/store/circle"
	"github.com/henge-run/henge/host/store/connection"
)

// Export implements circle.Keeper.
func (s *Store) Export(ctx context.Context, name, file string) error {
	path, err := s.place(ctx, name)
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		return fmt.Errorf("export circle %s: %w", name, err)
	}
	c, err := openConn(ctx, path, s.opts.MaxBytes)
	if err != nil {
		return err
	}
	c.Limit(sqlite.LimitAttached, 1) // as which SQLite sees the copy
	err = c.exec("VACUUM INTO ?", file)
	if closed := c.close(); err == nil {
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
		conn, err := connection.Open(path, sqlite.OpenReadWrite)
		if err != nil {
			return err
		}
		conn.SetBusyTimeout(0)
		mode := ""
		err = sqlitex.ExecuteTransient(conn, "PRAGMA journal_mode = DELETE", &sqlitex.ExecOptions{ResultFunc: func(row *sqlite.Stmt) error {
			mode = row.ColumnText(0)
			return nil
		}})
		if closed := connection.Close(conn); err == nil {
			err = closed
		}
		switch {
		case err == nil && mode == "delete":
			return nil
		case err != nil && sqlite.ErrCode(err).ToPrimary() != sqlite.ResultBusy:
			return err
		case !pause(ctx):
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
	opened, err := connection.Open(path, sqlite.OpenReadOnly)
	if err != nil {
		return err
	}
	c := &conn{Conn: opened}
	defer c.close()
	c.SetInterrupt(ctx.Done())
	id, err := c.number("PRAGMA application_id")
	if err != nil || id != applicationID {
		return errors.Join(errors.New("this is no backup of a circle"), err)
	}
	version, err := c.number("PRAGMA user_version")
	if err != nil || version > schemaVersion {
		return errors.Join(ErrNewer, err)
	}
	var found string
	if err := c.each(func(row *sqlite.Stmt) { found = row.ColumnText(0) }, "PRAGMA quick_check(1)"); err != nil || found != "ok" {
		return errors.Join(fmt.Errorf("the backup is damaged: %s", found), err)
	}
	// A job cannot make one, and could change the tables behind one that is there.
	virtual, err := c.number("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND rootpage = 0")
	if err != nil || virtual > 0 {
		return errors.Join(fmt.Errorf("the backup has %d virtual tables, which a circle cannot have", virtual), err)
	}
	theirs, err := c.ownSchema()
	if err != nil {
		return err
	}
	ours, err := freshSchema()
	if err != nil {
		return err
	}
	if theirs != ours {
		return errors.New("the backup has other tables of henge's own than it should, and may be forged")
	}
	return nil
}

// freshSchema is the schema of henge's own tables as they are made.
func freshSchema() (string, error) {
	opened, err := connection.Open(":memory:", sqlite.OpenReadWrite|sqlite.OpenCreate|sqlite.OpenMemory)
	if err != nil {
		return "", err
	}
	c := &conn{Conn: opened}
	defer c.close()
	if err := sqlitex.ExecuteScript(opened, schema, nil); err != nil {
		return "", err
	}
	return c.ownSchema()
}

// ownSchema is all that has to do with tables of henge's own, as one text.
func (c *conn) ownSchema() (text string, err error) {
	err = c.each(func(row *sqlite.Stmt) {
		text += fmt.Sprintf("%s %s %s %s\n", row.ColumnText(0), row.ColumnText(1), row.ColumnText(2), row.ColumnText(3))
	}, "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE lower(substr(tbl_name, 1, 6)) = 'henge_' OR lower(substr(name, 1, 6)) = 'henge_' ORDER BY 1, 2")
	return text, err
}
