package sandbox

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/tetratelabs/wazero"

	"github.com/henge-run/henge/host/wasm"
)

const (
	// sumSuffix names the file beside one of compiled code that has its
	// checksum.
	sumSuffix = ".sum"

	// tempSuffix is what the runtime calls a file that it is writing. One that
	// is older than tempAge was left by a process that was killed.
	tempSuffix = ".tmp"
	tempAge    = time.Hour

	// keptFor is how long a file is kept after it was written. Nobody knows
	// which are still used: each new version of a module, and of henge, leaves
	// those of the old one behind.
	keptFor = 30 * 24 * time.Hour

	// meteredDir is the folder of metered modules.
	meteredDir = "metered"
)

// codeCache keeps compiled code, in memory and, where a folder is given, there
// for other processes too.
//
// The runtime names a file after all that its content depends on: the bytes it
// compiles, whether it ends guests by itself, the processor's features, and in
// the folder's name its own version. Those bytes are the rewritten module's.
// So metering, its weights and whatever else henge does to a module are in the
// key without being named in it, and limits, which are kept at run time, are
// not.
//
// The runtime writes files whole or not at all. It checks the machine code in
// them, and not the table of where each function begins; with a damaged one a
// call would land anywhere. So each file gets a checksum here.
type codeCache struct {
	wazero.CompilationCache
	dir string // empty: in memory only
	log *slog.Logger

	// own is the folder of what this program has metered; empty where that is
	// not kept.
	own string

	// checked is done when what was damaged from the beginning is removed. Nothing
	// is read or written before.
	checked sync.WaitGroup

	mu sync.Mutex // for one look at the folder at a time
}

// openCache opens the cache in dir and begins to remove what is damaged.
func openCache(dir string, log *slog.Logger) (*codeCache, error) {
	c := &codeCache{dir: dir, log: log}
	if dir == "" {
		c.CompilationCache = wazero.NewCompilationCache()
		return c, nil
	}
	var err error
	if c.CompilationCache, err = wazero.NewCompilationCacheWithDir(dir); err != nil {
		return nil, fmt.Errorf("open the cache of compiled modules: %w", err)
	}
	if program := programID(); program != "" {
		c.own = filepath.Join(dir, meteredDir, program)
		c.cleanOthers()
	}
	// All of it is read for that, while the program has other things to do.
	c.checked.Go(func() {
		c.prune()
		c.clean(true)
	})
	return c, nil
}

// Close implements wazero.CompilationCache.
func (c *codeCache) Close(ctx context.Context) error {
	c.checked.Wait()
	return c.CompilationCache.Close(ctx)
}

// compile compiles a module, or finds it in the cache. A cache that fails is
// no reason to refuse a module.
func (rt *Runtime) compile(ctx context.Context, binary []byte) (wazero.CompiledModule, error) {
	rt.cache.checked.Wait()
	compiled, err := rt.compileModule(ctx, binary)
	if err != nil && rt.cache.dir != "" {
		var path *fs.PathError
		// When only writing failed, the code is in memory by now.
		if rt.cache.clean(false) > 0 || errors.As(err, &path) {
			rt.log.Warn("the cache of compiled modules failed", "dir", rt.cache.dir, "err", err)
			compiled, err = rt.compileModule(ctx, binary)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("compile: %w", err)
	}
	rt.cache.seal()
	return compiled, nil
}

// compileModule has the runtime compile a module. It is known to panic over
// what Decode refuses; what else there may be is to cost no more than the
// module.
func (rt *Runtime) compileModule(ctx context.Context, binary []byte) (compiled wazero.CompiledModule, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the compiler cannot take it: %v", p)
		}
	}()
	return rt.wazero.CompileModule(ctx, binary)
}

// metered returns the binary of a module, with metering, which is kept in the
// folder too: with a large module, metering takes as long as reading compiled
// code. The module has not been metered before.
func (c *codeCache) metered(decoded *wasm.Module) []byte {
	if c.own == "" {
		decoded.Meter()
		return decoded.Encode()
	}
	c.checked.Wait()
	// All that was done to the module before is in these bytes, and so in the
	// name.
	name := filepath.Join(c.own, fmt.Sprintf("%x", sha256.Sum256(decoded.Encode())))
	if kept, err := os.ReadFile(name); err == nil && isSealed(name, sumOf(kept)) {
		return kept
	}
	decoded.Meter()
	binary := decoded.Encode()
	if err := writeWhole(name, binary); err != nil {
		c.log.Warn("write to the cache of compiled modules", "err", err)
	}
	return binary
}

// prune removes the files that are old. Another process that has read one keeps
// what it read, and one that is about to compiles anew.
func (c *codeCache) prune() {
	for _, name := range c.files() {
		if !olderThan(name, keptFor) {
			continue
		}
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			c.log.Error("prune the cache of compiled modules", "err", err)
		}
		_ = os.Remove(name + sumSuffix) // often there is none
	}
}

// olderThan says whether a file was written longer ago than that.
func olderThan(name string, age time.Duration) bool {
	info, err := os.Lstat(name)
	return err == nil && time.Since(info.ModTime()) > age
}

// clean removes the files that are not as they were written, and returns how
// many these were. Those without a checksum are among them if unsealed says so:
// one may be another process's that is about to be sealed, and is then
// compiled again next time, and nothing worse.
func (c *codeCache) clean(unsealed bool) (removed int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range c.files() {
		_, err := os.Lstat(name + sumSuffix)
		sealed := err == nil
		if sealed && isSealed(name, checksum(name)) || !sealed && !unsealed {
			continue
		}
		if sealed {
			c.log.Warn("a damaged file is removed from the cache of compiled modules", "file", name)
		}
		if err := os.Remove(name); err != nil {
			c.log.Error("clean the cache of compiled modules", "err", err)
		}
		_ = os.Remove(name + sumSuffix) // often there is none
		removed++
	}
	return removed
}

// seal gives each file that is new a checksum.
func (c *codeCache) seal() {
	if c.dir == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range c.files() {
		if _, err := os.Lstat(name + sumSuffix); err == nil {
			continue
		}
		if sum := checksum(name); sum != "" {
			if err := writeWhole(name+sumSuffix, []byte(sum)); err != nil {
				c.log.Warn("write to the cache of compiled modules", "err", err)
			}
		}
	}
}

// cleanOthers removes what other builds of henge have metered. One of them that
// still runs meters anew next time.
func (c *codeCache) cleanOthers() {
	all, err := os.ReadDir(filepath.Dir(c.own))
	if err != nil {
		return // there is none yet
	}
	for _, other := range all {
		if other.Name() == filepath.Base(c.own) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(filepath.Dir(c.own), other.Name())); err != nil {
			c.log.Error("clean the cache of compiled modules", "err", err)
		}
	}
}

// files returns the files of compiled code and metered modules, and removes those that a killed
// process was writing.
func (c *codeCache) files() []string {
	var files []string
	// What cannot be read is left to the runtime, which says so.
	_ = filepath.WalkDir(c.dir, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil || entry.IsDir() || strings.HasSuffix(name, sumSuffix):
		case strings.HasSuffix(name, tempSuffix):
			if olderThan(name, tempAge) {
				_ = os.Remove(name)
			}
		default:
			files = append(files, name)
		}
		return nil
	})
	return files
}

// isSealed says whether sum is the checksum that the file was given.
func isSealed(name, sum string) bool {
	given, err := os.ReadFile(name + sumSuffix)
	return err == nil && sum == string(given)
}

// checksum returns the checksum of a file's content, and "" where it cannot be
// read.
func checksum(name string) string {
	in, err := os.Open(name)
	if err != nil {
		return ""
	}
	defer in.Close()
	sum := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	// Files have tens of megabytes, and memory for all of one is dear.
	if _, err := io.CopyBuffer(sum, struct{ io.Reader }{in}, make([]byte, 256<<10)); err != nil {
		return ""
	}
	return hexOf(sum.Sum32())
}

// sumOf returns a checksum in hex. It is against accidents: who can write into
// the folder can have run what he likes anyway.
func sumOf(content []byte) string {
	return hexOf(crc32.Checksum(content, crc32.MakeTable(crc32.Castagnoli)))
}

func hexOf(sum uint32) string { return fmt.Sprintf("%08x", sum) }

// writeWhole writes a file so that no other process sees a part of it.
func writeWhole(name string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	out, err := os.CreateTemp(filepath.Dir(name), "*"+tempSuffix)
	if err != nil {
		return err
	}
	_, err = out.Write(content)
	if err = errors.Join(err, out.Close()); err == nil {
		err = os.Rename(out.Name(), name)
	}
	if err != nil {
		_ = os.Remove(out.Name())
	}
	return err
}
