package queue

import (
	"encoding/json"
	"time"

	"github.com/henge-run/henge/host/job"
)

// logLine is a line of a job's log as it stands in Redis.
type logLine struct {
	Time   time.Time      `json:"time"`
	Level  string         `json:"level"`
	Text   string         `json:"text"`
	Fields map[string]any `json:"fields,omitempty"`
}

func encodeLogLine(l job.LogLine) []byte {
	line := logLine{Time: l.Time.UTC(), Level: l.Level.String(), Text: l.Text, Fields: l.Fields}
	b, err := json.Marshal(line)
	if err != nil { // a field that JSON cannot say, such as NaN; the text matters more
		line.Fields = map[string]any{"fields_left_out": err.Error()}
		b, _ = json.Marshal(line)
	}
	return b
}

// decodeLogLine returns what somebody else may have written there as text.
func decodeLogLine(s string) job.LogLine {
	var line logLine
	if err := json.Unmarshal([]byte(s), &line); err != nil {
		return job.LogLine{Text: s}
	}
	level, _ := job.ParseLevel(line.Level)
	return job.LogLine{Time: line.Time, Level: level, Text: line.Text, Fields: line.Fields}
}
