package registry

import "slices"

// claim is what of a file decides who serves what. Nothing else may: the
// outcome has to be the same in whatever order modules come up.
type claim struct {
	name    string
	types   []string
	outcome outcome

	// file is where it stands. Another version of a file takes the place of the
	// one before, whatever it is called. Empty: there is no other version.
	file string

	// serving says that it has its types now, and so keeps all of them until its
	// replacement is there.
	serving bool
}

// succeeds says whether c, which came later, takes the place of earlier.
func (c claim) succeeds(earlier claim) bool {
	return c.name == earlier.name || c.file != "" && c.file == earlier.file
}

// outcome is how far a file's loading is.
type outcome int

const (
	loading outcome = iota
	loaded
	failed
)

// certainty is what can be said while some files are still loading.
type certainty int

const (
	no certainty = iota
	maybe
	yes
)

// verdict is what becomes of a claim.
type verdict struct {
	state State

	// rival is the claim that has the contested type, or with an empty
	// contested the one that replaced this one. Only a refused claim that was
	// loaded has one.
	rival     int
	contested string

	// types are those that the claim serves now.
	types []string

	// holds says whether the claim has its types when everything is loaded.
	holds certainty
}

// resolve says who serves what. The rules are those of loading one file after
// the other: a file whose type another module serves is refused, and one that
// is not replaces what has its name. What is still loading may come to nothing
// or not, and resolve only decides what is the same in both cases. One thing
// is granted meanwhile: a module serves until its replacement is there, in the
// types that both have.
func resolve(claims []claim) []verdict {
	verdicts := make([]verdict, len(claims))
	for i, c := range claims {
		v := &verdicts[i]
		if c.outcome == failed {
			v.state = Refused
			continue
		}
		conflict := v.conflict(claims, verdicts, i)
		switch {
		case conflict == yes:
			v.holds = no
		case conflict == maybe || c.outcome == loading:
			v.holds = maybe
		default:
			v.holds = yes
		}
		switch {
		case c.outcome == loading || conflict == maybe:
			v.state = Pending
		case conflict == yes:
			v.state = Refused
		default:
			v.state, v.types = Serving, c.types
		}
		if v.holds != no {
			v.replace(claims, verdicts, i)
		}
	}
	return verdicts
}

// conflict says whether a module before claim i, which it does not succeed,
// serves one of its types, and keeps which.
func (v *verdict) conflict(claims []claim, verdicts []verdict, i int) certainty {
	most := no
	for j := range i {
		if verdicts[j].holds <= most || claims[i].succeeds(claims[j]) {
			continue
		}
		if at := slices.IndexFunc(claims[i].types, func(t string) bool { return slices.Contains(claims[j].types, t) }); at >= 0 {
			most = verdicts[j].holds
			v.rival, v.contested = j, claims[i].types[at]
		}
	}
	return most
}

// replace lets claim i take the place of those before it that it succeeds.
func (v *verdict) replace(claims []claim, verdicts []verdict, i int) {
	for j := range i {
		other := &verdicts[j]
		if !claims[i].succeeds(claims[j]) || other.holds == no {
			continue
		}
		if v.holds == maybe {
			other.holds = maybe
			if !claims[j].serving {
				other.types = common(other.types, claims[i].types)
			}
			continue
		}
		other.holds = no
		if other.state == Serving {
			*other = verdict{state: Refused, rival: i}
		}
	}
}

// common returns what a and b share, in a's order.
func common(a, b []string) []string {
	var both []string
	for _, t := range a {
		if slices.Contains(b, t) {
			both = append(both, t)
		}
	}
	return both
}

// bearing says which claims have a bearing on who serves the types: those
// that claim one, and all that these depend on. No types stand for all.
func bearing(claims []claim, types []string) []bool {
	bears := make([]bool, len(claims))
	types = slices.Clone(types)
	for again := true; again; {
		again = false
		for i, c := range claims {
			if bears[i] || (len(types) > 0 && len(common(c.types, types)) == 0 && !sameName(claims, bears, c.name)) {
				continue
			}
			bears[i], again = true, true
			if len(types) > 0 {
				types = append(types, c.types...)
			}
		}
	}
	return bears
}

// sameName says whether a claim that bears has the name.
func sameName(claims []claim, bears []bool, name string) bool {
	for i, c := range claims {
		if bears[i] && c.name == name {
			return true
		}
	}
	return false
}
