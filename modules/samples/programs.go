package samples

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// programs are the scripts of each engine. What they give is computed here in
// another way, or in Go at least, so that no engine vouches for itself.
var programs = []struct {
	name string
	want func() string
}{
	{"fib", fib},
	{"loops", loops},
	{"strings", texts},
	{"sort", sorted},
	{"maps", counted},
}

func fib() string {
	a, b := 0, 1
	for range 16 {
		a, b = b, a+b
	}
	return strconv.Itoa(a)
}

// loops counts no loop: j runs through all remainders ten times for each of
// the seventy i, whatever i * i is.
func loops() string {
	return strconv.Itoa(70 * 10 * (0 + 1 + 2 + 3 + 4 + 5 + 6))
}

func texts() string {
	var words []string
	fizz, digits := 0, 0
	for i := range 500 {
		if i%3 == 0 {
			words = append(words, "Fizz")
			fizz++
		} else {
			words = append(words, fmt.Sprintf("n%d", i))
			digits += len(strconv.Itoa(i))
		}
	}
	return fmt.Sprint(len(strings.Join(words, " ")), len(words), fizz, digits)
}

func sorted() string {
	var list []int
	x := 1
	for range 300 {
		x = x * 16807 % 2147483647
		list = append(list, x%1000)
	}
	slices.Sort(list)
	sum := 0
	for i, number := range list {
		sum += number * (len(list) - i)
	}
	return strconv.Itoa(sum)
}

func counted() string {
	counts := map[int]int{}
	for i := range 1000 {
		counts[i*i%101]++
	}
	return fmt.Sprint(len(counts), counts[0], slices.Max(slices.Collect(maps.Values(counts))))
}
