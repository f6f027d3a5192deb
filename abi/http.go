package abi

// Fetch is the request of http.fetch. An empty Method is GET. TimeoutMS and
// MaxBody of 0 leave it to the host's limits.
type Fetch struct {
	Method    string            `json:"method,omitempty"`
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers,omitempty"`
	Body      Value             `json:"body,omitzero"` // text or bytes
	TimeoutMS int64             `json:"timeout_ms,omitempty"`
	MaxBody   int64             `json:"max_body,omitempty"`
}

// Fetched is the reply of http.fetch. Names of headers are in lower case, and
// values of the same name are joined by a comma. Body is as TextOrBytes gives
// it.
type Fetched struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    Value             `json:"body"`
}
