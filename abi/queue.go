package abi

// SubmitJob is the request of queue.submit. Circle and caller are those of the
// job that asks.
type SubmitJob struct {
	Type      string            `json:"type"`
	Payload   Value             `json:"payload"` // text or bytes
	TimeoutMS int64             `json:"timeout_ms,omitempty"`
	Retries   int64             `json:"retries,omitempty"`
	DelayMS   int64             `json:"delay_ms,omitempty"`
	Env       map[string]string `json:"env,omitempty"`
}

// SubmittedJob is the reply of queue.submit.
type SubmittedJob struct {
	ID string `json:"id"`
}

// WaitJobs is the request of queue.wait. A TimeoutMS of 0 waits until the
// deadline of the job that asks.
type WaitJobs struct {
	IDs       []string `json:"ids"`
	TimeoutMS int64    `json:"timeout_ms,omitempty"`
}

// WaitedJobs is the reply of queue.wait: those of the jobs that have ended, by
// id.
type WaitedJobs map[string]WaitedJob

// WaitedJob is how a job ended: Status is succeeded, failed, cancelled or dead,
// whatever the dialect's word.
type WaitedJob struct {
	Status string `json:"status"`
	Output Value  `json:"output"` // as TextOrBytes gives it
	Error  string `json:"error"`
}
