package henge

// Job is a further job, of the same circle and caller.
type Job struct {
	Type      string
	Payload   []byte
	TimeoutMS int64 // of an attempt; 0 leaves it to the host
	Retries   int64
	DelayMS   int64
	Env       map[string]string
}

// Ended is how a job ended.
type Ended struct {
	Status string // succeeded, failed, cancelled or dead
	Output []byte
	Error  string
}

// QueueSubmit hands in a job and returns its id. It stays although the job that
// runs may fail.
func QueueSubmit(j Job) (string, error) {
	request := map[string]any{"type": j.Type, "payload": j.Payload}
	setOptional(request, "timeout_ms", j.TimeoutMS)
	setOptional(request, "retries", j.Retries)
	setOptional(request, "delay_ms", j.DelayMS)
	if len(j.Env) > 0 {
		request["env"] = values(j.Env)
	}
	return QueueSubmitValue(request)
}

// QueueSubmitValue is QueueSubmit of a job as the contract has it, for engines
// that pass on what a script gave: a field that the host does not know is
// InvalidArgument.
func QueueSubmitValue(job map[string]any) (string, error) {
	fields, err := askMap(queueSubmit, job)
	return field[string](fields, "id"), err
}

// QueueWait waits until these jobs have ended, all of which this job has
// submitted, for timeoutMS milliseconds, or with 0 until its own deadline. It
// returns those that have ended, by id.
func QueueWait(ids []string, timeoutMS int64) (map[string]Ended, error) {
	list := make([]any, len(ids))
	for i, id := range ids {
		list[i] = id
	}
	request := map[string]any{"ids": list}
	setOptional(request, "timeout_ms", timeoutMS)
	fields, err := askMap(queueWait, request)
	if err != nil {
		return nil, err
	}
	all := make(map[string]Ended, len(fields))
	for id := range fields {
		ended := field[map[string]any](fields, id)
		all[id] = Ended{Status: field[string](ended, "status"), Output: bytesOf(ended["output"]), Error: field[string](ended, "error")}
	}
	return all, nil
}
