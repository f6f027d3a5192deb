// Package localpostgres runs a PostgreSQL server of our own, for tests and for
// measuring beside it. It knows nothing of the rest of henge.
package localpostgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrNone is returned by Start where PostgreSQL is not installed.
var ErrNone = errors.New("there is no PostgreSQL here: install it (Debian: apt-get install postgresql)")

// Installed returns ErrNone where PostgreSQL is not installed.
func Installed() error {
	_, _, err := find()
	return err
}

// Server is a server with its files in a temporary folder, that listens on a
// socket in it and nowhere else.
type Server struct {
	dir   string
	cmd   *exec.Cmd
	ended chan error
}

// Start starts a server with its default settings, to which more may be added
// as name=value. Its superuser is called admin. ctx bounds the start alone.
func Start(ctx context.Context, settings ...string) (_ *Server, err error) {
	initdb, server, err := find()
	if err != nil {
		return nil, err
	}
	s := &Server{ended: make(chan error, 1)}
	if s.dir, err = os.MkdirTemp("", "henge-postgres-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	as, err := unprivileged(s.dir)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(s.dir, "data")
	create := exec.CommandContext(ctx, initdb, "-D", data, "-U", "admin", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	create.SysProcAttr, create.Dir = as, s.dir
	if out, err := create.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%s: %w: %.1000s", initdb, err, out)
	}
	args := []string{"-D", data, "-k", s.dir, "-c", "listen_addresses="}
	for _, one := range settings {
		args = append(args, "-c", one)
	}
	s.cmd = exec.Command(server, args...)
	s.cmd.SysProcAttr, s.cmd.Dir = as, s.dir
	if err := s.cmd.Start(); err != nil {
		s.cmd = nil
		return nil, err
	}
	go func() { s.ended <- s.cmd.Wait() }()
	return s, s.answers(ctx)
}

// URL returns where a user finds a database of the server. It asks for no
// password.
func (s *Server) URL(user, database string) string {
	return "postgres:///" + database + "?host=" + s.dir + "&user=" + user
}

// answers waits until the server takes connections.
func (s *Server) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.URL("admin", "postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case err := <-s.ended:
			s.ended <- err
			return fmt.Errorf("PostgreSQL ended at once: %w", err)
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL does not answer: %w", err)
		}
	}
}

// Close stops the server and removes its files.
func (s *Server) Close() error {
	if s.cmd != nil {
		_ = s.cmd.Process.Signal(syscall.SIGINT) // its fast shutdown
		select {
		case <-s.ended:
		case <-time.After(5 * time.Second):
			_ = s.cmd.Process.Signal(syscall.SIGQUIT) // its immediate one
			<-s.ended
		}
	}
	return os.RemoveAll(s.dir)
}

// find looks on the PATH and where Debian keeps it.
func find() (initdb, server string, err error) {
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), glob("/usr/lib/postgresql/*/bin")...) {
		initdb, server = filepath.Join(dir, "initdb"), filepath.Join(dir, "postgres")
		if isProgram(initdb) && isProgram(server) {
			return initdb, server, nil
		}
	}
	return "", "", ErrNone
}

func glob(pattern string) []string {
	found, _ := filepath.Glob(pattern) // the pattern is well-formed
	return found
}

func isProgram(path string) bool {
	_, err := exec.LookPath(path)
	return err == nil
}

// unprivileged gives the folder to another user where we are root, since
// PostgreSQL does not run as root, and says how to become that user.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	as := endsWithUs()
	if os.Getuid() != 0 {
		return as, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, _ := strconv.ParseUint(u.Uid, 10, 32)
		gid, _ := strconv.ParseUint(u.Gid, 10, 32)
		as.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		return as, os.Chown(dir, int(uid), int(gid))
	}
	return nil, errors.New("PostgreSQL does not run as root, and there is no user postgres or nobody to run it as")
}
