package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/store/circle"
	"github.com/henge-run/henge/host/store/circle/postgres"
	"github.com/henge-run/henge/host/store/circle/sqlite"
)

// circlesDir is the folder of the circles' databases.
func (g *globals) circlesDir() (string, error) {
	dir, err := g.dataDir()
	return filepath.Join(dir, "circles"), err
}

// openCircles opens the circles' databases: at --database, or in the data
// folder. There it sees to it, with rdb, that no other host keeps one for the
// same circle.
func (g *globals) openCircles(ctx context.Context, rdb redis.UniversalClient, log *slog.Logger, opts circleOptions) (circle.Keeper, error) {
	if g.Database != "" {
		return g.openDatabase(ctx, log, opts)
	}
	dir, err := g.circlesDir()
	if err != nil {
		return nil, err
	}
	host, err := g.host()
	if err != nil {
		return nil, err
	}
	return sqlite.Open(dir, sqlite.Options{
		MaxOpen: max(sqlite.DefaultMaxOpen, opts.jobs), MaxBytes: opts.maxBytes, Keep: opts.keep, Home: atHome(rdb, host, log),
	})
}

// openDatabase opens the circles' databases at --database.
func (g *globals) openDatabase(ctx context.Context, log *slog.Logger, opts circleOptions) (circle.Keeper, error) {
	return postgres.Open(ctx, string(g.Database), postgres.Options{MaxOpen: opts.jobs, MaxBytes: opts.maxBytes, Keep: opts.keep, Log: log})
}

// databaseKind is what circles' databases are kept in, as a file that is exported
// calls it.
func (g *globals) databaseKind() string {
	if g.Database != "" {
		return "postgres"
	}
	return "sqlite"
}

// circleOptions are what both kinds of databases have in common. Zero is the
// default of each.
type circleOptions struct {
	jobs     int // that run at once
	maxBytes int64
	keep     time.Duration
}

// databaseURL is where the circles' databases are, if not in files.
type databaseURL string

// UnmarshalText takes URLs alone, whose passwords are left out where they are
// shown. An empty one is none.
func (d *databaseURL) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = ""
		return nil
	}
	u, err := url.Parse(string(text))
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") || u.Query().Has("password") {
		return errors.New("the database is not named as in postgres://user:password@host/name")
	}
	*d = databaseURL(text)
	return nil
}

// host returns the name of this host's data folder, which it makes up where
// there is none: something random, and the host's own name for people.
func (g *globals) host() (string, error) {
	dir, err := g.dataDir()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "host")
	// Two that come first at the same time agree on one of both.
	made := path + "." + uuid.NewString()
	if _, err := os.Stat(path); os.IsNotExist(err) {
		if err := os.WriteFile(made, []byte(uuid.NewString()+"\n"), 0o600); err != nil {
			return "", fmt.Errorf("name this host: %w", err)
		}
		err = os.Link(made, path)
		_ = os.Remove(made)
		if err != nil && !os.IsExist(err) {
			return "", fmt.Errorf("name this host: %w", err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("name this host: %w", err)
	}
	id, err := uuid.Parse(strings.TrimSpace(string(text)))
	if err != nil {
		return "", fmt.Errorf("name this host: %s is damaged (%w): delete it when no worker runs here, and import the circles again", path, err)
	}
	name, err := os.Hostname()
	if err != nil {
		name = "unknown"
	}
	return id.String() + "@" + name, nil
}

// atHome refuses circles whose database another host has on its disk: with one
// on each, half of the jobs would see one and half the other.
func atHome(rdb redis.UniversalClient, host string, log *slog.Logger) func(context.Context, string) error {
	id, _, _ := strings.Cut(host, "@")
	return func(ctx context.Context, name string) error {
		home, err := queue.ClaimHome(ctx, rdb, name, host)
		if err != nil {
			log.Error("not known which host has a circle's database", "circle", name, "err", err)
			return &abi.Error{Code: abi.Unavailable, Message: "it cannot be looked up which host has the circle's database"}
		}
		theirs, hostName, _ := strings.Cut(home, "@")
		if theirs == id {
			return nil
		}
		log.Warn("circle's database refused: another host has it", "circle", name, "host", hostName)
		return &abi.Error{Code: abi.AccessDenied, Message: fmt.Sprintf(
			"the circle's database is on the host %.80q, or in another data folder, and not here: serve the circle there alone, or move the database with henge circle export and henge circle import", hostName)}
	}
}
