package queue

import (
	"fmt"
	"strings"

	"github.com/henge-run/henge/host/job"
)

// henge's own keys; KEYS.md says what each holds. The scripts make the names
// of the waiting lists by themselves (lua/common.lua).
const (
	keyLease    = "henge:lease"
	keyDue      = "henge:due"
	keyDead     = "henge:dead"
	keyLimbo    = "henge:limbo"
	keyPaused   = "henge:paused"
	keyProtocol = "henge:protocol"
	keyReaped   = "henge:reaped"
	keyWait     = "henge:wait:"
	keyLog      = "henge:log:"
)

// protocol is the version of keys and scripts that this package speaks.
const protocol = "1"

// dialectHero is the only dialect so far.
const dialectHero = "hero"

const (
	heroJob   = "hero:job:"
	heroWork  = "hero:q:work:"
	heroType  = heroWork + "type:"
	heroReply = "hero:q:reply:"
)

// FieldCost is the field of a job that Record.Cost reads.
const FieldCost = "henge:cost"

// fieldLimits is where a producer sets limits of the job's own.
const fieldLimits = "henge:limits"

// commonKeys are the keys that every script gets first.
func commonKeys(more ...string) []string {
	return append([]string{keyLease, keyDue, keyDead, keyLimbo, keyPaused}, more...)
}

func logKey(id string) string { return keyLog + dialectHero + "|" + id }

// maxID is the longest id, in bytes, as in lua/prelude.lua.
const maxID = 512

// typeList returns the list in which jobs of a type wait for any worker.
func typeList(t string) string { return heroType + t }

// listOf returns the list that a job is to be submitted to.
func listOf(j *job.Job) (string, error) {
	switch {
	case j.Queue == "":
		lists, err := Wanted{Types: []string{j.Type}}.lists()
		if err != nil {
			return "", err
		}
		return lists[0], nil
	case !strings.HasPrefix(j.Queue, heroWork) || strings.ContainsAny(j.Queue, "|\x00\r\n"):
		return "", fmt.Errorf("queue %s is no list of the hero dialect: it starts with %s", quoteShort(j.Queue), heroWork)
	}
	return j.Queue, nil
}
