package wasm_test

import "testing"

func BenchmarkDecode(b *testing.B) {
	binary := read(b, engine)
	b.SetBytes(int64(len(binary)))
	b.ReportAllocs()
	for b.Loop() {
		decoded(b, binary)
	}
}

func BenchmarkMeter(b *testing.B) {
	binary := read(b, engine)
	b.SetBytes(int64(len(binary)))
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		m := decoded(b, binary) // metering changes it
		b.StartTimer()
		m.Meter()
	}
}

func BenchmarkEncode(b *testing.B) {
	m := decoded(b, read(b, engine))
	b.SetBytes(int64(len(m.Encode())))
	b.ReportAllocs()
	for b.Loop() {
		m.Encode()
	}
}
