package queue

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// respError is an error that the server answered.
type respError string

func (e respError) Error() string { return string(e) }

// push is a message that answers no command.
type push []any

// The most that is read at once: the watching connection gets names of keys,
// and whoever can write to Redis chooses those.
const (
	maxRESPLine = 64 << 10
	maxRESPBulk = 1 << 20
	maxRESPList = 1 << 20
	maxRESPDeep = 8
)

// readRESP reads one value of RESP3: a string, int64, bool, nil, []any, push
// or respError. Maps become lists of keys and values, and numbers other than
// int64 strings. See https://github.com/redis/redis-specifications.
func readRESP(r *bufio.Reader) (any, error) { return readRESPAt(r, 0) }

func readRESPAt(r *bufio.Reader, depth int) (any, error) {
	if depth > maxRESPDeep {
		return nil, errors.New("RESP: lists nested too deeply")
	}
	line, err := readRESPLine(r)
	if err != nil {
		return nil, err
	}
	kind, rest := line[0], line[1:]
	switch kind {
	case '+', ',', '(':
		return rest, nil
	case '-':
		return respError(rest), nil
	case '_':
		return nil, nil
	case '#':
		return rest == "t", nil
	case ':':
		n, err := strconv.ParseInt(rest, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("RESP: number %.40q", rest)
		}
		return n, nil
	}
	n, err := strconv.Atoi(rest)
	if err != nil {
		return nil, fmt.Errorf("RESP: length %.40q", rest)
	}
	switch kind {
	case '$', '=', '!':
		s, err := readRESPBulk(r, n)
		if kind == '!' && err == nil {
			return respError(fmt.Sprint(s)), nil
		}
		return s, err
	case '*', '~':
		return readRESPList(r, n, depth)
	case '%':
		return readRESPList(r, 2*n, depth)
	case '>':
		list, err := readRESPList(r, n, depth)
		if err != nil {
			return nil, err
		}
		items, _ := list.([]any)
		return push(items), nil
	}
	return nil, fmt.Errorf("RESP: unknown kind %q", kind)
}

func readRESPLine(r *bufio.Reader) (string, error) {
	var b strings.Builder
	for {
		part, err := r.ReadSlice('\n')
		b.Write(part)
		switch {
		case b.Len() > maxRESPLine:
			return "", errors.New("RESP: line too long")
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil:
			return "", err
		}
		line, ok := strings.CutSuffix(b.String(), "\r\n")
		if !ok || line == "" {
			return "", errors.New("RESP: line without an end")
		}
		return line, nil
	}
}

func readRESPBulk(r *bufio.Reader, n int) (any, error) {
	if n == -1 {
		return nil, nil
	}
	if n < 0 || n > maxRESPBulk {
		return nil, fmt.Errorf("RESP: text of %d bytes", n)
	}
	b := make([]byte, n+2)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, err
	}
	return string(b[:n]), nil
}

func readRESPList(r *bufio.Reader, n, depth int) (any, error) {
	if n == -1 {
		return nil, nil
	}
	if n < 0 || n > maxRESPList {
		return nil, fmt.Errorf("RESP: list of %d", n)
	}
	list := make([]any, 0, min(n, 64))
	for range n {
		v, err := readRESPAt(r, depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// writeRESP writes a command.
func writeRESP(w io.Writer, args ...string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(a), a)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
