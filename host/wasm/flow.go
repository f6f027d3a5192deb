package wasm

// flow is the graph of a function's basic blocks: stretches of code that are
// entered at their beginning only. Blocks stand in the order of the code, and
// every edge but those to the header of a loop leads to a later one.
type flow struct {
	blocks []block

	// edges are the successors of all blocks; each block has a part of it. An
	// edge is the number of a block, or ^n for label n.
	edges []int32

	// labels are the blocks that the ends of structured instructions lead to.
	labels []int32

	// loops stand in the order of their ends.
	loops []loop

	frames []frame
	live   bool
}

// block is a basic block.
type block struct {
	// at is where it begins: an offset in the function's code.
	at int

	// cost is what its instructions cost, and called what functions that they
	// call may execute before they look at fuel, and after.
	cost, called int64

	// edges are its part of flow.edges.
	edges, edgesEnd int32

	// header says that it begins a loop that is repeated, and bare that who
	// branches there takes nothing along.
	header, bare bool

	// resumes says that it begins behind a call. Any number of such blocks
	// may follow each other when calls that are nested return.
	resumes bool
}

// loop is the blocks from its header to last.
type loop struct {
	header, last int32

	// depth is how many loops it lies in.
	depth int
}

// frame is a structured instruction that is open.
type frame struct {
	op opcode

	// label leads to its end, or for a loop to its header.
	label int32

	// otherwise is the label of an if's other arm; -1 for none.
	otherwise int32

	// live says that it was reached.
	live bool

	// targeted says that something branches to its label.
	targeted bool

	// loops is how many loops are open around it.
	loops int
}

// exit is the label of the function's end.
const exit = 0

func (g *flow) reset() {
	*g = flow{blocks: g.blocks[:0], edges: g.edges[:0], labels: g.labels[:0], loops: g.loops[:0], frames: g.frames[:0], live: true}
	g.frames = append(g.frames, frame{op: opBlock, label: g.newLabel(), otherwise: -1, live: true})
	g.open(0)
}

func (g *flow) newLabel() int32 {
	g.labels = append(g.labels, -1)
	return int32(len(g.labels) - 1)
}

// open begins a block at an offset.
func (g *flow) open(at int) int32 {
	n := int32(len(g.edges))
	g.blocks = append(g.blocks, block{at: at, edges: n, edgesEnd: n})
	return int32(len(g.blocks) - 1)
}

// current is the block that the code is in.
func (g *flow) current() *block { return &g.blocks[len(g.blocks)-1] }

// edge leads from the current block to another.
func (g *flow) edge(to int32) {
	g.edges = append(g.edges, to)
	g.current().edgesEnd++
}

// branch leads from the current block to a label by its depth.
func (g *flow) branch(depth uint32) {
	f := &g.frames[len(g.frames)-1-int(depth)]
	f.targeted = true
	if g.live {
		g.edge(^f.label)
	}
}

// next opens the block that the current one falls into.
func (g *flow) next(at int) int32 {
	g.edge(int32(len(g.blocks)))
	return g.open(at)
}

// split ends a block that has become long, so that fuel can be looked at
// within it, and one that resumes behind a call of what looks at fuel itself.
func (g *flow) split(at int, resumes bool) {
	if b := g.current(); g.live && (resumes || b.cost+b.called > longest/2) {
		g.blocks[g.next(at)].resumes = resumes
	}
}

// charge adds to what the current block costs.
func (g *flow) charge(cost int64) {
	if g.live {
		g.current().cost += cost
	}
}

// step takes in one instruction, whose cost was charged, and says whether the
// function goes on behind it. labels are the targets of a br_table.
func (g *flow) step(in instruction, labels []uint32) bool {
	switch in.op {
	case opBlock, opLoop, opIf:
		g.begin(in)
	case opElse:
		g.otherwise(in)
	case opEnd:
		return g.end(in)
	case opBr:
		g.branch(in.index)
		g.live = false
	case opBrIf:
		g.branch(in.index)
		if g.live {
			g.next(in.to)
		}
	case opBrTable:
		for _, l := range labels {
			g.branch(l)
		}
		g.live = false
	case opReturn:
		g.branch(uint32(len(g.frames) - 1))
		g.live = false
	case opUnreachable:
		g.live = false
	}
	return true
}

func (g *flow) begin(in instruction) {
	f := frame{op: in.op, label: g.newLabel(), otherwise: -1, live: g.live, loops: g.frames[len(g.frames)-1].loops}
	if g.live {
		switch in.op {
		case opLoop:
			header := g.next(in.to)
			g.labels[f.label], g.blocks[header].bare = header, in.index >= blockValue
		case opIf:
			f.otherwise = g.newLabel()
			g.edge(^f.otherwise)
			g.next(in.to)
		}
	}
	if in.op == opLoop {
		f.loops++
	}
	g.frames = append(g.frames, f)
}

func (g *flow) otherwise(in instruction) {
	f := &g.frames[len(g.frames)-1]
	if g.live {
		f.targeted = true
		g.edge(^f.label)
	}
	if g.live = f.live; g.live {
		g.labels[f.otherwise] = g.open(in.to)
		f.otherwise = -1
	}
}

func (g *flow) end(in instruction) bool {
	f := g.frames[len(g.frames)-1]
	g.frames = g.frames[:len(g.frames)-1]
	if len(g.frames) == 0 {
		if g.live {
			g.edge(^exit)
		}
		g.labels[exit] = int32(len(g.blocks))
		return false
	}
	switch {
	case !f.live:
		g.live = false
	case f.op == opLoop:
		header := g.labels[f.label]
		if g.blocks[header].header = f.targeted; f.targeted {
			g.loops = append(g.loops, loop{header, int32(len(g.blocks) - 1), f.loops})
		}
		if g.live {
			g.next(in.to)
		}
	case f.targeted || f.otherwise >= 0:
		if g.live {
			g.edge(int32(len(g.blocks)))
		}
		join := g.open(in.to)
		g.labels[f.label] = join
		if f.otherwise >= 0 {
			g.labels[f.otherwise] = join
		}
		g.live = true
	}
	return true
}

// target resolves an edge.
func (g *flow) target(edge int32) int32 {
	if edge < 0 {
		return g.labels[^edge]
	}
	return edge
}

// successors are the edges of a block.
func (g *flow) successors(i int) []int32 {
	b := &g.blocks[i]
	return g.edges[b.edges:b.edgesEnd]
}
