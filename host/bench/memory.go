package bench

import (
	"context"
	"fmt"

	"github.com/henge-run/henge/host/job"
)

// Memory is what an instance takes, in one way.
type Memory struct {
	Engine string
	Way    Way

	// Memory is what it has for itself: for Reset, of an instance that waits
	// after it has run all the scripts; for New, the most that it had while it
	// ran one. In bytes.
	Memory int64

	// Heap is what it takes of the Go heap beside it, in bytes.
	Heap int64

	// PerGiB is how many instances fit into a gibibyte.
	PerGiB int64
}

// weigh says what the instances of an engine take that have run its scripts.
func weigh(ctx context.Context, engine Engine, ways []contender) ([]Memory, error) {
	var all []Memory
	var heap int64
	for _, c := range ways {
		s, ok := c.(*sandboxed)
		if ok && s.named == Reset && s.module.NotReset == "" {
			info, err := s.runtime.Inspect(ctx, engine.Binary, engine.Manifest, job.Limits{})
			if err != nil {
				return nil, fmt.Errorf("weigh an instance: %w", err)
			}
			heap = info.InstanceHeap
			if instances, memory := s.module.PoolCost(); instances > 0 {
				all = append(all, newMemory(engine, Reset, memory/int64(instances), heap))
			}
		}
	}
	for _, c := range ways {
		if s, ok := c.(*sandboxed); ok && s.named == New {
			all = append(all, newMemory(engine, New, s.memory, heap))
		}
	}
	return all, nil
}

func newMemory(engine Engine, way Way, memory, heap int64) Memory {
	return Memory{Engine: engine.name(), Way: way, Memory: memory, Heap: heap, PerGiB: (1 << 30) / max(1, memory+heap)}
}
