/* henge.h: what a module written in C imports from a henge worker and exports
 * to it, contract version 1. ABI.md says what each function takes and gives.
 *
 * Nothing else is needed, and no libc:
 *
 *   clang --target=wasm32 -O2 -nostdlib -Wl,--no-entry greet.c -o greet.wasm
 *
 * A function that is declared here and never called is not imported. */

#ifndef HENGE_H
#define HENGE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* HENGE_EXPORT stands before the definition of a function that the host calls:
 *
 *   HENGE_EXPORT("henge_init") void init(void) { ... }
 *   HENGE_EXPORT("henge_run") int32_t run(void) { ... }
 */
#define HENGE_EXPORT(name) __attribute__((export_name(name)))

/* HENGE_IMPORT declares a host function. They all have one shape. The result
 * is the length of the reply, which was written to out if it is not more than
 * out_cap and otherwise waits for henge_job_take; or it is a code below zero,
 * whose message waits for henge_job_take. */
#define HENGE_IMPORT(module, function, as)                                  \
	__attribute__((import_module(module), import_name(function)))       \
	int64_t as(const void *req, uint32_t req_len, void *out, uint32_t out_cap)

/* The job: its payload, its identity, its result, its end. */
HENGE_IMPORT("henge_job_v1", "input", henge_job_input);
HENGE_IMPORT("henge_job_v1", "meta", henge_job_meta);
HENGE_IMPORT("henge_job_v1", "output", henge_job_output);
HENGE_IMPORT("henge_job_v1", "progress", henge_job_progress);
HENGE_IMPORT("henge_job_v1", "fail", henge_job_fail);
HENGE_IMPORT("henge_job_v1", "take", henge_job_take);

/* Lines kept with the job. */
HENGE_IMPORT("henge_log_v1", "write", henge_log_write);

/* Time and randomness. */
HENGE_IMPORT("henge_clock_v1", "now", henge_clock_now);
HENGE_IMPORT("henge_clock_v1", "monotonic", henge_clock_monotonic);
HENGE_IMPORT("henge_clock_v1", "random", henge_clock_random);

/* The most that one call of henge_clock_random gives, in bytes. */
#define HENGE_MAX_RANDOM 65536

/* The circle's keys in Redis. */
HENGE_IMPORT("henge_redis_v1", "do", henge_redis_do);
HENGE_IMPORT("henge_redis_v1", "pipeline", henge_redis_pipeline);

/* The circle's database: one transaction for each job. */
HENGE_IMPORT("henge_sql_v1", "query", henge_sql_query);
HENGE_IMPORT("henge_sql_v1", "exec", henge_sql_exec);

/* Small values of the circle, in the same transaction. */
HENGE_IMPORT("henge_kv_v1", "get", henge_kv_get);
HENGE_IMPORT("henge_kv_v1", "set", henge_kv_set);
HENGE_IMPORT("henge_kv_v1", "delete", henge_kv_delete);
HENGE_IMPORT("henge_kv_v1", "list", henge_kv_list);

/* What the caller is to the circle, and what everybody may read of it. */
HENGE_IMPORT("henge_circle_v1", "role", henge_circle_role);
HENGE_IMPORT("henge_circle_v1", "publish", henge_circle_publish);
HENGE_IMPORT("henge_circle_v1", "unpublish", henge_circle_unpublish);

/* Requests to hosts that the operator allows. */
HENGE_IMPORT("henge_http_v1", "fetch", henge_http_fetch);

/* Further jobs of the same circle and caller. */
HENGE_IMPORT("henge_queue_v1", "submit", henge_queue_submit);
HENGE_IMPORT("henge_queue_v1", "wait", henge_queue_wait);

/* What a host function answers in place of a length. */
enum henge_code {
	HENGE_ACCESS_DENIED = -1,
	HENGE_NOT_FOUND = -2,
	HENGE_TYPE_ERROR = -3,
	HENGE_TOO_LARGE = -4,
	HENGE_LIMIT = -5,
	HENGE_TIMEOUT = -6,
	HENGE_CANCELLED = -7,
	HENGE_CONFLICT = -8,
	HENGE_UNAVAILABLE = -9,
	HENGE_INVALID_ARGUMENT = -10,
	HENGE_UNSUPPORTED = -11,
	HENGE_INTERNAL = -12
};

#ifdef __cplusplus
}
#endif

#endif
