package main

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	goredis "github.com/redis/go-redis/v9"

	"github.com/henge-run/henge/host/capability/redis"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/store/circle"
)

// circleData is all that a circle has: its database, and its keys in the Redis
// that scripts keep their data in.
type circleData struct {
	namedCircle
	dataRedis
}

// with opens both, and says how the circle is called.
func (c *circleData) with(ctx context.Context, g *globals, do func(ctx context.Context, name string, store circle.Keeper, keys redis.Options, rdb goredis.UniversalClient) error) error {
	name, err := job.ParseCircle(c.Circle)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	// Where the worker's file says where they are, they are there.
	if said, ok := g.policy.Now().Settings["data-redis-url"]; ok && c.DataRedisURL == "" {
		c.DataRedisURL = fmt.Sprint(said.Value)
	}
	keys, connections, err := c.shared(g.RedisURL, 1)
	if err != nil {
		return err
	}
	defer connections.Close()
	rdb, err := keys.Client(ctx)
	if err != nil {
		return err
	}
	return withCircles(ctx, g, func(ctx context.Context, store circle.Keeper) error { return do(ctx, name, store, keys, rdb) })
}

// countKeys returns how many keys a circle has, some of them perhaps twice.
func countKeys(ctx context.Context, rdb goredis.UniversalClient, name string) (n int, err error) {
	err = redis.Keys(ctx, rdb, name, func(string) error { n++; return nil })
	return n, err
}

func nothingOf(name string) error {
	return exitWith(exitNotFound, "circle %s has no database here, and no keys in Redis", printable(name))
}

// circleExport is henge circle export.
type circleExport struct {
	circleData
	File string `arg:"" type:"path" help:"File to write, which must not be there yet."`
}

// Run writes a circle's database and keys to a file.
func (c *circleExport) Run(ctx context.Context, g *globals) error {
	return c.with(ctx, g, func(ctx context.Context, name string, store circle.Keeper, _ redis.Options, rdb goredis.UniversalClient) (err error) {
		if _, err := os.Lstat(c.File); err == nil {
			return fmt.Errorf("export circle %s: %s is there already", name, c.File)
		}
		// Beside the file, so that it takes its place in one step.
		dir, err := os.MkdirTemp(filepath.Dir(c.File), ".henge-export-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		whole := filepath.Join(dir, "whole")
		out, err := os.OpenFile(whole, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		err = export(ctx, g, out, dir, name, store, rdb)
		if err == nil {
			err = out.Sync()
		}
		if err = errors.Join(err, out.Close()); err != nil {
			return err
		}
		return os.Link(whole, c.File) // and not over one that has come meanwhile
	})
}

// export writes what a circle has to out, by way of a folder.
func export(ctx context.Context, g *globals, out io.Writer, dir, name string, store circle.Keeper, rdb goredis.UniversalClient) error {
	a := about{Version: archiveVersion, Circle: name}
	_, found, err := store.Find(ctx, name)
	if err != nil {
		return err
	}
	database, keys := filepath.Join(dir, partDatabase), filepath.Join(dir, partKeys)
	if found {
		a.Database = g.databaseKind()
		if err := store.Export(ctx, name, database); err != nil {
			return err
		}
	}
	f, err := os.OpenFile(keys, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	a.Keys, err = redis.Export(ctx, rdb, name, f)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if !found && a.Keys == 0 {
		return nothingOf(name)
	}
	z := zip.NewWriter(out)
	w, err := z.Create(partAbout)
	if err == nil {
		err = json.NewEncoder(w).Encode(a)
	}
	if err == nil && found {
		err = pack(z, partDatabase, database)
	}
	if err == nil {
		err = pack(z, partKeys, keys)
	}
	return errors.Join(err, z.Close())
}

// circleImport is henge circle import.
type circleImport struct {
	circleData
	File string `arg:"" type:"path" help:"File that henge circle export has written."`
	Yes  bool   `help:"Replace the database and the keys that the circle has here."`
}

// Run makes what is in a file a circle's, on this host from now on.
func (c *circleImport) Run(ctx context.Context, g *globals) error {
	return c.with(ctx, g, func(ctx context.Context, name string, store circle.Keeper, keys redis.Options, rdb goredis.UniversalClient) error {
		z, a, err := archiveOf(c.File)
		if err != nil {
			return err
		}
		defer z.Close()
		if a.Database != "" && a.Database != g.databaseKind() {
			return exitWith(exitUsage, "the file has a database of %.20q, and circles are kept in %s here: say where with --database, or leave it out", a.Database, g.databaseKind())
		}
		// All of it is looked at before anything is replaced.
		if err := readPart(z, partKeys, func(r io.Reader) error { _, err := redis.Check(r); return err }); err != nil {
			return err
		}
		n, err := countKeys(ctx, rdb, name)
		if err != nil {
			return err
		}
		_, found, err := store.Find(ctx, name)
		if err != nil {
			return err
		}
		if (n > 0 || found) && !c.Yes {
			return exitWith(exitUsage, "circle %s has data here already: give --yes to replace it", name)
		}
		if a.Database != "" {
			if err := c.importDatabase(ctx, z, name, store); err != nil {
				return err
			}
			if err := moveHome(ctx, g, name, true); err != nil {
				return err
			}
		}
		if err := redis.Remove(ctx, rdb, name); err != nil {
			return err
		}
		return readPart(z, partKeys, func(r io.Reader) error {
			_, err := redis.Import(ctx, keys, name, r)
			if err != nil {
				err = fmt.Errorf("%w; some keys are missing, so import again with --yes", err)
			}
			return err
		})
	})
}

func (c *circleImport) importDatabase(ctx context.Context, z *zip.ReadCloser, name string, store circle.Keeper) error {
	dir, err := os.MkdirTemp("", "henge-import-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, partDatabase)
	if err := unpack(z, partDatabase, file); err != nil {
		return err
	}
	ctx, cancel := patient(ctx)
	defer cancel()
	return store.Import(ctx, name, file, c.Yes)
}

// circleRm is henge circle rm.
type circleRm struct {
	circleData
	Yes bool `help:"Do not ask."`
}

// Run deletes a circle's database and keys.
func (c *circleRm) Run(ctx context.Context, s streams, g *globals) error {
	return c.with(ctx, g, func(ctx context.Context, name string, store circle.Keeper, _ redis.Options, rdb goredis.UniversalClient) error {
		kept, found, err := store.Find(ctx, name)
		if err != nil {
			return err
		}
		keys, err := countKeys(ctx, rdb, name)
		if err != nil {
			return err
		}
		used, err := redis.Used(ctx, rdb, name)
		if err != nil {
			return err
		}
		question := "Delete of circle " + name
		switch {
		case !found && keys == 0:
			return nothingOf(name)
		case found:
			question += fmt.Sprintf(" the database, %s with its tables, values, members and publications (%s), and", byteSize(kept.Size), filepath.Base(kept.Place))
		}
		question += fmt.Sprintf(" the %s keys in Redis, about %s?", count(keys), byteSize(used))
		if err := confirm(s, c.Yes, question); err != nil {
			return err
		}
		waiting, cancel := patient(ctx)
		defer cancel()
		if err := store.Remove(waiting, name); err != nil {
			return err
		}
		if err := redis.Remove(ctx, rdb, name); err != nil || !found {
			return err
		}
		return moveHome(ctx, g, name, false)
	})
}

// moveHome says that a circle's database is on this host from now on, or on
// none. One in PostgreSQL is on all of them.
func moveHome(ctx context.Context, g *globals, name string, here bool) error {
	host := ""
	if g.Database != "" {
		return nil
	}
	rdb, err := queue.Connect(g.RedisURL)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	defer rdb.Close()
	if here {
		if host, err = g.host(); err != nil {
			return err
		}
	}
	return queue.SetHome(ctx, rdb, name, host)
}
