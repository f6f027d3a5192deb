package chaos

import "context"

// Fault is one thing that goes wrong.
type Fault struct {
	Name string
	What string // in a few words

	run func(context.Context, *trial) error
}

// Faults returns all of them.
func Faults() []Fault {
	return []Fault{
		{"kill", "workers are killed with SIGKILL at random moments", killed},
		{"stop", "workers are stopped for longer than their lease, and continued", stopped},
		{"clock", "the workers' clocks are five minutes off", skewed},
		{"restart", "Redis is killed and comes back with its append-only file", restarted},
		{"pause", "Redis is stopped for longer than a lease, three times in a row", paused},
		{"flush", "Redis forgets its scripts", flushed},
		{"memory", "Redis is out of memory, with the policy noeviction", full},
		{"cut-before", "connections are cut before Redis gets the command", cutBefore},
		{"cut-after", "connections are cut after Redis ran the script and before its answer", cutAfter},
		{"half-open", "connections stay open, and nothing comes through any more", halfOpen},
		{"slow", "what Redis answers takes 200 ms", slow},
		{"ids", "ids come before their jobs, twice, without a job, and with a key of another type", oddIDs},
		{"crowd", "a circle with very many jobs waits beside 50 small ones", crowd},
		{"hostile", "scripts eat memory, loop, trap and flood the log", hostile},
	}
}
