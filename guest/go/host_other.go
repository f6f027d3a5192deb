//go:build !wasip1

package henge

import "unsafe"

// There is no host here: every function answers Unsupported.

func jobInput(_ unsafe.Pointer, _ uint32, _ unsafe.Pointer, _ uint32) int64 {
	return int64(Unsupported)
}
func jobMeta(_ unsafe.Pointer, _ uint32, _ unsafe.Pointer, _ uint32) int64 { return int64(Unsupported) }
func jobOutput(_ unsafe.Pointer, _ uint32, _ unsafe.Pointer, _ uint32) int64 {
	return int64(Unsupported)
}
func jobProgress(_ unsafe.Pointer, _ uint32, _ unsafe.Pointer, _ uint32) int64 {
	return int64(Unsupported)
}
func jobFail(_ unsafe.Pointer, _ uint32, _ unsafe.Pointer, _ uint32) int64 { return int64(Unsupported) }
func jobTake(_ unsafe.Pointer, _ uint32, _ unsafe.Pointer, _ uint32) int64 { return int64(Unsupported) }

func logWrite(_ unsafe.Pointer, _ uint32, _ unsafe.Pointer, _ uint32) int64 {
	return int64(Unsupported)
}

func clockNow(_ unsafe.Pointer, _ uint32, _ unsafe.Pointer, _ uint32) int64 {
	return int64(Unsupported)
}
func clockMonotonic(_ unsafe.Pointer, _ uint32, _ unsafe.Pointer, _ uint32) int64 {
	return int64(Unsupported)
}
func clockRandom(_ unsafe.Pointer, _ uint32, _ unsafe.Pointer, _ uint32) int64 {
	return int64(Unsupported)
}

func redisDo(_ unsafe.Pointer, _ uint32, _ unsafe.Pointer, _ uint32) int64 { return int64(Unsupported) }
func redisPipeline(_ unsafe.Pointer, _ uint32, _ unsafe.Pointer, _ uint32) int64 {
	return int64(Unsupported)
}

func sqlQuery(_ unsafe.Pointer, _ uint32, _ unsafe.Pointer, _ uint32) int64 {
	return int64(Unsupported)
}
func sqlExec(_ unsafe.Pointer, _ uint32, _ unsafe.Pointer, _ uint32) int64 { return int64(Unsupported) }

func kvGet(_ unsafe.Pointer, _ uint32, _ unsafe.Pointer, _ uint32) int64 { return int64(Unsupported) }
func kvSet(_ unsafe.Pointer, _ uint32, _ unsafe.Pointer, _ uint32) int64 { return int64(Unsupported) }
func kvDelete(_ unsafe.Pointer, _ uint32, _ unsafe.Pointer, _ uint32) int64 {
	return int64(Unsupported)
}
func kvList(_ unsafe.Pointer, _ uint32, _ unsafe.Pointer, _ uint32) int64 { return int64(Unsupported) }

func circleRole(_ unsafe.Pointer, _ uint32, _ unsafe.Pointer, _ uint32) int64 {
	return int64(Unsupported)
}
func circlePublish(_ unsafe.Pointer, _ uint32, _ unsafe.Pointer, _ uint32) int64 {
	return int64(Unsupported)
}
func circleUnpublish(_ unsafe.Pointer, _ uint32, _ unsafe.Pointer, _ uint32) int64 {
	return int64(Unsupported)
}

func httpFetch(_ unsafe.Pointer, _ uint32, _ unsafe.Pointer, _ uint32) int64 {
	return int64(Unsupported)
}

func queueSubmit(_ unsafe.Pointer, _ uint32, _ unsafe.Pointer, _ uint32) int64 {
	return int64(Unsupported)
}
func queueWait(_ unsafe.Pointer, _ uint32, _ unsafe.Pointer, _ uint32) int64 {
	return int64(Unsupported)
}
