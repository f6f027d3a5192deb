//go:build wasip1

package henge

import "unsafe"

//go:wasmimport henge_job_v1 input
func jobInput(req unsafe.Pointer, reqLen uint32, out unsafe.Pointer, outCap uint32) int64

//go:wasmimport henge_job_v1 meta
func jobMeta(req unsafe.Pointer, reqLen uint32, out unsafe.Pointer, outCap uint32) int64

//go:wasmimport henge_job_v1 output
func jobOutput(req unsafe.Pointer, reqLen uint32, out unsafe.Pointer, outCap uint32) int64

//go:wasmimport henge_job_v1 progress
func jobProgress(req unsafe.Pointer, reqLen uint32, out unsafe.Pointer, outCap uint32) int64

//go:wasmimport henge_job_v1 fail
func jobFail(req unsafe.Pointer, reqLen uint32, out unsafe.Pointer, outCap uint32) int64

//go:wasmimport henge_job_v1 take
func jobTake(req unsafe.Pointer, reqLen uint32, out unsafe.Pointer, outCap uint32) int64

//go:wasmimport henge_log_v1 write
func logWrite(req unsafe.Pointer, reqLen uint32, out unsafe.Pointer, outCap uint32) int64

//go:wasmimport henge_clock_v1 now
func clockNow(req unsafe.Pointer, reqLen uint32, out unsafe.Pointer, outCap uint32) int64

//go:wasmimport henge_clock_v1 monotonic
func clockMonotonic(req unsafe.Pointer, reqLen uint32, out unsafe.Pointer, outCap uint32) int64

//go:wasmimport henge_clock_v1 random
func clockRandom(req unsafe.Pointer, reqLen uint32, out unsafe.Pointer, outCap uint32) int64

//go:wasmimport henge_redis_v1 do
func redisDo(req unsafe.Pointer, reqLen uint32, out unsafe.Pointer, outCap uint32) int64

//go:wasmimport henge_redis_v1 pipeline
func redisPipeline(req unsafe.Pointer, reqLen uint32, out unsafe.Pointer, outCap uint32) int64

//go:wasmimport henge_sql_v1 query
func sqlQuery(req unsafe.Pointer, reqLen uint32, out unsafe.Pointer, outCap uint32) int64

//go:wasmimport henge_sql_v1 exec
func sqlExec(req unsafe.Pointer, reqLen uint32, out unsafe.Pointer, outCap uint32) int64

//go:wasmimport henge_kv_v1 get
func kvGet(req unsafe.Pointer, reqLen uint32, out unsafe.Pointer, outCap uint32) int64

//go:wasmimport henge_kv_v1 set
func kvSet(req unsafe.Pointer, reqLen uint32, out unsafe.Pointer, outCap uint32) int64

//go:wasmimport henge_kv_v1 delete
func kvDelete(req unsafe.Pointer, reqLen uint32, out unsafe.Pointer, outCap uint32) int64

//go:wasmimport henge_kv_v1 list
func kvList(req unsafe.Pointer, reqLen uint32, out unsafe.Pointer, outCap uint32) int64

//go:wasmimport henge_circle_v1 role
func circleRole(req unsafe.Pointer, reqLen uint32, out unsafe.Pointer, outCap uint32) int64

//go:wasmimport henge_circle_v1 publish
func circlePublish(req unsafe.Pointer, reqLen uint32, out unsafe.Pointer, outCap uint32) int64

//go:wasmimport henge_circle_v1 unpublish
func circleUnpublish(req unsafe.Pointer, reqLen uint32, out unsafe.Pointer, outCap uint32) int64

//go:wasmimport henge_http_v1 fetch
func httpFetch(req unsafe.Pointer, reqLen uint32, out unsafe.Pointer, outCap uint32) int64

//go:wasmimport henge_queue_v1 submit
func queueSubmit(req unsafe.Pointer, reqLen uint32, out unsafe.Pointer, outCap uint32) int64

//go:wasmimport henge_queue_v1 wait
func queueWait(req unsafe.Pointer, reqLen uint32, out unsafe.Pointer, outCap uint32) int64
