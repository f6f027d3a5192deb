package postgres

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/henge-run/henge/abi"
)

// kind is what a token is to the guard.
type kind int

const (
	word   kind = iota // an identifier or a key word, in lower case
	quoted             // an identifier in double quotes, as it is inside
	other              // a string, a number, an operator
	symbol             // one of ( ) . ,
)

// token is a piece of a statement.
type token struct {
	kind kind
	text string
}

// lexed is a statement in tokens, with its parameters written as PostgreSQL
// has them.
type lexed struct {
	sql    string
	tokens []token

	// names are the parameters in the order of their numbers; empty for one
	// that has none.
	names []string
}

// lex reads a statement as the server does. Where it could read it otherwise,
// the statement is refused: strings with escapes, dollar quotes, identifiers
// with code points. Letters right behind a number are a word to us, and so
// nothing hides there.
func lex(sql string) (*lexed, error) {
	if !utf8.ValidString(sql) || strings.ContainsRune(sql, 0) {
		return nil, refusal(abi.InvalidArgument, "a statement is text without NUL")
	}
	l := &lexer{in: sql, numbers: map[string]int{}}
	for l.at < len(sql) {
		if err := l.next(); err != nil {
			return nil, err
		}
	}
	l.copy(len(sql))
	l.out.sql = l.written.String()
	return &l.out, nil
}

type lexer struct {
	in      string
	at      int
	copied  int // up to where in is written
	written strings.Builder
	out     lexed
	numbers map[string]int // of named parameters
}

func (l *lexer) rest() string { return l.in[l.at:] }

func (l *lexer) has(prefix string) bool { return strings.HasPrefix(l.rest(), prefix) }

func (l *lexer) add(k kind, text string) { l.out.tokens = append(l.out.tokens, token{k, text}) }

// copy writes what stands in front of to.
func (l *lexer) copy(to int) {
	l.written.WriteString(l.in[l.copied:to])
	l.copied = to
}

func (l *lexer) next() error {
	c := l.in[l.at]
	switch {
	case strings.IndexByte(" \t\n\r\f\v", c) >= 0:
		l.at++
	case l.has("--"):
		if end := strings.IndexAny(l.rest(), "\n\r"); end >= 0 {
			l.at += end
		} else {
			l.at = len(l.in)
		}
	case l.has("/*"):
		return l.comment()
	case c == '\'':
		l.add(other, "")
		return l.string()
	case c == '"':
		return l.quoted()
	case isLetter(c):
		return l.word()
	case c == '?':
		l.parameter("", 1)
	case l.has("::"):
		l.add(other, "::")
		l.at += 2
	case c == ':' && l.at+1 < len(l.in) && isLetter(l.in[l.at+1]):
		end := 1
		for end < len(l.rest()) && isInWord(l.rest()[end]) {
			end++
		}
		l.parameter(l.rest()[:end], end)
	case c == '$':
		return denied("$ cannot be used in a statement: write ? or :name for a parameter, and texts in single quotes")
	case strings.IndexByte("().,", c) >= 0:
		l.add(symbol, string(c))
		l.at++
	default:
		l.add(other, string(c))
		l.at++
	}
	return nil
}

// parameter writes the one at this place, which is n bytes long, as its number.
func (l *lexer) parameter(name string, n int) {
	number, known := l.numbers[name]
	if !known || name == "" {
		l.out.names = append(l.out.names, name)
		number = len(l.out.names)
		l.numbers[name] = number
	}
	l.copy(l.at)
	l.written.WriteString(" $" + strconv.Itoa(number) + " ") // nothing grows together with it
	l.at += n
	l.copied = l.at
	l.add(other, "?")
}

func (l *lexer) comment() error {
	depth := 0
	for l.at < len(l.in) {
		switch {
		case l.has("/*"):
			depth++
			l.at += 2
		case l.has("*/"):
			depth--
			l.at += 2
			if depth == 0 {
				return nil
			}
		default:
			l.at++
		}
	}
	return refusal(abi.InvalidArgument, "a comment has no end")
}

// string reads up to the quote that ends it. The server reads one as this does
// while standard_conforming_strings is on, which we see to.
func (l *lexer) string() error {
	l.at++
	for l.at < len(l.in) {
		switch {
		case l.has("''"):
			l.at += 2
		case l.in[l.at] == '\'':
			l.at++
			return nil
		default:
			l.at++
		}
	}
	return refusal(abi.InvalidArgument, "a text has no end: a single quote is missing")
}

func (l *lexer) quoted() error {
	var name strings.Builder
	for l.at++; l.at < len(l.in); l.at++ {
		switch {
		case l.has(`""`):
			l.at++
			name.WriteByte('"')
		case l.in[l.at] == '"':
			l.at++
			l.add(quoted, name.String())
			return checkLength(name.String())
		default:
			name.WriteByte(l.in[l.at])
		}
	}
	return refusal(abi.InvalidArgument, "a name has no end: a double quote is missing")
}

func (l *lexer) word() error {
	end := 0
	for end < len(l.rest()) && isInWord(l.rest()[end]) {
		end++
	}
	text := l.rest()[:end]
	switch after := l.rest()[end:]; {
	case strings.EqualFold(text, "e") && strings.HasPrefix(after, "'"):
		return denied("texts with escapes (E'…') cannot be used: give such a text as a parameter")
	case strings.EqualFold(text, "u") && (strings.HasPrefix(after, "&'") || strings.HasPrefix(after, `&"`)):
		return denied("texts and names with code points (U&'…') cannot be used: give such a text as a parameter")
	}
	l.at += end
	// The server makes the letters of ASCII small, and none of its own names
	// has others.
	l.add(word, strings.ToLower(text))
	return checkLength(text)
}

// checkLength refuses a name that the server would cut off, to another one.
func checkLength(name string) error {
	if len(name) > 63 {
		return refusal(abi.InvalidArgument, "a name has at most 63 bytes: %.80q is longer", name)
	}
	return nil
}

func isLetter(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= utf8.RuneSelf
}

func isInWord(c byte) bool { return isLetter(c) || c >= '0' && c <= '9' || c == '$' }
