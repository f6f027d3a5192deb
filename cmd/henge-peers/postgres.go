package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// pgTx is the transaction of River's driver for pgx.
type pgTx = pgx.Tx

// postgres is a server of our own, with its files in a temporary folder, that
// listens on a socket in it.
type postgres struct {
	dir   string
	cmd   *exec.Cmd
	ended chan error
}

var _ io.Closer = (*postgres)(nil)

// startPostgres starts a server with its default settings and returns its URL.
func startPostgres(ctx context.Context) (url string, _ io.Closer, err error) {
	initdb, server, err := findPostgres()
	if err != nil {
		return "", nil, err
	}
	p := &postgres{ended: make(chan error, 1)}
	if p.dir, err = os.MkdirTemp("", "henge-peers-"); err != nil {
		return "", nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.Close())
		}
	}()
	as, err := unprivileged(p.dir)
	if err != nil {
		return "", nil, err
	}
	data := filepath.Join(p.dir, "data")
	make := exec.CommandContext(ctx, initdb, "-D", data, "-U", "henge", "-A", "trust", "--no-sync")
	make.SysProcAttr, make.Dir = as, p.dir
	if out, err := make.CombinedOutput(); err != nil {
		return "", nil, fmt.Errorf("%s: %w: %.1000s", initdb, err, out)
	}
	p.cmd = exec.Command(server, "-D", data, "-k", p.dir, "-c", "listen_addresses=")
	p.cmd.SysProcAttr, p.cmd.Dir = as, p.dir
	if err := p.cmd.Start(); err != nil {
		p.cmd = nil
		return "", nil, err
	}
	go func() { p.ended <- p.cmd.Wait() }()
	url = "host=" + p.dir + " user=henge dbname=postgres"
	return url, p, p.answers(ctx, url)
}

// answers waits until the server takes connections.
func (p *postgres) answers(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, url)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case err := <-p.ended:
			p.ended <- err
			return fmt.Errorf("PostgreSQL ended at once: %w", err)
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL does not answer: %w", err)
		}
	}
}

// Close stops the server and removes its files.
func (p *postgres) Close() error {
	if p.cmd != nil {
		_ = p.cmd.Process.Signal(syscall.SIGINT) // its fast shutdown
		select {
		case <-p.ended:
		case <-time.After(5 * time.Second):
			_ = p.cmd.Process.Signal(syscall.SIGQUIT) // its immediate one
			<-p.ended
		}
	}
	return os.RemoveAll(p.dir)
}

// findPostgres looks on the PATH and where Debian keeps it.
func findPostgres() (initdb, server string, err error) {
	folders := append(filepath.SplitList(os.Getenv("PATH")), glob("/usr/lib/postgresql/*/bin")...)
	for _, dir := range folders {
		initdb, server = filepath.Join(dir, "initdb"), filepath.Join(dir, "postgres")
		if isProgram(initdb) && isProgram(server) {
			return initdb, server, nil
		}
	}
	return "", "", errors.New("there is no PostgreSQL here: install it (Debian: postgresql), or name a server with --postgres-url")
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
// PostgreSQL does not run as root, and says how to become that user. The
// server ends with us, whatever ends us.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	as := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGINT}
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
