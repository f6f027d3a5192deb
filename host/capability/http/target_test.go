package http

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// ssrf are ways of writing an address or a URL by which others were fooled. Each
// is refused, whatever the policy says.
func ssrf() map[string]string {
	return map[string]string{
		"decimal":                   "http://2130706433/",
		"octal":                     "http://0177.0.0.1/",
		"octal in one":              "http://017700000001/",
		"hex":                       "http://0x7f.0.0.1/",
		"hex in one":                "http://0x7f000001/",
		"short":                     "http://127.1/",
		"very short":                "http://0/",
		"a point behind":            "http://127.0.0.1./",
		"a name with a point":       "http://example.com./",
		"zeros before":              "http://127.000.000.001/",
		"too large":                 "http://256.0.0.1/",
		"five parts":                "http://127.0.0.1.1/",
		"encoded":                   "http://%31%32%37.0.0.1/",
		"wide digits":               "http://\uff11\uff12\uff17.0.0.1/",
		"wide points":               "http://127。0。0。1/",
		"circled letters":           "http://ⓔxample.com/",
		"a look-alike":              "http://\u0435xample.com/",
		"a zone":                    "http://[fe80::1%25lo]/",
		"no brackets":               "http://::1/",
		"half a bracket":            "http://[::1/",
		"IPv4 in brackets":          "http://[127.0.0.1]/",
		"a name in brackets":        "http://[example.com]/",
		"behind brackets":           "http://[::1]x/",
		"a user":                    "http://me@example.com/",
		"a user and a password":     "http://me:pw@example.com/",
		"an empty user":             "http://@example.com/",
		"a host as user":            "http://example.com@127.0.0.1/",
		"a host as password":        "http://example.com:80@127.0.0.1:80/",
		"a backslash":               "http://example.com\\@127.0.0.1/",
		"a slash that is none":      "http:\\\\example.com/",
		"a tab":                     "http://exam\tple.com/",
		"a line end":                "http://example.com/\r\nHost: evil",
		"a NUL":                     "http://example.com\x00.evil/",
		"a space":                   "http://example.com /",
		"a file":                    "file:///etc/passwd",
		"a file with a host":        "file://localhost/etc/passwd",
		"gopher":                    "gopher://127.0.0.1:6379/_FLUSHALL",
		"dict":                      "dict://127.0.0.1:6379/",
		"ftp":                       "ftp://example.com/",
		"a unix socket":             "unix:///var/run/docker.sock",
		"data":                      "data:text/plain,x",
		"javascript":                "javascript:alert(1)",
		"no scheme":                 "//example.com/",
		"no host":                   "http:///path",
		"opaque":                    "http:example.com",
		"only a port":               "http://:80/",
		"port 0":                    "http://example.com:0/",
		"a port too large":          "http://example.com:65536/",
		"a port in octal":           "http://example.com:080/",
		"a port that is none":       "http://example.com:80x/",
		"an empty port":             "http://example.com:/",
		"two ports":                 "http://example.com:80:80/",
		"an empty part":             "http://a..b/",
		"a star":                    "http://*.example.com/",
		"a long part":               "http://" + strings.Repeat("a", 64) + ".com/",
		"a long name":               "http://" + strings.Repeat("a.", 130) + "com/",
		"a long URL":                "http://example.com/" + strings.Repeat("a", 10000),
		"empty":                     "",
		"a number at the end":       "http://example.1/",
		"a hex number at the end":   "http://example.0x1/",
		"IPv4-mapped, wrongly":      "http://[::ffff:127.0.0.1.2]/",
		"comma":                     "http://example.com,127.0.0.1/",
		"a fragment as host":        "http://#example.com/",
		"a query as host":           "http://?example.com/",
		"what is no UTF-8":          "http://\xff.com/",
		"an encoded slash in front": "http://example.com%2f@127.0.0.1/",
	}
}

func TestOneSpellingOfEachHost(t *testing.T) {
	for name, raw := range ssrf() {
		t.Run(name, func(t *testing.T) {
			got, err := parseTarget(raw)
			require.Error(t, err, "%+v", got)
			require.Less(t, len(err.Error()), 400, "it is not echoed at length")
		})
	}
}

func TestTargets(t *testing.T) {
	for raw, want := range map[string]string{
		"http://Example.COM/x?y#z":       "http://example.com http://example.com/x?y",
		"HTTPS://example.com:443":        "https://example.com https://example.com",
		"https://example.com:8443/":      "https://example.com:8443 https://example.com:8443/",
		"http://192.0.2.1/":              "http://192.0.2.1 http://192.0.2.1/",
		"http://[2001:DB8:0::1]:81/":     "http://[2001:db8::1]:81 http://[2001:db8::1]:81/",
		"http://[::1]/":                  "http://[::1] http://[::1]/",
		"http://[::ffff:127.0.0.1]/":     "http://[::ffff:127.0.0.1] http://[::ffff:127.0.0.1]/",
		"https://xn--mnchen-3ya.example": "https://xn--mnchen-3ya.example https://xn--mnchen-3ya.example",
		"https://a.b/@c":                 "https://a.b https://a.b/@c",
	} {
		got, err := parseTarget(raw)
		require.NoError(t, err, raw)
		require.Equal(t, want, got.Host()+" "+got.url.String())
	}
}

func TestPermitted(t *testing.T) {
	for _, a := range []string{
		"8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "2001:4860:4860::8888",
		"::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1",
	} {
		require.True(t, permitted(netip.MustParseAddr(a), nil), a)
	}
	closed := []string{
		"0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "172.31.255.255",
		"192.168.1.1", "100.64.0.1", "100.100.100.200", "169.254.169.254", "169.254.1.1", "168.63.129.16", "192.0.0.192", "192.0.2.1",
		"198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "192.88.99.1",
		"::", "::1", "fe80::1", "fec0::1", "fc00::1", "fd00:ec2::254", "fd20:ce::254", "ff02::1", "2001:db8::1", "100::1",
		"::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::7f00:1", "::ffff:0:127.0.0.1",
		"64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b:1::127.0.0.1",
		"2002:7f00:1::", "2002:a00:1::1", "2002:a9fe:a9fe::1", "2001:0:1:2:3:4:5:6", "2001:10::1", "2001:20::1", "5f00::1", "3fff::1", "4000::1",
	}
	for _, a := range closed {
		require.False(t, permitted(netip.MustParseAddr(a), nil), a)
	}
	all := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
	for _, a := range []string{"169.254.169.254", "::ffff:169.254.169.254", "fd00:ec2::254", "0.0.0.0", "::", "255.255.255.255", "224.0.0.1"} {
		require.False(t, permitted(netip.MustParseAddr(a), all), "no range opens %s", a)
	}
	ten := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}
	require.True(t, permitted(netip.MustParseAddr("10.1.2.3"), ten))
	require.True(t, permitted(netip.MustParseAddr("::ffff:10.1.2.3"), ten))
	require.False(t, permitted(netip.MustParseAddr("10.2.2.3"), ten))
}

func TestHosts(t *testing.T) {
	covers := func(host, raw string) bool {
		h, err := ParseHost(host)
		require.NoError(t, err)
		again, err := ParseHost(h.String())
		require.NoError(t, err)
		require.Equal(t, h, again)
		to, err := parseTarget(raw)
		require.NoError(t, err)
		return h.covers(to)
	}
	require.True(t, covers("api.example.com", "https://api.example.com/x"))
	require.True(t, covers("API.example.com", "https://Api.Example.com:443/x"))
	require.False(t, covers("api.example.com", "http://api.example.com/x"), "https is meant")
	require.False(t, covers("api.example.com", "https://api.example.com:8443/x"))
	require.False(t, covers("api.example.com", "https://api.example.com.evil.org/"))
	require.False(t, covers("api.example.com", "https://xapi.example.com/"))
	require.True(t, covers("*.example.com", "https://a.example.com/"))
	require.True(t, covers("*.example.com", "https://a.b.example.com/"))
	require.False(t, covers("*.example.com", "https://example.com/"))
	require.False(t, covers("*.example.com", "https://evilexample.com/"))
	require.True(t, covers("http://*.example.com:81", "http://a.example.com:81/"))
	require.True(t, covers("http://10.0.0.7:8080", "http://10.0.0.7:8080/"))
	require.True(t, covers("[2001:db8::1]", "https://[2001:db8:0::1]/"))
	for _, bad := range []string{"", "*", "*.com", "*.10.0.0.1", "ftp://a.b", "a.b/x", "a.b:0", "a b", "a.*.b", "http://", "me@a.b", "0x7f.1", "http://http://a.b", "a.b?c", "a.b#c"} {
		_, err := ParseHost(bad)
		require.Error(t, err, bad)
	}
}

// Whatever is read, net/url reads it back as the host that was compared.
func FuzzTarget(f *testing.F) {
	for _, raw := range ssrf() {
		f.Add(raw)
	}
	f.Add("https://example.com:8443/path?query")
	f.Fuzz(func(t *testing.T, raw string) {
		to, err := parseTarget(raw)
		if err != nil {
			return
		}
		again, err := url.Parse(to.url.String())
		require.NoError(t, err)
		require.Equal(t, to.name, again.Hostname())
		require.Nil(t, again.User)
		require.Contains(t, []string{"http", "https"}, again.Scheme)
	})
}
