package abi

// Meta is the reply of job.meta: the job's identity and limits. All of it
// comes from the host; no request names a circle or a caller.
type Meta struct {
	ID      string `json:"id"`
	Circle  string `json:"circle"`
	Caller  string `json:"caller"`
	Type    string `json:"type"`
	Dialect string `json:"dialect"`
	Attempt int64  `json:"attempt"`

	// DeadlineMS is when the attempt will be stopped, in Unix milliseconds.
	DeadlineMS int64 `json:"deadline_ms"`

	Env    map[string]string `json:"env"`
	Limits MetaLimits        `json:"limits"`
}

// MetaLimits are the budgets of the attempt, sizes in bytes.
type MetaLimits struct {
	Memory    int64 `json:"memory"`
	Input     int64 `json:"input"`
	Output    int64 `json:"output"`
	Log       int64 `json:"log"`
	Fuel      int64 `json:"fuel"`
	Depth     int64 `json:"depth"`
	HostCalls int64 `json:"host_calls"`
	WallMS    int64 `json:"wall_ms"`
}

// Fail is the request of job.fail. The module then returns non-zero; Message
// becomes the job's error.
type Fail struct {
	Message string `json:"message"`

	// Code is the module's own word for the kind of failure; optional.
	Code string `json:"code,omitempty"`

	// Data is kept in the job's log, with Code; optional.
	Data Value `json:"data,omitzero"`

	// Retry false asks for no further attempt. Absent, the job's own number
	// of retries decides.
	Retry *bool `json:"retry,omitempty"`
}

// Progress is the request of job.progress. Done and Total are in the job's
// own unit; Total 0 means not known.
type Progress struct {
	Done  float64 `json:"done"`
	Total float64 `json:"total,omitempty"`
	Text  string  `json:"text,omitempty"`
}

// LogLine is the request of log.write. Level is debug, info, warn or error;
// empty means info.
type LogLine struct {
	Level  string           `json:"level,omitempty"`
	Text   string           `json:"text"`
	Fields map[string]Value `json:"fields,omitempty"`
}
