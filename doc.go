// Package henge submits scripts as jobs to the workers of henge, and tells what
// became of them. It may import the rooms host/queue, which does the work, and
// host/job.
//
//	client, err := henge.Connect("redis://127.0.0.1:6379", henge.Hero)
//	...
//	defer client.Close()
//	output, err := client.Run(ctx, &henge.Job{Circle: "acme", Type: "rhai", Payload: []byte("40 + 2")})
//
// [Client.Submit] and [Client.SubmitMany] hand jobs in, [Client.Wait] and
// [Client.Get] return them as a [Record], [Client.Logs] what they have printed,
// [Client.Events] what happens to all of them, and [Client.Cancel],
// [Client.Retry] and [Client.Remove] change them.
//
// A client speaks one dialect, the wire format of its jobs: [Henge], our own,
// or that of a system whose jobs workers of henge take as well. Which of them
// workers serve is for their operator to say. They differ in little here:
//
//   - [Hero]: anything below but Topic and Priority.
//   - [Rhailib]: scripts in Rhai, without Env and After.
//   - [HeroJobs]: scripts in Rhai or HeroScript, without a Caller, Env and
//     After; jobs have a Topic, and their ids are numbers, which Submit counts.
//   - [Henge]: anything but Topic. A job's [Ref] needs its circle. The only one
//     for a Redis Cluster.
//
// Workers are started with the command in cmd/henge, or inside a program with
// the package host/worker.
package henge
