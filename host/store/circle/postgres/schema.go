package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/henge-run/henge/host/store/filename"
)

// schemaVersion stands in henge.version.
const schemaVersion = 1

// The oldest PostgreSQL on which this was tried.
const oldest = 15

// ErrNewer is returned for a database that a later henge has written.
var ErrNewer = errors.New("a newer henge wrote this database: update henge")

// common is what all circles share, and no role but ours can reach.
const common = `
CREATE SCHEMA IF NOT EXISTS henge;
CREATE TABLE IF NOT EXISTS henge.version (version int NOT NULL);
INSERT INTO henge.version SELECT 1 WHERE NOT EXISTS (SELECT FROM henge.version);
CREATE TABLE IF NOT EXISTS henge.circle (name text COLLATE "C" PRIMARY KEY, place text NOT NULL UNIQUE);
`

// own is what each circle has in its schema, which its role can use and
// create things in. These tables are ours.
const own = `
CREATE SCHEMA {place};
CREATE ROLE {place} NOLOGIN NOINHERIT ROLE CURRENT_USER;
GRANT USAGE, CREATE ON SCHEMA {place} TO {place};
CREATE TABLE {place}.henge_state (writes bigint NOT NULL);
INSERT INTO {place}.henge_state VALUES (0);
CREATE SEQUENCE {place}.henge_models;
SELECT nextval('{place}.henge_models');
CREATE TABLE {place}.henge_job (
	key bytea PRIMARY KEY, dialect text NOT NULL, queue bytea NOT NULL, id bytea NOT NULL, run bigint NOT NULL, begun bigint NOT NULL,
	attempt bigint NOT NULL, done boolean NOT NULL, output bytea, at bigint NOT NULL
);
CREATE INDEX henge_job_at ON {place}.henge_job (at);
CREATE TABLE {place}.henge_kv (key bytea PRIMARY KEY, value bytea NOT NULL, expires bigint);
CREATE INDEX henge_kv_expires ON {place}.henge_kv (expires) WHERE expires IS NOT NULL;
CREATE TABLE {place}.henge_member (caller text COLLATE "C" PRIMARY KEY, role text NOT NULL);
CREATE TABLE {place}.henge_publication (kind text COLLATE "C", name text COLLATE "C", PRIMARY KEY (kind, name));
`

// creating is the lock under which what all share is made, one at a time.
const creating = "SELECT pg_advisory_xact_lock(hashtext('henge'))"

// server is what is known of the database.
type server struct{ database string }

// check says what is wrong with the server and our user, and makes what all
// circles share.
func (s *Store) check(ctx context.Context, conn *pgx.Conn) (server, error) {
	var (
		found                         server
		version                       int
		super, roles, schemas, public bool
		encoding                      string
	)
	err := conn.QueryRow(ctx, `
		SELECT current_setting('server_version_num')::int / 10000, current_database(), current_setting('server_encoding'), r.rolsuper, r.rolcreaterole,
			has_database_privilege(current_database(), 'CREATE'), coalesce(has_schema_privilege('public', to_regnamespace('public'), 'CREATE'), false)
		FROM pg_catalog.pg_roles r WHERE r.rolname = session_user`).
		Scan(&version, &found.database, &encoding, &super, &roles, &schemas, &public)
	switch {
	case err != nil:
		return found, err
	case version < oldest:
		return found, fmt.Errorf("the server is PostgreSQL %d, and %d or later is needed", version, oldest)
	case encoding != "UTF8":
		return found, fmt.Errorf("the database %s has the encoding %s, and UTF8 is needed", found.database, encoding)
	case super:
		return found, errors.New("the user of the database is a superuser, which nothing on the server holds back: make one for henge with CREATE ROLE henge LOGIN CREATEROLE and a database with CREATE DATABASE henge OWNER henge")
	case !roles || !schemas:
		return found, fmt.Errorf("the user of the database has to make a role and a schema for each circle: as a superuser, ALTER ROLE … CREATEROLE and GRANT CREATE ON DATABASE %s TO it", found.database)
	case public:
		return found, fmt.Errorf("everybody may create things in the schema public, where circles could meet: as a superuser in the database %s, REVOKE CREATE ON SCHEMA public FROM PUBLIC", found.database)
	}
	if err := s.checkPublic(ctx, conn, found.database); err != nil {
		return found, err
	}
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, creating); err != nil {
			return err
		}
		if _, err := conn.PgConn().Exec(ctx, common).ReadAll(); err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, "SELECT version FROM henge.version").Scan(&version); err != nil {
			return err
		}
		if version > schemaVersion {
			return fmt.Errorf("version %d, this henge knows %d: %w", version, schemaVersion, ErrNewer)
		}
		return nil
	})
	return found, err
}

// ensure returns the schema of a circle, which it makes where it is missing.
func (s *Store) ensure(ctx context.Context, name string) (string, error) {
	name, err := filename.Canonical(name)
	if err != nil {
		return "", err
	}
	var place string
	err = s.looks.AcquireFunc(ctx, func(c *pgxpool.Conn) error {
		return pgx.BeginFunc(ctx, c.Conn(), func(tx pgx.Tx) error {
			place, _, err = s.make(ctx, tx, name)
			return err
		})
	})
	if err != nil {
		return "", explain(ctx, fmt.Errorf("make the database of circle %s: %w", name, err), nil)
	}
	s.remember(name, place)
	return place, nil
}

// make makes the schema of a circle in a transaction, unless it has one.
func (s *Store) make(ctx context.Context, tx pgx.Tx, name string) (place string, made bool, err error) {
	place = s.placeOf(name)
	entered, err := tx.Exec(ctx, "INSERT INTO henge.circle (name, place) VALUES ($1, $2) ON CONFLICT DO NOTHING", name, place)
	if err != nil || entered.RowsAffected() == 0 {
		return place, false, err
	}
	_, err = tx.Conn().PgConn().Exec(ctx, at(place, own)).ReadAll()
	return place, true, err
}

// placeOf names a circle's schema and role. Roles are the whole server's, so
// the database is a part of it; a circle's own name may be too long.
func (s *Store) placeOf(name string) string {
	sum := sha256.Sum256([]byte(s.server.database + "\x00" + name))
	return "henge_" + hex.EncodeToString(sum[:20])
}

// at puts a circle's schema into a statement of ours. Its name needs no quotes.
func at(place, sql string) string { return strings.ReplaceAll(sql, "{place}", place) }
