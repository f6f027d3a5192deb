package sandbox

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tetratelabs/wazero/api"

	"github.com/henge-run/henge/host/wasm"
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
func (o offer) check(m *wasm.Module) ([]string, error) {
	imported := map[string]bool{}
	for _, imp := range m.Imports {
		if imp.Kind != wasm.KindFunction {
			return nil, fmt.Errorf("at byte %d: it imports the %s %.80q from %.80q; a module brings its own", imp.At, imp.Kind, imp.Name, imp.Module)
		}
		imported[imp.Module] = true
		functions, ok := o[imp.Module]
		if !ok {
			return nil, fmt.Errorf("it imports %.80q from %.80q, which this worker does not offer; it offers %s", imp.Name, imp.Module, names(o))
		}
		want, ok := functions[imp.Name]
		if !ok {
			return nil, fmt.Errorf("it imports %.80q from %s, which has no such function; it has %s", imp.Name, imp.Module, names(functions))
		}
		if got := m.Types[imp.Type].String(); got != want {
			return nil, fmt.Errorf("it imports %s.%s as %s, and it is %s", imp.Module, imp.Name, got, want)
		}
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
	list := func(types []api.ValueType) []wasm.ValueType {
		out := make([]wasm.ValueType, len(types))
		for i, t := range types {
			out[i] = wasm.ValueType(t)
		}
		return out
	}
	return wasm.FuncType{Params: list(params), Results: list(results)}.String()
}
