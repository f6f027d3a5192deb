package henge

// Rows is what a query found.
type Rows struct {
	Columns []string
	Rows    [][]any
	More    bool // there were more rows than these
}

// Changes is what a statement did.
type Changes struct {
	Changes int64 // rows
	LastID  int64 // of the row that was inserted last; 0 for none
}

// SQLQuery runs a query on the circle's database. args are the values for its
// parameters: a []any for those that are numbered, a map[string]any for those
// with names, nil for none. A maxRows of 0 leaves it to the host's limit.
//
// All that a job does with the database is one transaction, committed when the
// job succeeds.
func SQLQuery(sql string, args any, maxRows int64) (*Rows, error) {
	request := statement(sql, args)
	setOptional(request, "max_rows", maxRows)
	fields, err := askMap(sqlQuery, request)
	if err != nil {
		return nil, err
	}
	rows := &Rows{More: field[bool](fields, "more")}
	for _, column := range field[[]any](fields, "columns") {
		name, _ := column.(string)
		rows.Columns = append(rows.Columns, name)
	}
	for _, row := range field[[]any](fields, "rows") {
		cells, _ := row.([]any)
		rows.Rows = append(rows.Rows, cells)
	}
	return rows, nil
}

// SQLExec runs a statement that changes something. It is a Conflict when
// somebody else wrote since the job's first read.
func SQLExec(sql string, args any) (Changes, error) {
	fields, err := askMap(sqlExec, statement(sql, args))
	return Changes{Changes: field[int64](fields, "changes"), LastID: field[int64](fields, "last_id")}, err
}

func statement(sql string, args any) map[string]any {
	request := map[string]any{"sql": sql}
	if args != nil {
		request["args"] = args
	}
	return request
}
