package sandbox

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// offer is what a guest may import: module, function, signature.
type offer map[string]map[string]string

func (o offer) add(module, function, signature string) {
	if o[module] == nil {
		o[module] = map[string]string{}
	}
	o[module][function] = signature
}

// check reports the first import that this runtime does not offer, in words
// that tell a module's author what there is instead. It returns the names of
// the modules imported, sorted.
func (o offer) check(compiled wazero.CompiledModule) ([]string, error) {
	imported := map[string]bool{}
	for _, def := range compiled.ImportedFunctions() {
		module, name, _ := def.Import()
		imported[module] = true
		functions, ok := o[module]
		if !ok {
			return nil, fmt.Errorf("it imports %.80q from %.80q, which this worker does not offer; it offers %s", name, module, names(o))
		}
		want, ok := functions[name]
		if !ok {
			return nil, fmt.Errorf("it imports %.80q from %s, which has no such function; it has %s", name, module, names(functions))
		}
		if got := signature(def); got != want {
			return nil, fmt.Errorf("it imports %s.%s as %s, and it is %s", module, name, got, want)
		}
	}
	for _, def := range compiled.ImportedMemories() {
		module, name, _ := def.Import()
		return nil, fmt.Errorf("it imports the memory %.80q from %.80q; a module brings a memory of its own and exports it", name, module)
	}
	return slices.Sorted(maps.Keys(imported)), nil
}

func names[V any](m map[string]V) string {
	return strings.Join(slices.Sorted(maps.Keys(m)), ", ")
}

// signature writes a function's type as the text format does: (i32) -> i64.
func signature(def api.FunctionDefinition) string {
	return signatureOf(def.ParamTypes(), def.ResultTypes())
}

func signatureOf(params, results []api.ValueType) string {
	list := func(types []api.ValueType) string {
		names := make([]string, len(types))
		for i, t := range types {
			names[i] = api.ValueTypeName(t)
		}
		return "(" + strings.Join(names, ", ") + ")"
	}
	return list(params) + " -> " + list(results)
}
