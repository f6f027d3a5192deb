package abi_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/henge-run/henge/abi"
)

// messages are all that a guest or a host may have to read.
func messages() []any {
	return []any{
		abi.Meta{}, abi.Fail{}, abi.Progress{}, abi.LogLine{},
		[]abi.Value{}, [][]abi.Value{},
		abi.Query{}, abi.Rows{}, abi.Statement{}, []abi.Statement{}, abi.Changes{}, []abi.Changes{},
		abi.KVSet{}, abi.KVList{}, abi.KVKeys{},
		abi.Publication{},
		abi.Fetch{}, abi.Fetched{},
		abi.SubmitJob{}, abi.SubmittedJob{}, abi.WaitJobs{}, abi.WaitedJobs{},
		abi.Manifest{},
	}
}

// Whatever the bytes are, reading them as any message gives that message or an
// error for the guest. What was read is written so that it is read the same.
func FuzzMessages(f *testing.F) {
	for _, seed := range []string{
		"{}", "[]", "\xa0", "\x80",
		`["SET","k",{"$bytes":"/w=="},1,1.5,null]`, `[["GET","k"],["DEL","k"]]`,
		`{"sql":"SELECT ?","args":[1,"a",null],"max_rows":3}`, `{"sql":"","args":{"a":1}}`, `[{"sql":"a"},{"sql":"b"}]`,
		`{"columns":["a"],"rows":[[1],[null]],"more":true}`, `{"changes":1,"last_id":-1}`,
		`{"key":"k","value":{"$bytes":"AA=="},"ttl_ms":1}`, `{"prefix":"","after":"a","limit":2}`, `{"keys":["a"],"more":false}`,
		`{"kind":"table","name":"t"}`,
		`{"url":"https://example.com","method":"PUT","headers":{"a":"b"},"body":"x","timeout_ms":1,"max_body":2}`,
		`{"type":"rhai","payload":"40 + 2","env":{"A":"B"},"retries":1,"delay_ms":2}`, `{"ids":["a","b"]}`,
		`{"a":{"status":"succeeded","output":"42","error":""}}`,
		"\xa2\x63sql\x61a\x64args\x81\xfb\x7f\xf8\x00\x00\x00\x00\x00\x01", "\xbf\x63sql\x7f\x61a\xff\xff",
		"\x81\x62\xff\xfe", "[\"\xff\"]", "\x9b\xff\xff\xff\xff\xff\xff\xff\xff", "\xa1\x63sql\xc2\x41\x01",
		strings.Repeat("\x81", 100), strings.Repeat("[", 100), strings.Repeat("\xa1\x61a", 70),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, request []byte) {
		for _, m := range messages() {
			first := reflect.New(reflect.TypeOf(m))
			enc, err := abi.Decode(request, first.Interface())
			if err != nil {
				requireCode(t, abi.InvalidArgument, err)
				continue
			}
			written, err := abi.Encode(enc, first.Elem().Interface())
			require.NoError(t, err, "%T", m)
			again := reflect.New(reflect.TypeOf(m))
			_, err = abi.Decode(written, again.Interface())
			require.NoError(t, err, "%T: %q", m, written)
			rewritten, err := abi.Encode(enc, again.Elem().Interface())
			require.NoError(t, err, "%T", m)
			require.Equal(t, string(written), string(rewritten), "%T", m)
		}
	})
}
