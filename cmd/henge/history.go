package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/henge-run/henge/host/job"
	"github.com/henge-run/henge/host/queue"
	"github.com/henge-run/henge/host/store/history"
	"github.com/henge-run/henge/host/worker"
)

// Where a job was found.
const (
	inRedis   = "redis"
	inHistory = "history"
)

// historyDir is the folder of the circles' histories, which need not be there.
func (g *globals) historyDir() (string, error) {
	dir, err := g.dataDir()
	return filepath.Join(dir, "history"), err
}

// keeper joins a worker with the history.
type keeper struct {
	store  *history.Store
	bounds history.Bounds
	log    *slog.Logger
}

var _ worker.History = (*keeper)(nil)

// Keep leaves out what the history refuses, which it would always do.
func (k *keeper) Keep(ctx context.Context, jobs []queue.Ended) error {
	records := make([]history.Record, 0, len(jobs))
	for _, one := range jobs {
		r := recordOf(one)
		if err := r.Check(); err != nil {
			k.log.Debug("job not kept in the history", "job", one.ID, "err", err)
			continue
		}
		records = append(records, r)
	}
	return k.store.Put(ctx, records)
}

// LastIDs returns what it can read: a broken file of one circle must not keep
// the others waiting.
func (k *keeper) LastIDs(ctx context.Context) ([]queue.Ref, error) {
	last, err := k.store.LastIDs(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		k.log.Error("ids of the history not known; new jobs may get some again", "err", err)
	}
	names := make([]queue.Ref, len(last))
	for i, l := range last {
		names[i] = queue.Ref{Circle: l.Circle, Topic: l.Topic, ID: strconv.FormatUint(uint64(l.ID), 10)}
	}
	return names, nil
}

// Prune lets go of what is beyond the bounds.
func (k *keeper) Prune(ctx context.Context) error {
	gone, err := k.store.Prune(ctx, k.bounds)
	if gone.Records > 0 {
		k.log.Info("history pruned", "jobs", gone.Records, "bytes", gone.Bytes, "circles", gone.Circles)
	}
	return err
}

// recordOf is a job as the history has it: payload and result by themselves,
// and Raw the other fields.
func recordOf(e queue.Ended) history.Record {
	number := func(name string) int64 {
		n, _ := strconv.ParseInt(e.Fields[name], 10, 64)
		return n
	}
	payload, output := queue.LargeFields(e.Dialect)
	r := history.Record{
		Dialect: e.Dialect, Circle: e.InCircle(), Topic: e.Topic, Type: e.Type(),
		Queue: e.List, ID: e.ID, Run: number("run"), Caller: e.Caller(), Worker: e.Fields["worker"],
		Status: e.Status(), Error: e.Fields["error"], Attempt: number("attempt"),
		Created: e.Created(), Ended: e.At, Cost: e.Fields[queue.FieldCost],
		Payload: []byte(e.Fields[payload]), Output: []byte(e.Fields[output]),
	}
	r.End, _ = job.ParseEnd(e.Fields["end"])
	delete(e.Fields, payload)
	delete(e.Fields, output)
	r.Raw, _ = json.Marshal(e.Fields) // texts, which JSON can always say
	return r
}

// openHistory returns nil where there is no history.
func (g *globals) openHistory() (*history.Store, error) {
	dir, err := g.historyDir()
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(dir); err != nil {
		return nil, nil
	}
	return history.Open(dir, history.Options{})
}

// fromHistory returns the last run of a job that Redis has let go of, and
// missing where it is not known here either.
func (g *globals) fromHistory(ctx context.Context, p *queue.Producer, ref queue.Ref, missing error) (queue.Record, error) {
	store, err := g.openHistory()
	if store == nil || err != nil {
		return queue.Record{}, notRead(err, missing)
	}
	defer store.Close()
	circle, list, err := p.InHistory(ref)
	if err != nil || circle == "" && p.Dialect() == queue.HeroJobs { // where every topic has an id 1
		return queue.Record{}, missing
	}
	runs, err := store.Get(ctx, p.Dialect(), circle, list, ref.ID)
	if len(runs) == 0 {
		return queue.Record{}, notRead(err, missing)
	}
	return fieldsOf(runs[0]), nil
}

// notRead is err where the history could not be read, and otherwise where it
// could.
func notRead(err, otherwise error) error {
	if err != nil {
		return fmt.Errorf("not in Redis any more, and the history cannot be read: %w", err)
	}
	return otherwise
}

// fieldsOf is a job of the history as it stood in Redis.
func fieldsOf(r history.Record) queue.Record {
	fields := map[string]string{}
	if json.Unmarshal(r.Raw, &fields) != nil { // cut, since it was too long
		fields = map[string]string{"status": r.Status, "error": r.Error, "end": r.End.String()}
	}
	payload, output := queue.LargeFields(r.Dialect)
	fields[payload], fields[output] = string(r.Payload), string(r.Output)
	if cut := cutFields(r.Cut, payload, output); cut != "" {
		fields["cut"] = cut
	}
	return queue.Record{Ref: queue.RefIn(r.Dialect, r.Queue, r.ID), Fields: fields}
}

// cutFields names what the history has only the beginning of.
func cutFields(cut history.Cut, payload, output string) string {
	var names []string
	for mark, name := range map[history.Cut]string{history.CutPayload: payload, history.CutOutput: output, history.CutRaw: "others"} {
		if cut&mark != 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}
