package goengine

import (
	"maps"

	henge "github.com/henge-run/henge/guest/go"
)

func httpFunctions() []Function {
	all := []Function{{"http_fetch", func(args []any) (any, error) {
		request, err := fields("a request", args, 0)
		if err != nil {
			return nil, err
		}
		return fetch(request)
	}, 1, 1}}
	for name, method := range map[string]string{"http_get": "GET", "http_delete": "DELETE"} {
		all = append(all, Function{name, func(args []any) (any, error) { return send(method, args[0], nil, args[1:]) }, 1, 2})
	}
	for name, method := range map[string]string{"http_post": "POST", "http_put": "PUT"} {
		all = append(all, Function{name, func(args []any) (any, error) { return send(method, args[0], args[1], args[2:]) }, 2, 3})
	}
	return all
}

// send makes a request; what is left of the arguments are its headers.
func send(method string, url, body any, rest []any) (any, error) {
	headers, err := fields("headers", rest, 0)
	if err != nil {
		return nil, err
	}
	request := map[string]any{"method": method, "url": url}
	if len(headers) > 0 {
		request["headers"] = headers
	}
	if body != nil {
		request["body"] = body
	}
	return fetch(request)
}

// fetch leaves it to the host to say what is wrong with a request.
func fetch(request map[string]any) (any, error) {
	got, err := henge.HTTPFetchValue(request)
	if err != nil {
		return nil, err
	}
	return got, nil
}

func queueFunctions() []Function {
	return []Function{{"job_submit", submit, 1, 3}, {"job_wait", wait, 1, 2}}
}

// submit takes a job as a map, or its type, its payload and the rest.
func submit(args []any) (any, error) {
	if len(args) == 1 {
		job, err := fields("a job", args, 0)
		if err != nil {
			return nil, err
		}
		return henge.QueueSubmitValue(job)
	}
	options, err := fields("what else there is to say of a job", args, 2)
	if err != nil {
		return nil, err
	}
	job := maps.Clone(options)
	job["type"], job["payload"] = args[0], args[1]
	return henge.QueueSubmitValue(job)
}

// wait says how a job ended, or nothing if it has not; of a list, how those that
// have ended did.
func wait(args []any) (any, error) {
	timeout, err := count("the time to wait", args, 1)
	if err != nil {
		return nil, err
	}
	list, several := args[0].([]any)
	if !several {
		list = args[:1]
	}
	ids := make([]string, len(list))
	for i, v := range list {
		if ids[i], err = text("a job's id", v); err != nil {
			return nil, err
		}
	}
	ended, err := henge.QueueWait(ids, timeout)
	if err != nil {
		return nil, err
	}
	all := map[string]any{}
	for id, e := range ended {
		all[id] = map[string]any{"status": e.Status, "output": fromBytes(e.Output), "error": e.Error}
	}
	if several {
		return all, nil
	}
	return all[ids[0]], nil
}
