// Package queue is the protocol between henge's workers and Redis: claiming
// jobs with a lease, ending them behind a fence, and finding the jobs of
// workers that went away. It is the only room that knows the keys (KEYS.md
// lists henge's own) and imports nothing of ours but host/job and host/schedule.
//
// Every operation is one script, in the lua folder, that either happens whole
// or not at all. A [Queue] is a worker's side, a [Producer] a client's, and a
// [Waker] tells an idle worker that something came.
package queue
