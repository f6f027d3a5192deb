package abi

// Functions returns the functions of each capability of this contract by its
// import module, in the order of ABI.md. WASI has a standard of its own.
func Functions() map[string][]string {
	return map[string][]string{
		JobV1:    {"input", "meta", "output", "progress", "fail", "take"},
		LogV1:    {"write"},
		ClockV1:  {"now", "monotonic", "random"},
		RedisV1:  {"do", "pipeline"},
		SQLV1:    {"query", "exec"},
		KVV1:     {"get", "set", "delete", "list"},
		CircleV1: {"role", "publish", "unpublish"},
		HTTPV1:   {"fetch"},
		QueueV1:  {"submit", "wait"},
	}
}
