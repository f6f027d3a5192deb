package queue

import (
	"strings"
	"unicode/utf8"
)

// fixName returns a name as it stands in keys, which fix_name in lua/names.lua
// writes the same: "My Circle-1" gives "my_circle_1". In this order, bytes
// beyond ASCII are dropped, so they neither begin nor end a run; letters
// become small; each run of what is no letter, digit, point or comma (an
// underscore belongs to it) becomes one underscore; one in front goes, one at
// the end stays. The result may be empty, and fixing it again changes nothing.
func fixName(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	run := true // one in front is not written
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= utf8.RuneSelf:
			continue
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '.', c == ',':
			run = false
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
			run = false
		case run:
			continue
		default:
			c = '_'
			run = true
		}
		b.WriteByte(c)
	}
	return b.String()
}
