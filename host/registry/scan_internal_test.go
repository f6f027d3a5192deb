package registry

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/sandbox"
)

// runner returns the smallest runner, with a manifest of its own if it is not
// empty.
func runner(manifest string) []byte {
	m := []byte("\x00asm\x01\x00\x00\x00" + "\x01\x05\x01\x60\x00\x01\x7f" + "\x03\x02\x01\x00" + "\x05\x03\x01\x00\x01" +
		"\x07\x16\x02\x06memory\x02\x00\x09henge_run\x00\x00" + "\x0a\x06\x01\x04\x00\x41\x00\x0b")
	if manifest != "" {
		body := "\x0ehenge.manifest" + manifest
		m = append(m, append([]byte{0, byte(len(body))}, body...)...)
	}
	return m
}

// recording is a runtime that keeps what it was given.
type recording struct {
	*sandbox.Runtime
	mu    sync.Mutex
	given [][]byte
}

// Load implements Loader.
func (l *recording) Load(ctx context.Context, binary []byte, manifest *abi.Manifest, limits job.Limits) (*sandbox.Module, error) {
	l.mu.Lock()
	l.given = append(l.given, binary)
	l.mu.Unlock()
	return l.Runtime.Load(ctx, binary, manifest, limits)
}

func newRecording(t *testing.T) *recording {
	rt, err := sandbox.New(context.Background(), sandbox.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, rt.Close(context.Background())) })
	return &recording{Runtime: rt}
}

// shelf is a modules folder that is watched by a clock of its own.
type shelf struct {
	require.TestingT
	*Registry
	dir  string
	seen sightings
	now  time.Time

	written int64
	looked  func() // is called after each look, if there is one
}

func newShelf(t require.TestingT, dir string, loader Loader, folders ...Folder) *shelf {
	if len(folders) == 0 {
		folders = []Folder{Dir(dir)}
	}
	r, seen, err := begin(context.Background(), loader, Options{Watch: true, Folders: folders})
	require.NoError(t, err)
	return &shelf{TestingT: t, Registry: r, dir: dir, seen: seen, now: time.Now()}
}

// put writes a file in its place, byte for byte, as cp does. Its time is set,
// since with the clock of the test two versions can be of one tick of the
// system's.
func (s *shelf) put(name string, content []byte) {
	require.NoError(s, os.WriteFile(filepath.Join(s.dir, name), content, 0o600))
	s.written++
	at := time.Unix(s.written, 0)
	require.NoError(s, os.Chtimes(filepath.Join(s.dir, name), at, at))
}

// move writes a file elsewhere and gives it the name then.
func (s *shelf) move(name string, content []byte) {
	s.put(".new", content)
	require.NoError(s, os.Rename(filepath.Join(s.dir, ".new"), filepath.Join(s.dir, name)))
}

func (s *shelf) rm(name string) { require.NoError(s, os.RemoveAll(filepath.Join(s.dir, name))) }

// look scans after some time has passed, and waits for what is loaded then.
func (s *shelf) look(after time.Duration) {
	s.now = s.now.Add(after)
	s.scan(s.seen, s.now)
	require.NoError(s, s.Wait(context.Background()))
	if s.looked != nil {
		s.looked()
	}
}

// settle lets what was written be found, loaded and decided on.
func (s *shelf) settle() {
	s.look(0)
	s.look(s.quiet)
}

// held is what a file serves.
type held struct {
	name, version string
	types         []string
}

// byFile returns what each file serves.
func (s *shelf) byFile() map[string]held {
	s.mu.Lock()
	defer s.mu.Unlock()
	by := map[string]held{}
	for _, typ := range slices.Sorted(maps.Keys(s.byType)) {
		rec := s.byType[typ]
		by[rec.file.name] = held{rec.Name, rec.Version, append(by[rec.file.name].types, typ)}
	}
	return by
}

// isGone says whether it is known that a file is not there.
func (s *shelf) isGone(name string) bool {
	for f, one := range s.seen {
		if f.name == name {
			return one.taken == stamp{}
		}
	}
	return true
}

// serving returns the version of the module that serves each type.
func (s *shelf) serving() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	by := map[string]string{}
	for t, rec := range s.byType {
		by[t] = rec.Version
	}
	return by
}

// reasons returns why files do not serve what is in them.
func (s *shelf) reasons() string {
	var all []string
	for _, e := range s.Entries() {
		if e.Reason != "" {
			all = append(all, fmt.Sprintf("%s %s: %s", filepath.Base(e.File), e.State, e.Reason))
		}
	}
	return strings.Join(all, "\n")
}

func TestFollowsAFile(t *testing.T) {
	s := newShelf(t, t.TempDir(), newRecording(t))
	defer func() { require.NoError(t, s.Close(context.Background())) }()
	version := func(v string) []byte { return runner(`{"name":"m","types":["x"],"version":"` + v + `"}`) }

	s.put("m.wasm", version("1"))
	s.look(0)
	s.look(s.quiet - 1)
	require.Empty(t, s.serving(), "it was not left alone for long enough")
	s.settle()
	require.Equal(t, map[string]string{"x": "1"}, s.serving())

	s.put("m.wasm", version("2"))
	s.settle()
	require.Equal(t, map[string]string{"x": "2"}, s.serving())
	require.Len(t, s.Entries(), 1, "the version before is forgotten")

	for name, bad := range map[string][]byte{"text": []byte("text"), "truncated": version("3")[:40], "empty": {}, "broken": append(version("3"), 0xff)} {
		s.put("m.wasm", bad)
		s.settle()
		require.Equal(t, map[string]string{"x": "2"}, s.serving(), name)
		require.Contains(t, s.reasons(), "m.wasm refused: ", name)
		require.Len(t, s.Entries(), 2, name)
	}

	s.move("m.wasm", version("4"))
	s.settle()
	require.Equal(t, map[string]string{"x": "4"}, s.serving())
	require.Empty(t, s.reasons())

	s.put("m.json", []byte(`{"name":"m","types":["x","y"],"version":"5"}`))
	s.settle()
	require.Equal(t, map[string]string{"x": "5", "y": "5"}, s.serving(), "a sidecar that has changed is a change")
	s.put("m.json", []byte(`{"name":"m","capabilities":["henge_sql_v1"]}`))
	s.settle()
	require.Equal(t, map[string]string{"x": "5", "y": "5"}, s.serving())
	require.Contains(t, s.reasons(), "named but not imported")
	s.rm("m.json")
	s.settle()
	require.Equal(t, map[string]string{"x": "4"}, s.serving())

	s.rm("m.wasm")
	s.look(0)
	require.Equal(t, map[string]string{"x": "4"}, s.serving(), "it may be on its way back")
	s.settle()
	require.Empty(t, s.serving())
	require.Empty(t, s.Entries())
	require.Empty(t, s.seen)
}

func TestJobsEndOnTheirVersion(t *testing.T) {
	s := newShelf(t, t.TempDir(), newRecording(t))
	defer func() { require.NoError(t, s.Close(context.Background())) }()
	run := func(m *sandbox.Module) {
		r := m.Run(t.Context(), &job.Job{ID: "j", Circle: "acme", Caller: "acme", Type: "m", Dialect: "local", Attempt: 1})
		require.Equal(t, job.Success, r.End, r.Error)
	}
	s.put("m.wasm", runner(`{"name":"m","version":"1"}`))
	s.settle()
	first, release, ok := s.Acquire("m")
	require.True(t, ok)
	_, releaseToo, ok := s.Acquire("m")
	require.True(t, ok)

	s.put("m.wasm", runner(`{"name":"m","version":"2"}`))
	s.settle()
	require.Equal(t, map[string]string{"m": "2"}, s.serving())
	second, releaseSecond, ok := s.Acquire("m")
	require.True(t, ok)
	s.rm("m.wasm")
	s.settle()
	_, _, ok = s.Acquire("m")
	require.False(t, ok)
	run(first)
	run(second)
	require.Len(t, s.leaving, 2)
	entries := s.Entries()
	require.Len(t, entries, 2)
	for _, e := range entries {
		require.Equal(t, Draining, e.State)
		require.NotNil(t, e.Module)
	}
	require.NotEqual(t, entries[0].Sum, entries[1].Sum)
	release()
	require.Len(t, s.leaving, 2, "another job is in it")
	releaseToo()
	releaseSecond()
	require.Empty(t, s.leaving)
}

func TestTheOlderGoesOnServing(t *testing.T) {
	s := newShelf(t, t.TempDir(), newRecording(t))
	defer func() { require.NoError(t, s.Close(context.Background())) }()
	s.put("z.wasm", runner(`{"name":"old","types":["x"],"version":"old"}`))
	s.settle()
	s.put("a.wasm", runner(`{"name":"new","types":["x","y"],"version":"new"}`))
	s.settle()
	require.Equal(t, map[string]string{"x": "old"}, s.serving())
	require.Contains(t, s.reasons(), `a.wasm refused: type "x" is already served by module "old" (`+s.dir+`/z.wasm)`)

	s.put("b.wasm", runner(`{"name":"late","types":["y"],"version":"late"}`))
	s.settle()
	require.Equal(t, map[string]string{"x": "old", "y": "late"}, s.serving())
	s.put("b.wasm", runner(`{"name":"late","types":["y","x"],"version":"late 2"}`))
	s.settle()
	require.Equal(t, map[string]string{"x": "old", "y": "late"}, s.serving(), "its next version claims what another one serves")

	s.rm("b.wasm")
	s.rm("z.wasm")
	s.settle()
	require.Equal(t, map[string]string{"x": "new", "y": "new"}, s.serving(), "the types have become free")
}

func TestWhatWasReplacedComesBack(t *testing.T) {
	built, dir := t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(built, "m.wasm"), runner(`{"name":"m","types":["x","y"],"version":"built-in"}`), 0o600))
	s := newShelf(t, dir, newRecording(t), Folder{Name: "built-in", FS: os.DirFS(built)}, Dir(dir))
	defer func() { require.NoError(t, s.Close(context.Background())) }()
	require.NoError(t, s.Wait(context.Background()))
	s.put("mine.wasm", runner(`{"name":"m","types":["x"],"version":"1"}`))
	s.settle()
	require.Equal(t, map[string]string{"x": "1"}, s.serving())
	s.put("mine.wasm", runner(`{"name":"m","types":["x"],"version":"2"}`))
	s.settle()
	require.Equal(t, map[string]string{"x": "2"}, s.serving())
	require.Contains(t, s.reasons(), "m.wasm refused: replaced by "+dir+"/mine.wasm")
	s.put("mine.wasm", []byte("text"))
	s.settle()
	require.Equal(t, map[string]string{"x": "2"}, s.serving())
	s.rm("mine.wasm")
	s.settle()
	require.Equal(t, map[string]string{"x": "built-in", "y": "built-in"}, s.serving())
}

func TestFolderGoesAway(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mods")
	require.NoError(t, os.Mkdir(dir, 0o700))
	s := newShelf(t, dir, newRecording(t))
	defer func() { require.NoError(t, s.Close(context.Background())) }()
	s.put("m.wasm", runner(`{"name":"m","version":"1"}`))
	s.settle()
	require.NoError(t, os.Rename(dir, dir+".away"))
	s.settle()
	require.Equal(t, map[string]string{"m": "1"}, s.serving(), "that it cannot be read says nothing of what is in it")
	require.NoError(t, os.Mkdir(dir, 0o700))
	s.put("n.wasm", runner(`{"name":"n","version":"1"}`))
	s.settle()
	require.Equal(t, map[string]string{"n": "1"}, s.serving(), "another folder in its place counts")
}

// TestFileEvents does with files what people and programs do, and checks after
// each step what must hold whatever came before.
func TestFileEvents(t *testing.T) {
	loader := newRecording(t)
	versions := 0
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "henge-registry-")
		require.NoError(t, err)
		defer os.RemoveAll(dir)
		s := newShelf(t, dir, loader)
		defer func() { require.NoError(t, s.Close(context.Background())) }()
		loader.given = nil

		whole := map[string]bool{}         // what any file was as a whole
		good := map[string]*abi.Manifest{} // what each file could serve now, if anything
		here := map[string]bool{}          // files that are there
		last := map[string]held{}
		name := rapid.SampledFrom([]string{"a.wasm", "b.wasm", "c.wasm"})
		any := func(t *rapid.T) (*abi.Manifest, []byte) {
			versions++
			m := &abi.Manifest{
				Name:    rapid.SampledFrom([]string{"m", "n", "o"}).Draw(t, "name"),
				Types:   rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"w", "x", "y", "z"}), 1, 3, rapid.ID).Draw(t, "types"),
				Version: fmt.Sprint(versions),
			}
			b := runner(fmt.Sprintf(`{"name":%q,"types":["%s"],"version":%q}`, m.Name, strings.Join(m.Types, `","`), m.Version))
			whole[string(b)] = true
			return m, b
		}
		write := func(f string, m *abi.Manifest) { here[f], good[f] = true, m }

		s.looked = func() {
			now := s.byFile()
			for f, was := range last {
				if now[f].version != "" && now[f].version != was.version {
					continue // it has a new version
				}
				names := s.namesOf(f, was.name)
				replaces := func(g string, h held) bool { return g != f && slices.Contains(names, h.name) }
				if !reflect.DeepEqual(was, now[f]) && !s.isGone(f) {
					require.True(t, anyOf(now, replaces), "%s served %v, and nothing has taken its place:\n%s", f, was, s.reasons())
				}
			}
			last = now
		}
		t.Repeat(map[string]func(*rapid.T){
			"copy": func(t *rapid.T) {
				f := name.Draw(t, "file")
				m, b := any(t)
				write(f, m)
				s.put(f, b)
			},
			"move": func(t *rapid.T) {
				f := name.Draw(t, "file")
				m, b := any(t)
				write(f, m)
				s.move(f, b)
			},
			"copy slowly": func(t *rapid.T) {
				f := name.Draw(t, "file")
				m, b := any(t)
				write(f, m)
				for _, to := range []int{20, 60, len(b)} {
					s.put(f, b[:to])
					s.look(s.quiet - 1)
				}
			},
			"break": func(t *rapid.T) {
				f := name.Draw(t, "file")
				_, b := any(t)
				b = rapid.SampledFrom([][]byte{[]byte("text"), {}, b[:30], append(bytes.Clone(b), 0xff)}).Draw(t, "content")
				whole[string(b)] = true
				write(f, nil)
				s.put(f, b)
			},
			"swap": func(t *rapid.T) {
				f, g := name.Draw(t, "one"), name.Draw(t, "other")
				if f == g || !here[f] || !here[g] {
					t.Skip()
				}
				for _, move := range [][2]string{{f, ".swap"}, {g, f}, {".swap", g}} {
					require.NoError(t, os.Rename(filepath.Join(dir, move[0]), filepath.Join(dir, move[1])))
				}
				good[f], good[g] = good[g], good[f]
			},
			"remove": func(t *rapid.T) {
				f := name.Draw(t, "file")
				s.rm(f)
				here[f], good[f] = false, nil
			},
			"touch": func(t *rapid.T) {
				if f := name.Draw(t, "file"); here[f] {
					at := time.Unix(rapid.Int64Range(1e6, 1<<31).Draw(t, "at"), 0)
					require.NoError(t, os.Chtimes(filepath.Join(dir, f), at, at))
				}
			},
			"look": func(t *rapid.T) { s.look(s.quiet * time.Duration(rapid.IntRange(0, 9).Draw(t, "tenths")) / 10) },
			"settle": func(t *rapid.T) {
				s.settle()
				by := s.byFile()
				for _, f := range []string{"a.wasm", "b.wasm", "c.wasm"} {
					m := good[f]
					if !here[f] {
						require.Empty(t, by[f], "%s is gone and serves", f)
					}
					if m == nil || by[f].version == m.Version {
						continue
					}
					rivals := func(g string, h held) bool {
						return g != f && (h.name == m.Name || len(common(h.types, m.Types)) > 0)
					}
					require.True(t, anyOf(by, rivals), "%s could serve %v and does not:\n%s", f, m.Types, s.reasons())
				}
			},
			"": func(t *rapid.T) {
				loader.mu.Lock()
				defer loader.mu.Unlock()
				for _, b := range loader.given {
					require.True(t, whole[string(b)], "a part of a file was loaded: %q", b)
				}
				s.mu.Lock()
				defer s.mu.Unlock()
				for typ, rec := range s.byType {
					require.True(t, rec.module != nil && !rec.dropped, "type %s is served by what is closed", typ)
				}
				for rec := range s.leaving {
					require.Positive(t, rec.users, "%s %s is not closed", rec.file.name, rec.Version)
				}
			},
		})
	})
}

// namesOf returns the names of modules that a file has, and one that it had.
func (s *shelf) namesOf(f, had string) []string {
	names := []string{had}
	for _, e := range s.Entries() {
		if filepath.Base(e.File) == f {
			names = append(names, e.Name)
		}
	}
	return names
}

// anyOf says whether something holds for any file that serves.
func anyOf(by map[string]held, holds func(file string, h held) bool) bool {
	for f, h := range by {
		if holds(f, h) {
			return true
		}
	}
	return false
}
