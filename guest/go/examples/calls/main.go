//go:build wasip1

// Command calls makes the call that its payload names, once: how each one is
// written, and what the kit's own test runs.
package main

import (
	"fmt"

	henge "github.com/henge-run/henge/guest/go"
)

//go:wasmexport henge_run
func run() int32 { return henge.Finish(call()) }

func call() error {
	name, err := henge.Input()
	if err != nil {
		return err
	}
	result, err := byName(string(name))
	if err != nil {
		return err
	}
	return henge.Output(fmt.Append(nil, result))
}

func byName(name string) (any, error) {
	switch name {
	case "meta":
		meta, err := henge.Meta()
		if err != nil {
			return nil, err
		}
		return fmt.Sprint(meta.ID, " ", meta.Circle, " ", meta.Caller, " ", meta.Type, " ", meta.Attempt, " ", meta.Env["A"], " ", meta.Limits["depth"]), nil
	case "progress":
		return "", henge.Progress(1, 4, "begun")
	case "clock":
		now, err := henge.Now()
		if err != nil {
			return nil, err
		}
		since, err := henge.Monotonic()
		return now.Year() >= 2024 && since > 0, err
	case "redis":
		return henge.RedisDo("SET", "k", 1.5, []byte{255})
	case "pipeline":
		results, err := henge.RedisPipeline([]any{"INCR", "k"}, []any{"X"})
		if err != nil {
			return nil, err
		}
		return fmt.Sprint(results[0].Value, " ", results[1].Err), nil
	case "query":
		rows, err := henge.SQLQuery("select", []any{1, nil}, 2)
		if err != nil {
			return nil, err
		}
		return fmt.Sprint(rows.Columns, rows.Rows, rows.More), nil
	case "exec":
		return henge.SQLExec("insert", map[string]any{"a": true})
	case "get":
		value, found, err := henge.KVGet([]byte("k"))
		return fmt.Sprint(string(value), " ", found), err
	case "set":
		return "", henge.KVSet("k", []byte{255}, 50)
	case "delete":
		return "", henge.KVDelete([]byte("k"))
	case "list":
		keys, more, err := henge.KVList("a", "a1", 3)
		return fmt.Sprint(keys, more), err
	case "role":
		return henge.CircleRole()
	case "publish":
		return "", henge.CirclePublish("table", "t")
	case "unpublish":
		return "", henge.CircleUnpublish("prefix", "p")
	case "fetch":
		response, err := henge.HTTPFetch(henge.Request{URL: "u", Method: "PUT", Headers: map[string]string{"a": "b"}, Body: []byte("c"), TimeoutMS: 5, MaxBody: 6})
		if err != nil {
			return nil, err
		}
		return fmt.Sprint(response.Status, response.Headers, string(response.Body)), nil
	case "submit":
		return henge.QueueSubmit(henge.Job{Type: "rhai", Payload: []byte("1"), Retries: 2, Env: map[string]string{"A": "b"}})
	case "wait":
		ended, err := henge.QueueWait([]string{"j2"}, 5)
		return fmt.Sprint(ended["j2"].Status, " ", string(ended["j2"].Output), " ", ended["j2"].Error), err
	}
	return nil, &henge.Failure{Message: "there is no call " + name, NoRetry: true}
}

// main is not called: the exports are the entries.
func main() {}
