package henge

import (
	"encoding/hex"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
)

// The examples of RFC 8949, appendix A.
func TestExamplesOfTheStandard(t *testing.T) {
	for want, v := range map[string]any{
		"00": 0, "17": 23, "1818": 24, "18ff": 255, "190100": 256, "1a000f4240": 1_000_000,
		"1b000000e8d4a51000": int64(1_000_000_000_000), "20": -1, "3903e7": -1000,
		"1b7fffffffffffffff": int64(math.MaxInt64), "3b7fffffffffffffff": int64(math.MinInt64),
		"fb3ff199999999999a": 1.1, "f4": false, "f5": true, "f6": nil,
		"4401020304": []byte{1, 2, 3, 4}, "6449455446": "IETF", "63e6b0b4": "水",
		"83010203":           []any{1, 2, 3},
		"a26161016162820203": map[string]any{"b": []any{2, 3}, "a": 1},
	} {
		got, err := appendValue(nil, v)
		if err != nil || hex.EncodeToString(got) != want {
			t.Errorf("%v: %x, %v; want %s", v, got, err, want)
		}
	}
}

func TestReadsBackWhatIsWritten(t *testing.T) {
	want := []any{nil, true, int64(math.MinInt64), int64(math.MaxInt64), 0.1, "café", []byte{0, 255}, strings.Repeat("x", 70_000), map[string]any{"a": []any{}, "b": int64(1)}}
	encoded, err := appendValue(nil, want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decode(encoded)
	if err != nil || !reflect.DeepEqual(got, any(want)) {
		t.Fatalf("%v, %v", got, err)
	}
}

func TestWhatIsNoValue(t *testing.T) {
	deep := any(nil)
	for range 100 {
		deep = []any{deep}
	}
	for _, v := range []any{struct{}{}, uint64(1), []string{"a"}, deep} {
		var refusal *Error
		if _, err := appendValue(nil, v); !errors.As(err, &refusal) || refusal.Code != InvalidArgument {
			t.Errorf("%T: %v", v, err)
		}
	}
}

func TestIdentity(t *testing.T) {
	meta := map[string]any{
		"id": "1", "circle": "acme", "caller": "alice", "attempt": 300, "env": map[string]any{"circle": "other", "": []any{nil, true, -7, 0.5}},
		"limits": map[string]any{"fuel": int64(math.MaxInt64)}, "bytes": []byte{0, 255},
	}
	encoded, err := appendValue(nil, meta)
	if err != nil {
		t.Fatal(err)
	}
	if circle, caller, err := identity(encoded); circle != "acme" || caller != "alice" || err != nil {
		t.Error(circle, caller, err)
	}
	for cut := range encoded {
		if _, _, err := identity(encoded[:cut]); err == nil {
			t.Errorf("%x is half of a reply", encoded[:cut])
		}
	}
	for _, odd := range []string{"\x80", "\xa1\x01\x02", "\xa1\x66circle\x01", "\xa1\x61a" + strings.Repeat("\x81", 100) + "\x01"} {
		if _, _, err := identity([]byte(odd)); err == nil {
			t.Errorf("%q is no reply", odd)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{"", "\x81", "\x9b\xff\xff\xff\xff\xff\xff\xff\xff", "\xa1\x01\x02", "\xc1\x00", "\x5f", "\x00\x00", "\xf8\x14", strings.Repeat("\x81", 1000), "\xa1\x61a\x83\xf6\xf5\xfb\x3f\xf1\x99\x99\x99\x99\x99\x9a"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := decode(b)
		if err != nil {
			return
		}
		encoded, err := appendValue(nil, v)
		if err != nil {
			t.Fatalf("%v cannot be written: %v", v, err)
		}
		if again, err := decode(encoded); err != nil || len(encoded) == 0 || again == nil && v != nil {
			t.Fatalf("%v became %v: %v", v, again, err)
		}
	})
}

func TestWithoutAHostEveryCallIsUnsupported(t *testing.T) {
	errs := []error{Output(nil), Progress(1, 2, "x"), Log(Info, "x", nil), Random(make([]byte, 1)), KVSet("k", "v", 1), KVDelete(nil), CirclePublish("table", "t"), CircleUnpublish("table", "t")}
	add := func(_ any, err error) { errs = append(errs, err) }
	add(Input())
	add(Meta())
	_, _, err := Identity()
	errs = append(errs, err)
	add(Now())
	add(Monotonic())
	add(RedisDo("GET", "k"))
	add(RedisPipeline([]any{"GET", "k"}))
	add(SQLQuery("select 1", nil, 1))
	add(SQLExec("select 1", []any{1}))
	add(CircleRole())
	add(HTTPFetchValue(map[string]any{"url": "u"}))
	add(QueueSubmitValue(map[string]any{"type": "t"}))
	add(HTTPFetch(Request{URL: "u", Body: []byte("x"), Headers: map[string]string{"a": "b"}}))
	add(QueueSubmit(Job{Env: map[string]string{"a": "b"}}))
	add(QueueWait([]string{"j"}, 1))
	_, _, err = KVGet(nil)
	errs = append(errs, err)
	_, _, err = KVList("a", "b", 1)
	errs = append(errs, err)
	for i, err := range errs {
		var refusal *Error
		if !errors.As(err, &refusal) || refusal.Code != Unsupported {
			t.Errorf("%d: %v", i, err)
		}
	}
	if Finish(nil) != 0 || Finish(errors.New("no")) != 1 {
		t.Error("Finish says with its number whether it went well")
	}
}

func TestRedisResults(t *testing.T) {
	for _, c := range []struct {
		item any
		want RedisResult
	}{
		{[]any{true, int64(3)}, RedisResult{Value: int64(3)}},
		{[]any{true, nil}, RedisResult{}},
	} {
		if got := redisResult(c.item); got != c.want {
			t.Errorf("%v: %v", c.item, got)
		}
	}
	var refusal *Error
	if err := redisResult([]any{false, int64(TypeError), "a list"}).Err; !errors.As(err, &refusal) || *refusal != (Error{TypeError, "a list"}) {
		t.Error(err)
	}
	if redisResult("x").Err == nil {
		t.Error("a text is no result")
	}
}
