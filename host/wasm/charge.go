package wasm

// charges decides where in a function fuel is taken, and how much.
//
// Exact counting takes at each block what it costs, and is slow, since most
// blocks are short. Taking the longest way through the whole function or loop
// at its head is fast, and overcounts where ways differ. Between these lies
// the following. Each block i has an amount prepaid[i] that every way to it
// has taken in advance, and takes charge[i] when it is entered, so that always
//
//	prepaid[i] + charge[i] >= cost[i] + prepaid[s]  for every successor s.
//
// Fuel is then never less than the work done, whatever the amounts prepaid
// are; they decide only how often it is taken and how much too much. A block
// is prepaid what it needs, so that it takes nothing itself, except where ways
// part and one needs more than slack above another: that one is prepaid no
// more than the other and takes the rest where it begins.
//
// A loop's header takes what one round needs. What the way behind the loop
// needs is prepaid to the header, and kept through the rounds, so that it is
// not taken with each.
type charges struct {
	flow *flow

	prepaid, charge, most []int64

	// free is the most that is executed from a block on before fuel is looked
	// at.
	free []int64

	// check says that fuel is looked at where the block begins.
	check []bool
}

const (
	// slack is how much more than is needed may be taken where ways part.
	slack = 32

	// longest is the most that is executed without a look at fuel.
	longest = 1 << 16

	// resumed is the most of that behind a call. Callers without number may
	// resume one after the other.
	resumed = 2000

	// nested is how many loops within each other are looked at for what
	// follows them: looking costs as much again for each.
	nested = 8

	unbounded = 1 << 62
)

func (c *charges) compute(g *flow) {
	n := len(g.blocks)
	c.flow = g
	c.prepaid = grown(c.prepaid, n+1)
	c.charge = grown(c.charge, n)
	c.most = grown(c.most, n)
	c.free = grown(c.free, n+1)
	c.check = grown(c.check, n)
	for i := range n {
		c.most[i], c.check[i] = unbounded, g.blocks[i].header
	}
	c.prepaid[n], c.free[n] = 0, 0
	c.most[0], c.check[0] = 0, true
	c.pass(true)
	c.pass(false)
}

// pass goes from the end to the beginning. The first pass chooses where
// amounts are bounded, the second works them out.
func (c *charges) pass(choose bool) {
	g := c.flow
	left := len(g.loops)
	for i := len(g.blocks) - 1; i >= 0; i-- {
		for left > 0 && int(g.loops[left-1].last) == i {
			left--
			c.prepaid[g.loops[left].header] = c.behind(g.loops[left], choose)
		}
		var next, free int64
		successors := g.successors(i)
		if choose {
			c.bound(successors)
		}
		for _, e := range successors {
			s := g.target(e)
			next = max(next, c.prepaid[s])
			// To the header of a loop no way is free: there fuel is looked at.
			if int(s) > i && (int(s) == len(c.check) || !c.check[s]) {
				free = max(free, c.free[s])
			}
		}
		cost := g.blocks[i].cost
		c.free[i] = cost + g.blocks[i].called + free
		if choose && (c.free[i] > longest || g.blocks[i].resumes && c.free[i] > resumed) {
			c.check[i], c.most[i] = true, 0
		}
		need := cost + next
		if !g.blocks[i].header {
			c.prepaid[i] = min(need, c.most[i])
		}
		c.charge[i] = max(0, need-c.prepaid[i])
	}
}

// joinEntry lets a loop with which the function begins take for what little
// stands before it. Compilers that make one loop of each function, to branch
// anywhere, would otherwise pay twice for each call.
func (c *charges) joinEntry() {
	first := c.flow.successors(0)
	if len(first) != 1 {
		return
	}
	if loop := c.flow.target(first[0]); int(loop) < len(c.check) && c.flow.blocks[loop].header && c.charge[0] <= c.charge[loop]/4 {
		c.charge[loop] += c.charge[0]
		c.charge[0] = 0
	}
}

// bound keeps the ways that part here within slack of each other.
func (c *charges) bound(successors []int32) {
	if len(successors) < 2 {
		return
	}
	least := int64(unbounded)
	for _, e := range successors {
		least = min(least, c.prepaid[c.flow.target(e)])
	}
	for _, e := range successors {
		c.lower(c.flow.target(e), least)
	}
}

// lower bounds what a block is prepaid, where it is far above.
func (c *charges) lower(block int32, least int64) {
	if c.prepaid[block] > least+slack && !c.flow.blocks[block].header {
		c.most[block] = min(c.most[block], least)
		c.prepaid[block] = least
	}
}

// behind is what is prepaid to a loop's header for the ways that leave it.
func (c *charges) behind(l loop, choose bool) int64 {
	if l.depth > nested {
		return 0
	}
	g := c.flow
	least, most := int64(unbounded), int64(0)
	each := func(f func(s int32)) {
		for i := l.header; i <= l.last; i++ {
			for _, e := range g.successors(int(i)) {
				if s := g.target(e); s < l.header || s > l.last {
					f(s)
				}
			}
		}
	}
	if choose {
		each(func(s int32) { least = min(least, c.prepaid[s]) })
		each(func(s int32) {
			if s > l.last && int(s) < len(g.blocks) {
				c.lower(s, least)
			}
		})
	}
	each(func(s int32) { most = max(most, c.prepaid[s]) })
	return most
}

// grown returns a slice of n elements of any content.
func grown[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/2)
	}
	return s[:n]
}
