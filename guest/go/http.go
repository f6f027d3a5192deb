package henge

// Request is an HTTP request. What is zero is left to the host: GET, no body,
// its own limits.
type Request struct {
	URL       string
	Method    string
	Headers   map[string]string
	Body      []byte
	TimeoutMS int64
	MaxBody   int64 // of the response, in bytes
}

// Response is what came back. Names of headers are in lower case.
type Response struct {
	Status  int64 // one of 400 or more is no error
	Headers map[string]string
	Body    []byte
}

// HTTPFetch makes a request to a host that the operator allows.
func HTTPFetch(r Request) (*Response, error) {
	request := map[string]any{"url": r.URL}
	if r.Method != "" {
		request["method"] = r.Method
	}
	if len(r.Headers) > 0 {
		request["headers"] = values(r.Headers)
	}
	if len(r.Body) > 0 {
		request["body"] = r.Body
	}
	setOptional(request, "timeout_ms", r.TimeoutMS)
	setOptional(request, "max_body", r.MaxBody)
	fields, err := HTTPFetchValue(request)
	if err != nil {
		return nil, err
	}
	return &Response{Status: field[int64](fields, "status"), Headers: texts(fields["headers"]), Body: bytesOf(fields["body"])}, nil
}

// HTTPFetchValue is HTTPFetch with request and response as the contract has
// them, for engines that pass on what a script gave: a field that the host does
// not know is InvalidArgument.
func HTTPFetchValue(request map[string]any) (map[string]any, error) {
	return askMap(httpFetch, request)
}

// values is a map of texts, as a request has it.
func values(texts map[string]string) map[string]any {
	out := make(map[string]any, len(texts))
	for name, text := range texts {
		out[name] = text
	}
	return out
}

// bytesOf is what a text or bytes are made of; nil for anything else.
func bytesOf(v any) []byte {
	switch v := v.(type) {
	case string:
		return []byte(v)
	case []byte:
		return v
	}
	return nil
}
