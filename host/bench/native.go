package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"time"
)

// native runs scripts in a program outside of WebAssembly.
//
// The program is called as PROGRAM FILE to run one script, and answers with a
// line of JSON that has ok and text; and as
// PROGRAM --bench NANOSECONDS --threads N FILE to run it again and again, on N
// threads at once, and answers with a line that has jobs, elapsed_ns, and the
// percentiles p10_ns, p50_ns and p99_ns. The script is read and the engine made before the clock starts.
type native struct {
	program string
}

func (n *native) way() Way { return Native }

func (n *native) close(context.Context) error { return nil }

// check implements contender.
func (n *native) check(ctx context.Context, s Script) error {
	var answer struct {
		OK   bool
		Text string
	}
	if err := n.ask(ctx, s, &answer); err != nil {
		return err
	}
	if !answer.OK {
		return fmt.Errorf("the script failed: %s", answer.Text)
	}
	if answer.Text != s.Want {
		return fmt.Errorf("the result is %.80q and should be %.80q", answer.Text, s.Want)
	}
	return nil
}

// measure implements contender. Nothing is known of the program's heap.
func (n *native) measure(ctx context.Context, s Script, d time.Duration, goroutines int) (measurement, error) {
	var answer struct {
		Jobs    int64         `json:"jobs"`
		Elapsed time.Duration `json:"elapsed_ns"`
		P10     time.Duration `json:"p10_ns"`
		P50     time.Duration `json:"p50_ns"`
		P99     time.Duration `json:"p99_ns"`
	}
	err := n.ask(ctx, s, &answer, "--bench", strconv.FormatInt(d.Nanoseconds(), 10), "--threads", strconv.Itoa(goroutines))
	if err != nil {
		return measurement{}, err
	}
	if answer.Jobs <= 0 || answer.Elapsed <= 0 {
		return measurement{}, errors.New("the program measured no job")
	}
	return measurement{
		fast: answer.P10, p50: answer.P50, p99: answer.P99,
		perSecond: float64(answer.Jobs) / answer.Elapsed.Seconds(),
	}, nil
}

// ask runs the program and reads its line into answer.
func (n *native) ask(ctx context.Context, s Script, answer any, flags ...string) error {
	file, err := os.CreateTemp("", "henge-bench-*")
	if err != nil {
		return fmt.Errorf("write the script: %w", err)
	}
	defer os.Remove(file.Name())
	_, err = file.WriteString(s.Source)
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write the script: %w", err)
	}
	out, err := exec.CommandContext(ctx, n.program, append(flags, file.Name())...).Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return fmt.Errorf("%s: %w: %.200s", n.program, err, exit.Stderr)
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(out, answer); err != nil {
		return fmt.Errorf("read the answer of %s: %w", n.program, err)
	}
	return nil
}
