package hosttest_test

import (
	"context"
	"fmt"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/capability"
	"github.com/henge-run/henge/host/hosttest"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/registry"
	"github.com/henge-run/henge/modules"
)

// A script of the built-in engine, asked for by a stranger.
func ExampleHost_Run() {
	ctx := context.Background()
	h, err := hosttest.Open(ctx, hosttest.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer h.Close(ctx)
	binary, manifest, err := registry.Folder{Name: "built-in", FS: modules.FS()}.Read("rhai.wasm")
	if err != nil {
		fmt.Println(err)
		return
	}
	rhai, err := h.Load(ctx, binary, manifest, job.Limits{})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := h.Run(ctx, rhai, &job.Job{Caller: "mallory", Payload: []byte("`${CALLER_ID} asks ${CONTEXT_ID}`")})
	fmt.Println(r.End, string(r.Output))
	// Output: success mallory asks acme
}

// weather is a capability of a program that embeds the worker.
func weather() capability.Capability {
	return capability.Capability{Name: "weather_v1", Functions: []capability.Function{{
		Name: "at",
		Call: func(_ context.Context, c *capability.Call) error {
			return &abi.Error{Code: abi.Unavailable, Message: "no station here"}
		},
	}}}
}

// Calls are answered by the test, in place of the capability, or fail.
func ExampleHost_Expect() {
	ctx := context.Background()
	h, err := hosttest.Open(ctx, hosttest.Options{Capabilities: []capability.Capability{weather()}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer h.Close(ctx)
	h.Strict()
	h.Expect("weather_v1.at", map[string]string{"place": "Gent"}).Returns(map[string]any{"rain": true})
	h.Expect("kv.get", "umbrella").Fails(abi.NotFound, "no such key")
	h.Inject(hosttest.Fault{Function: "redis.do", Nth: 3, Code: abi.Unavailable, Message: "no server"})
	// Here the module would run.
	for _, problem := range h.Problems() {
		fmt.Println(problem)
	}
	// Output:
	// this call was expected and did not come: weather_v1.at {"place":"Gent"}
	// this call was expected and did not come: kv.get "umbrella"
}

// A run is kept as text, which people can read and write.
func ExampleParseCalls() {
	calls, err := hosttest.ParseCalls(`
		redis.do ["INCR", "visits"] => 7
		kv.get "greeting" ! not_found "no such key"
	`)
	fmt.Println(len(calls), calls[0].Request, calls[0].Reply, calls[1].Err, err)
	fmt.Print(hosttest.FormatCalls(calls))
	// Output:
	// 2 [INCR visits] 7 not_found: no such key <nil>
	// redis.do ["INCR","visits"] => 7
	// kv.get "greeting" ! not_found "no such key"
}
