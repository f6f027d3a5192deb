package wasm

// expr reads a constant expression.
//
// Specification: WebAssembly Core 2.0, section 3.3.7, with extended constant
// expressions.
func (d *decoder) expr(c *cursor) Expr {
	r := reader{cursor: *c, counts: counts{
		types: len(d.m.Types), functions: d.m.functionCount(), globals: d.m.globalCount(),
	}}
	for r.err == nil {
		in := r.next()
		switch in.op {
		case opI32Const, opI64Const, opF32Const, opF64Const, opV128Const, opRefNull, opRefFunc,
			opI32Add, opI32Sub, opI32Mul, opI64Add, opI64Sub, opI64Mul:
		case opGlobalGet:
			if r.err == nil && d.m.globalType(in.index).Mutable {
				r.fail(in.from, "global %d may change, and a constant is needed here", in.index)
			}
		case opEnd:
			e := Expr(r.b[c.at:r.at])
			*c = r.cursor
			return e
		default:
			r.fail(in.from, "instruction %s may not stand in a constant", in.op.hex())
		}
	}
	*c = r.cursor
	return nil
}

// reader returns a reader over an expression that was read before.
func (e Expr) reader() reader {
	const any = 1 << 32
	return reader{cursor: cursor{b: e, end: len(e)}, counts: counts{types: any, functions: any, globals: any}}
}

// mapFunctions returns e with each function's index mapped.
func (e Expr) mapFunctions(to func(uint32) uint32) Expr {
	var out Expr
	for r := e.reader(); r.more(); {
		in := r.next()
		if in.op == opRefFunc {
			out = append(out, byte(opRefFunc))
			out = appendU32(out, to(in.index))
		} else {
			out = append(out, e[in.from:in.to]...)
		}
	}
	return out
}

// i32 gives the value of an expression of type i32, given those of the
// globals, and false for an expression of another type.
func (e Expr) i32(global func(uint32) (int32, bool)) (int32, bool) {
	var stack []int32
	for r := e.reader(); r.more(); {
		in := r.next()
		switch in.op {
		case opI32Const:
			stack = append(stack, int32(in.value))
		case opGlobalGet:
			v, ok := global(in.index)
			if !ok {
				return 0, false
			}
			stack = append(stack, v)
		case opI32Add, opI32Sub, opI32Mul:
			n := len(stack)
			if n < 2 {
				return 0, false
			}
			a, b := stack[n-2], stack[n-1]
			switch in.op {
			case opI32Add:
				a += b
			case opI32Sub:
				a -= b
			default:
				a *= b
			}
			stack = append(stack[:n-2], a)
		case opEnd:
			return last(stack), len(stack) == 1
		default:
			return 0, false
		}
	}
	return 0, false
}

func last(stack []int32) int32 {
	if len(stack) == 0 {
		return 0
	}
	return stack[len(stack)-1]
}
