package sandbox

import (
	"context"
	"encoding/binary"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/sys"
)

// Results of WASI functions.
//
// Specification: WASI preview 1, errno.
const (
	wasiSuccess = 0
	wasiBadFile = 8
	wasiFault   = 21
	wasiInvalid = 28
)

// overrideWASI replaces those of WASI's functions that would change, or show,
// what the runtime keeps with an instance: it outlives the job, and no reset
// could put it back. So closing a stream does nothing to it, the environment is
// the job's, and an exit leaves the instance usable.
func overrideWASI(b wazero.HostModuleBuilder) {
	const i32 = api.ValueTypeI32
	override := func(name string, params int, f func(r *run, mem api.Memory, stack []uint64) uint32) {
		types := []api.ValueType{i32, i32, i32, i32}[:params]
		b.NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(func(ctx context.Context, mod api.Module, stack []uint64) {
			stack[0] = uint64(f(runOf(ctx), mod.Memory(), stack))
		}), types, []api.ValueType{i32}).Export(name)
	}
	standard := func(_ *run, _ api.Memory, stack []uint64) uint32 {
		if uint32(stack[0]) > 2 {
			return wasiBadFile
		}
		return wasiSuccess
	}
	override("fd_close", 1, standard)
	override("fd_fdstat_set_flags", 2, standard)
	override("fd_renumber", 2, func(*run, api.Memory, []uint64) uint32 { return wasiBadFile })
	override("environ_sizes_get", 2, (*run).environSizes)
	override("environ_get", 2, (*run).environGet)
	override("poll_oneoff", 4, (*run).pollOneoff)
	b.NewFunctionBuilder().WithGoFunction(api.GoFunc(func(_ context.Context, stack []uint64) {
		panic(sys.NewExitError(uint32(stack[0])))
	}), []api.ValueType{i32}, nil).Export("proc_exit")
}

// environSizes is environ_sizes_get(count, size).
func (r *run) environSizes(mem api.Memory, stack []uint64) uint32 {
	size := 0
	for _, v := range r.environ {
		size += len(v) + 1
	}
	if !mem.WriteUint32Le(uint32(stack[0]), uint32(len(r.environ))) || !mem.WriteUint32Le(uint32(stack[1]), uint32(size)) {
		return wasiFault
	}
	return wasiSuccess
}

// environGet is environ_get(pointers, strings).
func (r *run) environGet(mem api.Memory, stack []uint64) uint32 {
	at := uint32(stack[1])
	var pointers, strings []byte
	for _, v := range r.environ {
		pointers = binary.LittleEndian.AppendUint32(pointers, at+uint32(len(strings)))
		strings = append(append(strings, v...), 0)
	}
	if !mem.Write(uint32(stack[0]), pointers) || !mem.Write(at, strings) {
		return wasiFault
	}
	return wasiSuccess
}
