package redis

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/henge-run/henge/abi"
)

// prepared is a command ready to be sent.
type prepared struct {
	*command
	name string // in small letters
	args []any  // with the name first, and the prefix before each key
	at   []int  // where the keys are

	// added is what the command may add; see growth.
	added int64

	// own says that henge itself carries the command out, with no key of it.
	own func(ctx context.Context, a *attempt, args []string) (any, error)
	raw []string
}

// prepare checks a command of a guest.
func (a *attempt) prepare(ctx context.Context, request []abi.Value) (*prepared, error) {
	args, err := texts(request)
	if err != nil {
		return nil, err
	}
	p := &prepared{name: strings.ToLower(args[0])}
	if own, ok := ownCommand(p.name); ok {
		p.command, p.own, p.raw = &command{}, own, args
		return p, nil
	}
	spec, ok := allowed[p.name]
	if !ok {
		return nil, &abi.Error{Code: abi.AccessDenied, Message: fmt.Sprintf(
			"the Redis command %.40q is not among those that a script may use", args[0])}
	}
	args[0] = strings.ToUpper(p.name)
	p.command = spec
	if p.at, err = spec.keys(args); err != nil {
		return nil, err
	}
	if spec.check != nil {
		if err := spec.check(args); err != nil {
			return nil, err
		}
	}
	if err := a.permit(spec, args, p.at); err != nil {
		return nil, err
	}
	if spec.growth != nil {
		p.added = spec.growth(args)
	}
	for _, at := range p.at {
		args[at] = a.prefix + args[at]
	}
	p.args = make([]any, len(args))
	for i, arg := range args {
		p.args[i] = arg
	}
	if spec.writes() {
		return p, a.session.Effect(ctx)
	}
	return p, nil
}

// texts returns a command as Redis takes it.
func texts(request []abi.Value) ([]string, error) {
	if len(request) == 0 {
		return nil, invalid("a command is a list with its name first, and this one is empty")
	}
	if len(request) > MaxArguments {
		return nil, &abi.Error{Code: abi.TooLarge, Message: fmt.Sprintf(
			"the command has %d arguments; send at most %d at a time", len(request), MaxArguments)}
	}
	args := make([]string, len(request))
	for i, v := range request {
		switch v := v.V.(type) {
		case string:
			args[i] = v
		case []byte:
			args[i] = string(v)
		case int64:
			args[i] = strconv.FormatInt(v, 10)
		case float64:
			args[i] = strconv.FormatFloat(v, 'g', -1, 64)
		default:
			return nil, invalid("argument %d of the command is no text, bytes or number", i)
		}
	}
	return args, nil
}
