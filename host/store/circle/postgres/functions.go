package postgres

import (
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// What is immutable depends on its arguments alone, so it neither reads nor
// changes anything. These are the others that a script may call.
var harmless = strings.Fields(`
	age array_agg array_to_json array_to_string bernoulli clock_timestamp concat concat_ws convert convert_from convert_to
	count date date_add date_bin date_part date_subtract date_trunc enum_first enum_last enum_range extract format
	gen_random_uuid generate_series interval isfinite json_agg json_build_array json_build_object json_object_agg
	json_populate_record json_populate_recordset json_to_record json_to_recordset json_to_tsvector jsonb_agg
	jsonb_build_array jsonb_build_object jsonb_object_agg jsonb_path_exists_tz jsonb_path_match_tz
	jsonb_path_query_array_tz jsonb_path_query_first_tz jsonb_path_query_tz jsonb_populate_record jsonb_populate_recordset
	jsonb_to_record jsonb_to_recordset jsonb_to_tsvector length make_timestamptz money nextval now numeric overlaps
	phraseto_tsquery plainto_tsquery quote_literal quote_nullable random random_normal row_to_json statement_timestamp
	string_agg string_to_array system text time timeofday timestamp timestamptz timetz timezone to_char to_date to_json
	to_jsonb to_number to_timestamp to_tsquery to_tsvector transaction_timestamp ts_headline ts_rank ts_rank_cd
	websearch_to_tsquery
`)

// The opposite: they tell the names of tables and roles that have a number.
var harmful = strings.Fields("satisfies_hash_partition makeaclitem acldefault aclinsert aclremove aclcontains aclitemeq")

// loadFunctions asks the server which functions there are, in any schema: one
// that we never heard of is not called either.
func loadFunctions(ctx context.Context, conn *pgx.Conn) (map[string]bool, error) {
	rows, err := conn.Query(ctx, `
		SELECT p.proname, coalesce(bool_and(p.provolatile = 'i') FILTER (WHERE n.nspname = 'pg_catalog'), false), bool_or(n.nspname = 'pg_catalog')
		FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace GROUP BY p.proname`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := map[string]bool{}
	for rows.Next() {
		var name string
		var immutable, builtIn bool
		if err := rows.Scan(&name, &immutable, &builtIn); err != nil {
			return nil, err
		}
		all[name] = builtIn && (immutable || slices.Contains(harmless, name)) && !slices.Contains(harmful, name)
	}
	return all, rows.Err()
}
