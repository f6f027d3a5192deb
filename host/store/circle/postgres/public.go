package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// checkPublic takes from everybody on the server what no script should have,
// where our user may do that, and tells the operator of the rest.
//
// A statement of a script's that changes its role gains nothing: it is alone in
// its call, and each call takes on the circle's role anew. What would gain
// something is a statement with others inside it, after the change: one that
// calls set_config, or code in a language of the server's. PostgreSQL gives both
// to everybody, and a superuser alone can take them back. Temporary tables are
// seen by whoever uses the connection next, in front of its own.
func (s *Store) checkPublic(ctx context.Context, conn *pgx.Conn, database string) error {
	var setting, temporary, owned bool
	var languages string
	err := conn.QueryRow(ctx, `
		SELECT has_function_privilege('public', 'pg_catalog.set_config(text,text,boolean)', 'EXECUTE'),
			(SELECT coalesce(string_agg(quote_ident(lanname), ', ' ORDER BY lanname), '') FROM pg_catalog.pg_language
				WHERE lanpltrusted AND has_language_privilege('public', oid, 'USAGE')),
			has_database_privilege('public', current_database(), 'TEMPORARY'), pg_has_role(datdba, 'USAGE')
		FROM pg_catalog.pg_database WHERE datname = current_database()`).Scan(&setting, &languages, &temporary, &owned)
	if err != nil {
		return fmt.Errorf("look what everybody may do in the database: %w", err)
	}
	var revoke []string
	if setting {
		revoke = append(revoke, "REVOKE EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) FROM PUBLIC")
	}
	if languages != "" {
		revoke = append(revoke, "REVOKE USAGE ON LANGUAGE "+languages+" FROM PUBLIC")
	}
	if temporary {
		statement := "REVOKE TEMPORARY ON DATABASE " + pgx.Identifier{database}.Sanitize() + " FROM PUBLIC"
		if !owned {
			revoke = append(revoke, statement)
		} else if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("take temporary tables from everybody: %w", err)
		}
	}
	if len(revoke) > 0 {
		s.opts.Log.Warn("scripts are kept in their circle's role by henge's look at their statements alone; a superuser can have the server do so too, in this database",
			"database", database, "statements", strings.Join(revoke, "; "))
	}
	return nil
}
