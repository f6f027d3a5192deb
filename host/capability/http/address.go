package http

import (
	"encoding/binary"
	"net/netip"
	"slices"
)

// permitted says whether a connection may go to an address: one that belongs to
// somebody on the internet, or one in a range that the operator named. Of IPv6
// addresses that stand for IPv4 ones both are looked at.
func permitted(a netip.Addr, private []netip.Prefix) bool {
	a = a.WithZone("").Unmap()
	if slices.ContainsFunc(private, func(p netip.Prefix) bool { return p.Contains(a) }) {
		return !never(a)
	}
	if !a.IsGlobalUnicast() || reserved(a) {
		return false
	}
	inner, ok := embedded(a)
	return !ok || inner.IsGlobalUnicast() && !reserved(inner)
}

// never says of addresses that no range can open: they lead to no one host, or
// to the keys of the machine's cloud account.
func never(a netip.Addr) bool {
	return a.IsUnspecified() || a.IsMulticast() ||
		slices.Contains([]string{"255.255.255.255", "169.254.169.254", "fd00:ec2::254", "fd20:ce::254"}, a.String())
}

// reserved says whether IANA's registries of special addresses have it as not
// globally reachable, beside those that netip knows as no global unicast ones.
// 168.63.129.16 is a cloud's host machine, whose address looks like any other.
// Of IPv6 only 2000::/3 is given to anybody, and 64:ff9b::/96 to translators.
func reserved(a netip.Addr) bool {
	ranges := reserved4()
	if a.Is6() {
		if !netip.MustParsePrefix("2000::/3").Contains(a) && !netip.MustParsePrefix("64:ff9b::/96").Contains(a) {
			return true
		}
		ranges = reserved6()
	}
	return slices.ContainsFunc(ranges, func(s string) bool { return netip.MustParsePrefix(s).Contains(a) })
}

func reserved4() []string {
	return []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16",
		"172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24",
		"192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15",
		"198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	}
}

func reserved6() []string {
	return []string{
		"2001::/23", "2001:db8::/32", "2620:4f:8000::/48", "3fff::/20",
	}
}

// embedded returns the IPv4 address that an IPv6 address leads to by way of a
// translator or a tunnel: NAT64 and 6to4. Teredo is reserved as a whole, and so
// are IPv4-compatible ones.
func embedded(a netip.Addr) (netip.Addr, bool) {
	if !a.Is6() {
		return a, false
	}
	b := a.As16()
	switch {
	case binary.BigEndian.Uint32(b[:4]) == 0x0064ff9b:
		return netip.AddrFrom4([4]byte(b[12:16])), true
	case b[0] == 0x20 && b[1] == 0x02:
		return netip.AddrFrom4([4]byte(b[2:6])), true
	}
	return a, false
}
