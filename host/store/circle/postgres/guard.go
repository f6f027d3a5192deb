package postgres

import (
	"slices"
	"strings"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/store/circle"
)

// guard looks at a script's statement before the server gets it. The server
// keeps circles apart by their roles; the guard keeps a script from leaving its
// role, and from what every role of a server may do: to look into the catalogs,
// to talk to other sessions, to change settings.
type guard struct {
	functions map[string]bool // all names; whether a script may call it
}

// looked is what the guard has seen of a statement.
type looked struct {
	*lexed
	writes bool // it may change something
	counts bool // it changes rows, which are counted
	frees  bool // it makes room
	models bool // it changes what tables are, or empties one at once
}

// reading and writing are how a statement may begin, and elsewhere the other
// ways that there are.
var (
	reading   = []string{"select", "values", "table"}
	writing   = []string{"insert", "update", "delete", "merge"}
	modelling = []string{"create", "alter", "drop", "truncate"}
	elsewhere = strings.Fields(`abort analyze begin call checkpoint close cluster comment commit copy deallocate declare discard
		do end execute explain fetch grant import listen load lock move notify prepare reassign refresh reindex release reset
		revoke rollback savepoint security set show start unlisten`)
)

// look says what is wrong with a statement for somebody with such access.
func (g *guard) look(sql string, access circle.Access) (*looked, error) {
	l, err := lex(sql)
	if err != nil {
		return nil, err
	}
	s := &looked{lexed: l}
	if err := s.kind(access); err != nil {
		return nil, err
	}
	for i, t := range l.tokens {
		if t.kind != word && t.kind != quoted {
			continue
		}
		if err := checkName(t.text); err != nil {
			return nil, err
		}
		if i+1 == len(l.tokens) {
			break
		}
		switch next := l.tokens[i+1]; {
		case next == token{symbol, "("}:
			if err := g.call(l.tokens[:i+1]); err != nil {
				return nil, err
			}
		case next == token{symbol, "."} && t.text == "public":
			return nil, denied("what is in the schema public belongs to no circle")
		}
	}
	return s, nil
}

// kind looks at how a statement begins.
func (s *looked) kind(access circle.Access) error {
	words := s.words()
	if len(words) == 0 {
		return refusal(abi.InvalidArgument, "there is no statement")
	}
	first := words[0]
	s.frees = slices.Contains([]string{"delete", "truncate", "drop"}, first)
	switch {
	case slices.Contains(reading, first):
		return nil
	case first == "with":
		// What is not one of these changes nothing, and the server holds it to
		// that.
		s.writes = slices.ContainsFunc(words, func(w string) bool { return slices.Contains(writing, w) })
		s.counts = s.writes
	case slices.Contains(writing, first):
		s.writes, s.counts = true, true
	case slices.Contains(modelling, first):
		s.writes, s.models = true, first != "create"
		if !access.Write {
			break
		}
		return models(words)
	case slices.Contains(elsewhere, first):
		if !access.Write {
			return circle.ErrInsufficient
		}
		return denied("a job is one transaction in its circle's schema, which is committed when it succeeds: %s cannot be used", strings.ToUpper(first))
	default:
		return refusal(abi.InvalidArgument, "there is no statement %.40q that could be used here", first)
	}
	if s.writes && !access.Write {
		return circle.ErrInsufficient
	}
	return nil
}

// words are the words of a statement, from the first on. Only parentheses may
// stand in front of it.
func (s *looked) words() (all []string) {
	for _, t := range s.tokens {
		switch {
		case t.kind == word:
			all = append(all, t.text)
		case len(all) == 0 && t.text != "(":
			return []string{t.text}
		}
	}
	return all
}

// models looks at a statement that changes the schema.
func models(words []string) error {
	rest := words[1:]
	if len(rest) > 1 && rest[0] == "or" && rest[1] == "replace" {
		rest = rest[2:]
	}
	what := ""
	if len(rest) > 0 {
		what = rest[0]
	}
	allowed := map[string][]string{
		"create":   {"table", "view", "index", "unique", "sequence"},
		"alter":    {"table", "view", "index", "sequence"},
		"drop":     {"table", "view", "index", "sequence"},
		"truncate": nil,
	}[words[0]]
	if allowed != nil && !slices.Contains(allowed, what) {
		return denied("%s %s cannot be used: there are %s", strings.ToUpper(words[0]), strings.ToUpper(what), strings.ToUpper(strings.Join(allowed, ", ")))
	}
	// What is not logged is lost with the server, though its job has succeeded.
	if slices.Contains(words, "unlogged") {
		return denied("UNLOGGED tables cannot be used")
	}
	return nil
}

// checkName refuses names that lead out of the circle, wherever they stand.
func checkName(name string) error {
	bare := strings.TrimLeft(strings.ToLower(name), "_") // the type of an array begins with one
	switch {
	case circle.IsOwn(name):
		return denied("names that begin with %s are henge's own and cannot be used", circle.OwnPrefix)
	case strings.HasPrefix(bare, "pg_"), bare == "information_schema":
		return denied("%.80q is the server's own and cannot be used", name)
	case slices.Contains(referring, bare):
		return denied("the type %s cannot be used: it names what other circles have", bare)
	}
	return nil
}

// referring are the types whose values name things of the whole server.
var referring = []string{
	"regclass", "regcollation", "regconfig", "regdictionary", "regnamespace", "regoper", "regoperator", "regproc",
	"regprocedure", "regrole", "regtype", "aclitem",
}

// call looks at the last of the tokens, behind which a parenthesis opens.
func (g *guard) call(tokens []token) error {
	name := tokens[len(tokens)-1].text
	if allowed, known := g.functions[name]; known && !allowed {
		return denied("the function %s cannot be used here", name)
	}
	if n := len(tokens); n > 1 && tokens[n-2] == (token{symbol, "."}) {
		return denied("names of functions and tables are written without a schema, and %.80q is not", name)
	}
	return nil
}
