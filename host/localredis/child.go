package localredis

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	startTries = 5                // another process may take the free port first
	startTime  = 30 * time.Second // until it has loaded its data and answers
	stopTime   = 3 * time.Second  // until it is killed
)

func startChild(ctx context.Context, path string, opts Options) (*Server, error) {
	dir, remove := opts.Dir, func() error { return nil }
	if dir == "" {
		temporary, err := os.MkdirTemp("", "henge-redis-")
		if err != nil {
			return nil, err
		}
		dir, remove = temporary, func() error { return os.RemoveAll(temporary) }
	} else if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	var tried error
	for range startTries {
		s, err := startOnce(ctx, path, dir, opts)
		if err == nil {
			stop := s.close
			s.close = func() error { return errors.Join(stop(), remove()) }
			return s, nil
		}
		tried = err
		if opts.Port != 0 || ctx.Err() != nil || !strings.Contains(err.Error(), "in use") {
			break
		}
	}
	return nil, errors.Join(tried, remove())
}

func startOnce(ctx context.Context, path, dir string, opts Options) (*Server, error) {
	port := opts.Port
	if port == 0 {
		var err error
		if port, err = freePort(); err != nil {
			return nil, err
		}
	}
	args := []string{
		"--bind", "127.0.0.1", "--port", strconv.Itoa(port),
		"--dir", dir, "--save", "", "--daemonize", "no",
	}
	if opts.Dir != "" {
		args = append(args, "--appendonly", "yes")
	}
	if opts.Password != "" {
		args = append(args, "--requirepass", opts.Password)
	}
	args = append(args, opts.Args...)
	if opts.Config != "" {
		args = append([]string{opts.Config}, args...)
	}

	output := &tail{}
	cmd := exec.Command(path, args...)
	cmd.Stdout, cmd.Stderr = output, output
	dieWithParent(cmd)
	ended, err := run(cmd)
	if err != nil {
		return nil, err
	}
	s := &Server{kind: Real, addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), password: opts.Password}
	s.close = func() error { return stopChild(cmd, ended) }

	if err := answers(ctx, s, cmd.Process.Pid, ended); err != nil {
		_ = s.close()
		return nil, fmt.Errorf("%w; redis-server said: %s", err, output)
	}
	return s, nil
}

// run starts cmd and returns a channel that is closed when it has ended. The
// thread that started it stays alive as long, since the signal for the death
// of the parent is sent when that thread ends.
func run(cmd *exec.Cmd) (<-chan struct{}, error) {
	started, ended := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(ended)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		started <- nil
		_ = cmd.Wait() // a server that was told to stop has nothing to report
	}()
	return ended, <-started
}

func stopChild(cmd *exec.Cmd, ended <-chan struct{}) error {
	_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
	timer := time.NewTimer(stopTime)
	defer timer.Stop()
	select {
	case <-ended:
	case <-timer.C:
		_ = cmd.Process.Kill()
		<-ended
	}
	return nil
}

// answers waits until this very process answers and has loaded its data: on a
// port that was free a moment ago another one may listen by now.
func answers(ctx context.Context, s *Server, pid int, ended <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if ask(ctx, s) == pid {
			return nil
		}
		select {
		case <-tick.C:
		case <-ended:
			return errors.New("it ended at once")
		case <-ctx.Done():
			return fmt.Errorf("it did not answer: %w", context.Cause(ctx))
		}
	}
}

// ask returns the process id that the server at the address tells, or 0. A
// client of the library would write a line to the log for each try.
func ask(ctx context.Context, s *Server) int {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", s.addr)
	if err != nil {
		return 0
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	command := "INFO server\r\n"
	if s.password != "" {
		command = fmt.Sprintf("*2\r\n$4\r\nAUTH\r\n$%d\r\n%s\r\n", len(s.password), s.password) + command
	}
	if _, err := conn.Write([]byte(command)); err != nil {
		return 0
	}
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "-") {
			return 0 // it loads its data
		}
		if text, ok := strings.CutPrefix(line, "process_id:"); ok {
			pid, _ := strconv.Atoi(text)
			return pid
		}
	}
	return 0
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// tail keeps the end of what a process says.
type tail struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (t *tail) Write(p []byte) (int, error) {
	const most = 4096
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf.Write(p)
	if over := t.buf.Len() - most; over > 0 {
		t.buf.Next(over)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(t.buf.String())
}
