package henge

// Level is how important a line of the log is.
type Level string

// The levels.
const (
	Debug Level = "debug"
	Info  Level = "info"
	Warn  Level = "warn"
	Fault Level = "error"
)

// Log writes a line, with named values beside it; fields may be nil. Beyond the
// job's log limit lines are dropped and counted, which is no error.
func Log(level Level, text string, fields map[string]any) error {
	request := map[string]any{"text": validText(text), "level": string(level)}
	if len(fields) > 0 {
		request["fields"] = fields
	}
	return send(logWrite, request)
}
