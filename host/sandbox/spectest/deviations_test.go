package spectest

// deviation is where what runs does not do what a script says, for a reason
// that does not matter to a sandbox.
type deviation struct {
	script string
	lines  []int
	why    string
}

const (
	// The specification traps at the first element that does not fit. wazero
	// makes the instance without the elements that do not, and a call through
	// one of them traps later.
	elementsOut = "wazero leaves element segments that are out of bounds to the first use"

	// Nothing can come of it in henge: a module that imports a global is not
	// loaded at all.
	mutableConstant = "wazero takes an imported global for a constant also where it is mutable"

	// The first version checked all segments before it wrote any; since the
	// second one, those before the one that does not fit are written.
	segmentOrder = "the second version writes segments one by one"

	// Such an offset is as well defined as any, and later versions allow it.
	ownConstant = "an offset that is one of the module's own constants is worked out before the runtime sees it"

	// What declares a function only keeps it from being left out of a table of
	// references; nothing depends on it here.
	startDeclares = "the start function is exported, and what is exported may be referred to"

	newerResults = "the second version has several results"
	newerTables  = "the second version has several tables"
	newerTargets = "the second version lets the targets of br_table differ in code that is never reached"
)

// ofRuntime are the deviations of modules as they are.
func ofRuntime() []deviation {
	return []deviation{
		{"v1/elem.wast", []int{143, 152, 161, 170, 178, 186, 195, 203, 212, 220, 229, 237}, elementsOut},
		{"v1/func.wast", []int{493, 497}, newerResults},
		{"v1/imports.wast", []int{318}, newerTables},
		{"v1/linking.wast", []int{207, 228, 345}, elementsOut},
		{"v1/linking.wast", []int{236, 248, 342, 354}, segmentOrder},
		{"v1/type.wast", []int{53, 57}, newerResults},
		{"v1/unreached-invalid.wast", []int{539}, newerTargets},
		{"v2/data.wast", []int{470, 496}, mutableConstant},
		{"v2/elem.wast", []int{239, 248, 257, 266, 273, 281, 290, 298, 307, 315, 324, 332}, elementsOut},
		{"v2/elem.wast", []int{458, 484}, mutableConstant},
		{"v2/global.wast", []int{371}, mutableConstant},
		{"v2/linking.wast", []int{244, 267, 410}, elementsOut},
		{"extended-const/global.wast", []int{350}, mutableConstant},
	}
}

// ofFreezing are those that freezing adds.
func ofFreezing() []deviation {
	return []deviation{
		{"v2/data.wast", []int{89, 93}, ownConstant},
		{"v2/ref_func.wast", []int{113}, startDeclares},
	}
}

// byLine gives those of one script, with the reason.
func byLine(all []deviation, script string) map[int]string {
	out := map[int]string{}
	for _, d := range all {
		if d.script != script {
			continue
		}
		for _, line := range d.lines {
			out[line] = d.why
		}
	}
	return out
}
