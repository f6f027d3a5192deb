package conformance_test

import "strings"

// heroscript has actions in place of functions, each with an answer, and nothing
// to compute with.
func heroscript() engine {
	const (
		noFunctions = "HeroScript has no functions"
		noLoops     = "HeroScript has no loops"
		textsAlone  = "HeroScript has texts alone"
	)
	return engine{
		name: "heroscript", folder: built, comment: "//", displays: true,
		place: "(line %d, position %d)",
		lacks: map[string]string{
			"output/bytes":                        textsAlone,
			"redis/bytes":                         textsAlone,
			"kv/bytes":                            textsAlone,
			"errors/what cannot be sent":          textsAlone,
			"errors/a list inside itself":         textsAlone,
			"errors/thrown in a function":         noFunctions,
			"errors/refusal in a function":        noFunctions,
			"errors/refusal caught in a function": noFunctions,
			"limits/fuel":                         noLoops,
			"limits/deadline":                     noLoops,
			"limits/not to be caught":             noLoops,
			"limits/memory":                       noLoops,
			"limits/recursion":                    noFunctions,
		},
		spelled: func(name string) string {
			actor, action, ok := strings.Cut(name, "_")
			switch {
			case name == "redis":
				return "!!redis.do"
			case ok && strings.Contains(" redis sql kv http job log ", " "+actor+" "):
				return "!!" + actor + "." + action
			}
			return "!!" + name
		},
	}
}
