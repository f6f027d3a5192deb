package schedule

import "fmt"

// Policy says what becomes of ticks that were missed because nobody was there
// to run them. The zero value is Skip.
type Policy uint8

const (
	// Skip forgets missed ticks.
	Skip Policy = iota
	// Once runs once for all ticks that are due, as the latest of them.
	Once
	// All runs every tick, however late.
	All
)

// ParsePolicy reads skip, once or all.
func ParsePolicy(text string) (Policy, error) {
	for p := Skip; p <= All; p++ {
		if text == p.String() {
			return p, nil
		}
	}
	return 0, fmt.Errorf("policy %+.40q is not one of skip, once and all, e.g. once", text)
}

// String is what ParsePolicy reads.
func (p Policy) String() string {
	switch p {
	case Skip:
		return "skip"
	case Once:
		return "once"
	case All:
		return "all"
	}
	return fmt.Sprintf("Policy(%d)", uint8(p))
}

// MarshalText implements encoding.TextMarshaler.
func (p Policy) MarshalText() ([]byte, error) {
	if p > All {
		return nil, fmt.Errorf("%s has no name", p)
	}
	return []byte(p.String()), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (p *Policy) UnmarshalText(text []byte) error {
	parsed, err := ParsePolicy(string(text))
	if err != nil {
		return err
	}
	*p = parsed
	return nil
}
