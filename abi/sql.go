package abi

// Query is the request of sql.query.
type Query struct {
	SQL string `json:"sql"`

	// Args are the parameters' values: a list for those that are numbered, or
	// a map for those that are named. Empty for none.
	Args Value `json:"args,omitzero"`

	// MaxRows bounds the rows of the reply; 0 leaves it to the host's limit.
	MaxRows int64 `json:"max_rows,omitempty"`
}

// Rows is the reply of sql.query. More says that there were more of them than
// MaxRows.
type Rows struct {
	Columns []string  `json:"columns"`
	Rows    [][]Value `json:"rows"`
	More    bool      `json:"more"`
}

// Statement is the request of sql.exec, or one of a list of them.
type Statement struct {
	SQL  string `json:"sql"`
	Args Value  `json:"args,omitzero"`
}

// Changes is the reply to a Statement: how many rows it changed, and the id of
// the row that was inserted last, 0 for none.
type Changes struct {
	Changes int64 `json:"changes"`
	LastID  int64 `json:"last_id"`
}
