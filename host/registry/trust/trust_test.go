package trust_test

import (
	"bytes"
	"crypto/ed25519"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/henge-run/henge/host/registry/trust"
)

// pair is a new pair of keys.
func pair(t require.TestingT) (ed25519.PrivateKey, ed25519.PublicKey) {
	private, public, err := trust.NewKey()
	require.NoError(t, err)
	key, err := trust.ParsePrivate(private)
	require.NoError(t, err)
	pub, err := trust.ParsePublic(public)
	require.NoError(t, err)
	return key, pub
}

func parts() *trust.Parts {
	return &trust.Parts{Stem: "m", Name: "m", Module: []byte("code"), Manifest: []byte(`{"name":"m"}`)}
}

func TestSignatureCovers(t *testing.T) {
	key, pub := pair(t)
	other, otherPub := pair(t)
	good := trust.Sign(parts(), key)
	both := parts()
	both.Signature = trust.Sign(parts(), other)
	both.Signature = trust.Sign(both, key)
	policy := trust.Policy{Keys: []ed25519.PublicKey{pub}}

	for name, c := range map[string]struct {
		change func(*trust.Parts)
		err    string
	}{
		"what was signed":           {func(p *trust.Parts) {}, ""},
		"a second signer":           {func(p *trust.Parts) { p.Signature = both.Signature }, ""},
		"lines of another version":  {func(p *trust.Parts) { p.Signature = append([]byte("future a b\n\x00\n"), good...) }, ""},
		"the module":                {func(p *trust.Parts) { p.Module = []byte("Code") }, "other content"},
		"the manifest":              {func(p *trust.Parts) { p.Manifest = []byte(`{"name":"M"}`) }, "other content"},
		"that there is a manifest":  {func(p *trust.Parts) { p.Manifest = nil }, "other content"},
		"the name":                  {func(p *trust.Parts) { p.Name = "rhai" }, "other content"},
		"no signature":              {func(p *trust.Parts) { p.Signature = nil }, "not signed"},
		"an empty file":             {func(p *trust.Parts) { p.Signature = []byte{} }, "cannot be read"},
		"noise":                     {func(p *trust.Parts) { p.Signature = bytes.Repeat([]byte("ed25519 x y\n"), 1e5) }, "cannot be read"},
		"a key that nobody trusts":  {func(p *trust.Parts) { p.Signature = trust.Sign(parts(), other) }, trust.Fingerprint(otherPub)},
		"a trusted key's name only": {func(p *trust.Parts) { p.Signature = bytes.Replace(good, good[len(good)-20:], good[len(good)-19:], 1) }, "cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			p := parts()
			p.Signature = good
			c.change(p)
			err := policy.Check(p)
			if c.err == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, trust.ErrUntrusted)
			require.ErrorContains(t, err, c.err)
		})
	}
}

func TestSignAgainKeepsOnlySignersOfWhatIsThere(t *testing.T) {
	first, firstPub := pair(t)
	second, secondPub := pair(t)
	p := parts()
	p.Signature = trust.Sign(p, first)
	p.Signature = trust.Sign(p, second)
	p.Signature = trust.Sign(p, second)
	require.Equal(t, 2, bytes.Count(p.Signature, []byte("\n")))
	for _, pub := range []ed25519.PublicKey{firstPub, secondPub} {
		_, err := trust.Verify(p, []ed25519.PublicKey{pub})
		require.NoError(t, err)
	}
	p.Module = []byte("next")
	p.Signature = trust.Sign(p, second)
	_, err := trust.Verify(p, []ed25519.PublicKey{firstPub})
	require.ErrorIs(t, err, trust.ErrUntrusted)
}

// TestNothingElseIsSigned damages what was signed at random.
func TestNothingElseIsSigned(t *testing.T) {
	key, pub := pair(t)
	good := trust.Sign(parts(), key)
	rapid.Check(t, func(t *rapid.T) {
		p := parts()
		p.Signature = bytes.Clone(good)
		what := rapid.SampledFrom([]*[]byte{&p.Module, &p.Manifest, &p.Signature}).Draw(t, "what")
		at := rapid.IntRange(0, len(*what)-1).Draw(t, "at")
		*what = bytes.Clone(*what)
		(*what)[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		// White space between fields may change and say the same.
		if bytes.Equal(bytes.Join(bytes.Fields(p.Signature), []byte(" ")), bytes.Join(bytes.Fields(good), []byte(" "))) && what == &p.Signature {
			return
		}
		_, err := trust.Verify(p, []ed25519.PublicKey{pub})
		require.ErrorIs(t, err, trust.ErrUntrusted)
	})
}

func TestPins(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "pins")
	pins := trust.Pins{}
	pins.Pin(parts())
	require.NoError(t, os.WriteFile(file, append([]byte("# ours\n\n"), pins.Bytes()...), 0o600))
	policy := trust.Policy{Pins: file}
	require.NoError(t, policy.Check(parts()))

	for name, c := range map[string]struct {
		change func(*trust.Parts)
		err    string
	}{
		"another module":   {func(p *trust.Parts) { p.Module = []byte("x") }, "is pinned to"},
		"another manifest": {func(p *trust.Parts) { p.Manifest = []byte("x") }, "m.json has the hash"},
		"no manifest":      {func(p *trust.Parts) { p.Manifest = nil }, "m.json is pinned and not there"},
		"another name":     {func(p *trust.Parts) { p.Stem = "n" }, "n.wasm is not pinned; henge module pin"},
	} {
		t.Run(name, func(t *testing.T) {
			p := parts()
			c.change(p)
			err := policy.Check(p)
			require.ErrorIs(t, err, trust.ErrUntrusted)
			require.ErrorContains(t, err, c.err)
		})
	}
	t.Run("a manifest that was not pinned", func(t *testing.T) {
		p := parts()
		p.Manifest = nil
		bare := trust.Pins{}
		bare.Pin(p)
		require.NoError(t, bare.Check(p))
		require.ErrorContains(t, bare.Check(parts()), "m.json is not pinned")
	})
	t.Run("sha256sum reads and writes them", func(t *testing.T) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "m.wasm"), parts().Module, 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "m.json"), parts().Manifest, 0o600))
		cmd := exec.Command("sha256sum", "m.json", "m.wasm")
		cmd.Dir = dir
		out, err := cmd.Output()
		require.NoError(t, err)
		require.Equal(t, string(pins.Bytes()), string(out))
	})
	t.Run("a file that cannot be read trusts nothing", func(t *testing.T) {
		require.ErrorContains(t, (&trust.Policy{Pins: filepath.Join(dir, "gone")}).Check(parts()), "read the pins")
		require.NoError(t, os.WriteFile(file, []byte("deadbeef m.wasm\n"), 0o600))
		require.ErrorContains(t, policy.Check(parts()), "no line of sha256sum")
	})
}

func TestReadPublic(t *testing.T) {
	dir := t.TempDir()
	private, public, err := trust.NewKey()
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "empty"), 0o700))
	keys := filepath.Join(dir, "keys")
	require.NoError(t, os.Mkdir(keys, 0o700))
	for name, content := range map[string][]byte{"a.pub": public, "b.pub": public, "a.key": private, "notes": nil} {
		require.NoError(t, os.WriteFile(filepath.Join(keys, name), content, 0o600))
	}
	got, err := trust.ReadPublic(keys, filepath.Join(keys, "a.pub"))
	require.NoError(t, err)
	require.Len(t, got, 1)

	for path, want := range map[string]string{
		filepath.Join(dir, "empty"):  "there is no public key",
		filepath.Join(dir, "none"):   "no such file",
		filepath.Join(keys, "a.key"): `it has a "PRIVATE KEY", and a PUBLIC KEY is needed`,
		filepath.Join(keys, "notes"): "no key in PEM",
	} {
		_, err := trust.ReadPublic(path)
		require.ErrorContains(t, err, want, path)
	}
}

// FuzzVerify looks for a signature file that is taken for one of ours.
func FuzzVerify(f *testing.F) {
	key, pub := pair(f)
	_, stranger := pair(f)
	f.Add(trust.Sign(parts(), key))
	f.Add([]byte("ed25519 AAAA BBBB\n"))
	f.Fuzz(func(t *testing.T, signature []byte) {
		p := parts()
		p.Signature = signature
		_, err := trust.Verify(p, []ed25519.PublicKey{stranger})
		require.ErrorIs(t, err, trust.ErrUntrusted)
		_, _ = trust.Verify(p, []ed25519.PublicKey{pub})
	})
}
