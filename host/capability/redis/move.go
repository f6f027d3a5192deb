package redis

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/job"
)

// record is a key as it is written to a file, on a line of its own. Redis has a
// form of its own for that, whose bytes it trusts when it reads them, and which
// an older one does not know.
type record struct {
	Key     []byte `json:"key"`
	Type    string `json:"type"`
	Expires int64  `json:"expires_ms,omitempty"` // when, since 1970; 0 for never

	// Parts are the value: one for a string, the elements of a list or a set,
	// fields and values, members and scores. Of a stream each entry is one in
	// Entries: its id, fields and values.
	Parts   [][]byte   `json:"parts,omitempty"`
	Entries [][][]byte `json:"entries,omitempty"`
}

// longestRecord is a key of MaxKey as it is written, with room to spare.
const longestRecord = 4 * MaxKey

// Export writes all keys of a circle, and returns how many. Each is as it is at
// one moment, and they are read one after the other: jobs that write meanwhile
// are in some of them.
func Export(ctx context.Context, rdb goredis.UniversalClient, circle string, w io.Writer) (int, error) {
	out := json.NewEncoder(w)
	seen := map[string]bool{}
	err := Keys(ctx, rdb, circle, func(key string) error {
		if seen[key] {
			return nil
		}
		r, err := read(ctx, rdb, circle, key)
		if err != nil || r == nil {
			return err
		}
		seen[key] = true
		return out.Encode(r)
	})
	if err != nil {
		return 0, fmt.Errorf("export the keys of circle %s: %w", circle, err)
	}
	return len(seen), nil
}

// read returns a key; nil where there is none any more.
func read(ctx context.Context, rdb goredis.UniversalClient, circle, key string) (*record, error) {
	full := Prefix(circle) + key
	kind, err := rdb.Type(ctx, full).Result()
	if err != nil || kind == "none" {
		return nil, err
	}
	left, err := rdb.PTTL(ctx, full).Result()
	if err != nil {
		return nil, err
	}
	r := &record{Key: []byte(key), Type: kind}
	if left > 0 {
		r.Expires = time.Now().Add(left).UnixMilli()
	}
	switch kind {
	case "string":
		var text string
		if text, err = rdb.Get(ctx, full).Result(); err == goredis.Nil {
			return nil, nil // it has expired since
		}
		r.add(text)
	case "list":
		var all []string
		all, err = rdb.LRange(ctx, full, 0, -1).Result()
		r.add(all...)
	case "set":
		var all []string
		all, err = rdb.SMembers(ctx, full).Result()
		r.add(all...)
	case "hash":
		var all map[string]string
		all, err = rdb.HGetAll(ctx, full).Result()
		for field, value := range all {
			r.add(field, value)
		}
	case "zset":
		var all []goredis.Z
		all, err = rdb.ZRangeWithScores(ctx, full, 0, -1).Result()
		for _, z := range all {
			r.add(strconv.FormatFloat(z.Score, 'g', -1, 64), z.Member.(string))
		}
	case "stream":
		// As it comes: a field may be there twice, which a map would lose.
		var all []any
		all, err = rdb.Do(ctx, "XRANGE", full, "-", "+").Slice()
		for _, m := range all {
			r.Entries = append(r.Entries, entryOf(m))
		}
	default:
		return nil, fmt.Errorf("the key %.80q is a %.40q, which no script can have made", key, kind)
	}
	if len(r.Parts) == 0 && len(r.Entries) == 0 {
		return nil, err
	}
	return r, err
}

// entryOf is an entry of a stream, with its fields behind its id.
func entryOf(reply any) (entry [][]byte) {
	switch v := reply.(type) {
	case string:
		return [][]byte{[]byte(v)}
	case []any:
		for _, part := range v {
			entry = append(entry, entryOf(part)...)
		}
	}
	return entry
}

func (r *record) add(parts ...string) {
	for _, p := range parts {
		r.Parts = append(r.Parts, []byte(p))
	}
}

// Import makes the keys that Export has written a circle's, by the commands that
// scripts have, within the quota of opts. Keys of the same names are replaced,
// others stay. What the circle's jobs write meanwhile may be lost.
func Import(ctx context.Context, opts Options, circle string, from io.Reader) (int, error) {
	a, err := serviceOf(opts).attempt(ctx, &capability.Session{Job: &job.Job{Circle: circle, Caller: circle}})
	if err != nil {
		return 0, fmt.Errorf("import the keys of circle %s: %w", circle, err)
	}
	n := 0
	err = records(from, func(r *record) error {
		n++
		for _, command := range r.commands() {
			p, err := a.prepare(ctx, command)
			if err == nil {
				_, err = a.one(ctx, p)
			}
			if err != nil {
				return fmt.Errorf("the key %.80q: %w", r.Key, err)
			}
		}
		return nil
	})
	if err != nil {
		return n, fmt.Errorf("import the keys of circle %s: %w", circle, err)
	}
	return n, nil
}

// Check says what is wrong with what Import would read, and how many keys are in
// it.
func Check(from io.Reader) (n int, err error) {
	err = records(from, func(*record) error { n++; return nil })
	return n, err
}

// records gives each record of a file to do.
func records(from io.Reader, do func(*record) error) error {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, longestRecord)
	for n := 1; lines.Scan(); n++ {
		r := &record{}
		err := json.Unmarshal(lines.Bytes(), r)
		if err == nil {
			err = r.check()
		}
		if err != nil {
			return fmt.Errorf("key %d of the file: %w", n, err)
		}
		if err := do(r); err != nil {
			return err
		}
	}
	return lines.Err()
}

// making are the commands that make each type, and how many parts belong
// together.
var making = map[string]struct {
	name  string
	group int
}{"string": {"SET", 1}, "list": {"RPUSH", 1}, "set": {"SADD", 1}, "hash": {"HSET", 2}, "zset": {"ZADD", 2}, "stream": {"XADD", 1}}

func (r *record) check() error {
	how, ok := making[r.Type]
	switch {
	case !ok:
		return fmt.Errorf("there is no type %.40q", r.Type)
	case r.Type == "stream" && (len(r.Entries) == 0 || len(r.Parts) > 0),
		r.Type != "stream" && (len(r.Parts) == 0 || len(r.Entries) > 0 || len(r.Parts)%how.group != 0),
		r.Type == "string" && len(r.Parts) != 1:
		return fmt.Errorf("its value is not that of a %s", r.Type)
	}
	return nil
}

// mostParts is how many parts a command has.
const mostParts = 1000

// commands make the key anew.
func (r *record) commands() [][]abi.Value {
	key := abi.Value{V: r.Key}
	how := abi.Value{V: making[r.Type].name}
	all := [][]abi.Value{{{V: "DEL"}, key}}
	add := func(parts [][]byte) {
		command := []abi.Value{how, key}
		for _, p := range parts {
			command = append(command, abi.Value{V: p})
		}
		all = append(all, command)
	}
	for i := 0; i < len(r.Parts); i += mostParts {
		add(r.Parts[i:min(i+mostParts, len(r.Parts))])
	}
	for _, entry := range r.Entries {
		add(entry)
	}
	if r.Expires != 0 {
		all = append(all, []abi.Value{{V: "PEXPIREAT"}, key, {V: r.Expires}})
	}
	return all
}
