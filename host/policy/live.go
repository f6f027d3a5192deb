package policy

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/capability/http"
	"github.com/henge-run/henge/host/job"
)

// maxFile is more than anybody writes by hand, in bytes.
const maxFile = 1 << 20

// Live is the policy of a file as it is now. A file with a mistake changes
// nothing. It is safe for concurrent use.
type Live struct {
	path     string
	settings []string
	log      *slog.Logger // Watch's alone
	data     []byte       // what was read last; Watch's alone, after Open
	said     string       // what was wrong with it; the same
	current  atomic.Pointer[Policy]
}

var (
	_ capability.Policy = (*Live)(nil)
	_ http.Policy       = (*Live)(nil)
)

// Open reads a file, in which the worker's flags may be those of settings. An
// empty path is the policy without a file.
func Open(path string, settings []string) (*Live, error) {
	l := &Live{path: path, settings: settings, log: slog.New(slog.DiscardHandler)}
	l.current.Store(&Policy{})
	if path == "" {
		return l, nil
	}
	data, err := read(path)
	if err != nil {
		return nil, err
	}
	p, err := l.parse(data)
	if err != nil {
		return nil, err
	}
	l.data = data
	l.current.Store(p)
	return l, nil
}

// Now returns the policy that holds now: the one without a file where l is nil.
func (l *Live) Now() *Policy {
	if l == nil {
		return &Policy{}
	}
	return l.current.Load()
}

// Grants implements capability.Policy.
func (l *Live) Grants(module, circle, name string) error { return l.Now().Grants(module, circle, name) }

// HTTP implements http.Policy.
func (l *Live) HTTP(module, circle string) []http.Rule { return l.Now().HTTP(module, circle) }

// Limits returns the most that a module's jobs may use in a circle.
func (l *Live) Limits(module, circle string) job.Limits { return l.Now().Limits(module, circle) }

func read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxFile {
		return nil, fmt.Errorf("read the configuration: %s is not a file of at most %d bytes", path, maxFile)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	return data, nil
}

// parse names the file in each line of an error.
func (l *Live) parse(data []byte) (*Policy, error) {
	p, err := Parse(data, l.settings)
	if err != nil {
		var each []string
		for line := range strings.Lines(err.Error()) {
			each = append(each, fmt.Sprintf("%s, %s", l.path, strings.TrimSpace(line)))
		}
		return nil, fmt.Errorf("%s", strings.Join(each, "\n"))
	}
	return p, nil
}

// quiet is how long a file has to be left alone before it is read: an editor
// writes it in pieces.
const quiet = 100 * time.Millisecond

// Watch reads the file again when it changes, and for each value of again,
// until ctx ends, and says so in log. It is called once at the most. The folder
// is watched, since most editors put a new file in the place of the old one.
func (l *Live) Watch(ctx context.Context, log *slog.Logger, again <-chan os.Signal) error {
	if l.path == "" {
		return nil
	}
	l.log = log
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch the configuration: %w", err)
	}
	defer w.Close()
	if err := w.Add(filepath.Dir(l.path)); err != nil {
		return fmt.Errorf("watch the configuration: %w", err)
	}
	l.reload(false) // what was written since Open
	settled := time.NewTimer(quiet)
	settled.Stop()
	for {
		select {
		case <-w.Events: // of a link's target the folder says nothing of the name
			settled.Reset(quiet)
		case err := <-w.Errors:
			l.log.Warn("changes of the configuration may be missed; SIGHUP reads it again", "file", l.path, "err", err)
		case <-settled.C:
			l.reload(false)
		case <-again:
			l.reload(true)
		case <-ctx.Done():
			return nil
		}
	}
}

// reload reads the file again, and says so if it has changed or was asked to.
func (l *Live) reload(asked bool) {
	data, err := read(l.path)
	if err == nil && bytes.Equal(data, l.data) && l.said == "" {
		if asked {
			l.log.Info("configuration read again: nothing has changed", "file", l.path)
		}
		return
	}
	var p *Policy
	if err == nil {
		l.data = data
		p, err = l.parse(data)
	}
	if err != nil {
		if asked || l.said != err.Error() {
			l.log.Error("configuration not read; the one before it stays", "file", l.path, "err", err)
		}
		l.said = err.Error()
		return
	}
	l.said = ""
	old := l.current.Swap(p)
	l.log.Info("configuration read again", "file", l.path, "rules", len(p.Rules))
	if later := changed(old.Settings, p.Settings); len(later) > 0 {
		l.log.Warn("these settings count when the worker is started again", "settings", later)
	}
}

// changed returns the names of the settings that differ.
func changed(a, b map[string]Setting) []string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return slices.DeleteFunc(slices.Sorted(maps.Keys(all)), func(name string) bool {
		return reflect.DeepEqual(a[name].Value, b[name].Value)
	})
}
