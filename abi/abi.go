// Package abi is the contract between the host and a guest module, version 1,
// as Go sees it: the names a module may import and must export, error codes,
// messages, their encoding and the manifest. ABI.md is the same for people,
// henge.h for C.
//
// It imports nothing else of henge, so that tools and other hosts can use it
// alone.
package abi

// Import modules. A module's import list is the list of what it may ask for,
// so each capability carries its version in its name: a later version is
// another capability, offered beside this one.
const (
	JobV1    = "henge_job_v1"
	LogV1    = "henge_log_v1"
	ClockV1  = "henge_clock_v1"
	RedisV1  = "henge_redis_v1"
	SQLV1    = "henge_sql_v1"
	KVV1     = "henge_kv_v1"
	CircleV1 = "henge_circle_v1"
	HTTPV1   = "henge_http_v1"
	QueueV1  = "henge_queue_v1"

	// WASI is what ordinary compilers target. It gives no files.
	WASI = "wasi_snapshot_preview1"
)

// Exports the host looks for.
const (
	// ExportMemory is the linear memory. Every module has one.
	ExportMemory = "memory"

	// ExportInitialize is called first, once, where a reactor has it.
	ExportInitialize = "_initialize"

	// ExportInit is called once after it. What it builds is part of the state
	// that every job starts from, so it may use only LogV1 and ClockV1.
	ExportInit = "henge_init"

	// ExportRun runs one job and returns 0 for success: () -> i32.
	ExportRun = "henge_run"

	// ExportStart is a WASI command's entry, used where ExportRun is missing.
	ExportStart = "_start"
)

// Environment variables of a WASI command that the host sets after the job's
// own, so that a job cannot choose them.
const (
	EnvContext = "CONTEXT_ID"
	EnvCaller  = "CALLER_ID"
	EnvJob     = "JOB_ID"
	EnvAttempt = "JOB_ATTEMPT"
)

// MaxRandom is the most bytes that one call of the clock's random gives.
const MaxRandom = 65536
