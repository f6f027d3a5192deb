package hosttest

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/henge-run/henge/abi"
)

// Calls as text, one a line or, where that is long, two:
//
//	redis.do ["GET","name"] => "Ada"
//	kv.get "greeting" ! not_found "no such key"
//	http.fetch * => {"body":"hi","headers":{},"status":200}
//	kv.set {"key":"greeting","value":"hi"} =>
//	redis.do ["INCR","seen"]
//
// Behind the function stands the request: nothing, a value as the contract
// writes it in JSON, or * for whatever it is. Then the answer: => with a reply
// or with nothing, ! with the name of an error and its message, or no answer at
// all, which leaves it to the capability. A message of bytes is a text here for
// the functions that take or give such; elsewhere raw stands before it.

// longLine is when the answer gets a line of its own.
const longLine = 100

// String returns the call as text, without a line end.
func (c Call) String() string {
	question := c.question()
	answer := c.answer()
	switch {
	case answer == "":
		return question
	case len(question)+len(answer) > longLine:
		return question + "\n    " + answer
	}
	return question + " " + answer
}

// question is the call without its answer.
func (c Call) question() string {
	if request := messageText(c.Request, rawRequest(c.Function)); request != "" {
		return c.Function + " " + request
	}
	return c.Function
}

func (c Call) answer() string {
	switch {
	case c.live:
		return ""
	case c.Err != nil && c.Err.Message == "":
		return "! " + c.Err.Code.String()
	case c.Err != nil:
		return "! " + c.Err.Code.String() + " " + messageText(c.Err.Message, false)
	}
	return strings.TrimSpace("=> " + messageText(c.Reply, rawReply(c.Function)))
}

// FormatCalls writes calls as ParseCalls reads them.
func FormatCalls(calls []Call) string {
	var b strings.Builder
	for _, c := range calls {
		b.WriteString(c.String() + "\n")
	}
	return b.String()
}

func messageText(message any, raw bool) string {
	switch m := message.(type) {
	case Nothing:
		return ""
	case Any:
		return "*"
	case Raw:
		text := messageText(abi.TextOrBytes([]byte(m)).V, false)
		if raw {
			return text
		}
		return "raw " + text
	}
	b, err := abi.Encode(abi.JSON, abi.Value{V: message})
	if err != nil {
		return fmt.Sprintf("(%v)", err) // no message that messageOf made
	}
	return string(b)
}

// ParseCalls reads calls as text. A # between their parts begins a comment. An
// error names the line.
func ParseCalls(text string) ([]Call, error) {
	p := callReader{text: text}
	var all []Call
	for p.skip(); p.rest() != ""; p.skip() {
		c, err := p.call()
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", 1+strings.Count(text[:p.at], "\n"), err)
		}
		all = append(all, c)
	}
	return all, nil
}

// callReader is a place in a text of calls.
type callReader struct {
	text string
	at   int
}

func (p *callReader) rest() string { return p.text[p.at:] }

// skip goes on to what is neither space nor comment.
func (p *callReader) skip() {
	for {
		p.at = len(p.text) - len(strings.TrimLeft(p.rest(), " \t\r\n"))
		if !strings.HasPrefix(p.rest(), "#") {
			return
		}
		line, _, _ := strings.Cut(p.rest(), "\n")
		p.at += len(line)
	}
}

// take goes on behind a mark, if it is there.
func (p *callReader) take(mark string) bool {
	ok := strings.HasPrefix(p.rest(), mark)
	if ok {
		p.at += len(mark)
	}
	return ok
}

// word goes on behind a word.
func (p *callReader) word() string {
	w := p.rest()
	if end := strings.IndexAny(w, " \t\r\n"); end >= 0 {
		w = w[:end]
	}
	p.at += len(w)
	return w
}

// sameLine goes on within the line, and says whether there is more in it than
// a comment.
func (p *callReader) sameLine() bool {
	p.at = len(p.text) - len(strings.TrimLeft(p.rest(), " \t\r"))
	return p.rest() != "" && p.rest()[0] != '\n' && p.rest()[0] != '#'
}

func (p *callReader) call() (c Call, err error) {
	function := p.word()
	if name, after, dotted := strings.Cut(function, "."); !dotted || name == "" || after == "" {
		return c, fmt.Errorf("%.80q is no host function; one is written as capability.function, such as redis.do", function)
	}
	c = Call{Function: function, Request: Nothing{}, Reply: Nothing{}}
	if p.sameLine() && !strings.HasPrefix(p.rest(), "=>") && !strings.HasPrefix(p.rest(), "!") {
		if c.Request, err = p.message(rawRequest(function)); err != nil {
			return c, fmt.Errorf("the request of %s: %w", function, err)
		}
	}
	p.skip()
	switch {
	case p.take("=>"):
		if !p.sameLine() {
			return c, nil
		}
		if c.Reply, err = p.message(rawReply(function)); err != nil {
			return c, fmt.Errorf("the reply of %s: %w", function, err)
		}
	case p.take("!"):
		if err := p.failure(&c); err != nil {
			return c, fmt.Errorf("the error of %s: %w", function, err)
		}
	default:
		c.live = true
		return c, nil
	}
	if p.sameLine() {
		return c, fmt.Errorf("%.80q follows the answer of %s; each call begins a line", p.rest(), function)
	}
	return c, nil
}

func (p *callReader) failure(c *Call) error {
	p.sameLine()
	code, err := abi.ParseCode(p.word())
	if err != nil {
		return err
	}
	c.Err = &abi.Error{Code: code}
	if !p.sameLine() {
		return nil
	}
	message, err := p.message(false)
	if err != nil {
		return err
	}
	text, ok := message.(string)
	if !ok {
		return fmt.Errorf("its message is a text in double quotes")
	}
	c.Err.Message = text
	return nil
}

func (p *callReader) message(raw bool) (any, error) {
	if p.take("*") {
		return Any{}, nil
	}
	marked := p.take("raw ")
	d := json.NewDecoder(strings.NewReader(p.rest()))
	var v abi.Value
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("%.80q is no value in JSON: %w", p.rest(), err)
	}
	p.at += int(d.InputOffset())
	if marked || raw {
		b, ok := v.Bytes()
		if !ok {
			return nil, fmt.Errorf("it is bytes: a text, or {\"$bytes\": \"<base64>\"}")
		}
		return Raw(b), nil
	}
	return v.V, nil
}
