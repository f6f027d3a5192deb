package wasm

import "slices"

// callGraph is who calls whom by name. Calls of the guest's own functions
// only; functions are numbered from the first of them.
type callGraph struct {
	// order has each function after those that it calls, as far as that is
	// possible.
	order []int32

	// recurs has, for each function, those of its callees that lie on the way
	// to it, sorted: without these calls no function would come to call itself
	// by name.
	recurs [][]uint32

	// recursive are the functions that are called so.
	recursive []bool
}

// newCallGraph walks the calls depth first. It keeps its own stack: a module
// may have a chain of any length.
func newCallGraph(m *Module) *callGraph {
	imported := uint32(m.ImportedFunctions())
	n := len(m.Functions)
	g := &callGraph{order: make([]int32, 0, n), recurs: make([][]uint32, n), recursive: make([]bool, n)}
	const (
		unseen = iota
		open
		done
	)
	state := make([]byte, n)
	type visit struct{ function, next int32 }
	var stack []visit
	for root := range n {
		if state[root] != unseen {
			continue
		}
		state[root] = open
		stack = append(stack, visit{int32(root), 0})
		for len(stack) > 0 {
			top := &stack[len(stack)-1]
			calls := m.Functions[top.function].calls
			if int(top.next) == len(calls) {
				state[top.function] = done
				slices.Sort(g.recurs[top.function])
				g.order = append(g.order, top.function)
				stack = stack[:len(stack)-1]
				continue
			}
			called := calls[top.next]
			top.next++
			if called < imported {
				continue
			}
			own := called - imported
			switch state[own] {
			case unseen:
				state[own] = open
				stack = append(stack, visit{int32(own), 0})
			case open:
				g.recurs[top.function] = append(g.recurs[top.function], called)
				g.recursive[own] = true
			}
		}
	}
	return g
}

// entrances are the functions that may be called otherwise than by name from
// within the module: through tables, by the host, at the start.
func entrances(m *Module) []bool {
	imported := uint32(m.ImportedFunctions())
	in := make([]bool, len(m.Functions))
	mark := func(index uint32) uint32 {
		if index >= imported {
			in[index-imported] = true
		}
		return index
	}
	for _, e := range m.Exports {
		if e.Kind == KindFunction {
			mark(e.Index)
		}
	}
	if m.Start != nil {
		mark(*m.Start)
	}
	for _, e := range m.Elements {
		for _, f := range e.Functions {
			mark(f)
		}
		for _, x := range e.Exprs {
			x.mapFunctions(mark)
		}
	}
	for _, g := range m.Globals {
		g.Init.mapFunctions(mark)
	}
	return in
}
