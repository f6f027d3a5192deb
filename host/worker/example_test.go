package worker_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"strings"
	"time"

	"github.com/henge-run/henge"
	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/localredis"
	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/registry"
	"github.com/henge-run/henge/host/sandbox"
	"github.com/henge-run/henge/host/worker"
	"github.com/henge-run/henge/modules"
)

// serve is all that a program needs that is a worker itself: it runs the jobs
// of a circle until ctx ends, those of the type upper in a Go function, and
// scripts in the modules of a folder, such as os.DirFS("/var/lib/henge/modules").
func serve(ctx context.Context, redisURL string, folder fs.FS) error {
	rdb, err := queue.Connect(redisURL)
	if err != nil {
		return err
	}
	defer rdb.Close()
	q, err := queue.New(rdb, queue.Options{Circles: []string{"acme"}})
	if err != nil {
		return err
	}
	rt, err := sandbox.New(ctx, sandbox.Options{})
	if err != nil {
		return err
	}
	defer rt.Close(context.WithoutCancel(ctx))
	mods, err := registry.Open(ctx, rt, registry.Options{Folders: []registry.Folder{{Name: "modules", FS: folder}}})
	if err != nil {
		return err
	}
	defer mods.Close(context.WithoutCancel(ctx))
	w, err := worker.New(worker.Options{Queue: q, Registry: mods, Slots: 2, Handlers: map[string]worker.Handler{
		"upper": func(_ context.Context, j *job.Job) *job.Result {
			return &job.Result{End: job.Success, Output: []byte(strings.ToUpper(string(j.Payload)))}
		},
	}})
	if err != nil {
		return err
	}
	return w.Run(ctx)
}

// A worker inside a program, whose function serve is above, and two jobs for
// it.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	server, err := localredis.Start(ctx, localredis.Options{})
	if err != nil {
		log.Fatal(err)
	}
	working, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- serve(working, server.URL(), modules.FS()) }()

	client, err := henge.Connect(server.URL(), henge.Hero)
	if err != nil {
		log.Fatal(err)
	}
	for _, j := range []henge.Job{
		{Circle: "acme", Type: "upper", Payload: []byte("hello")},
		{Circle: "acme", Type: "rhai", Payload: []byte("40 + 2")},
	} {
		output, err := client.Run(ctx, &j)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(output)
	}

	stop()
	if err := errors.Join(<-ended, client.Close(), server.Close()); err != nil {
		log.Fatal(err)
	}
	// Output:
	// HELLO
	// 42
}
