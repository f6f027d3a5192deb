/* henge_kit.h: the C kit for modules that run jobs in henge. It writes requests
 * and reads replies in CBOR, and has a function for each common request over
 * those of abi/henge.h. It is all there is: no libc, no allocation, no state.
 *
 *   clang --target=wasm32 -ffreestanding -O2 -nostdlib -Wl,--no-entry \
 *       -I path/to/abi -I path/to/guest/c greet.c -o greet.wasm
 *
 * Functions that call the host return what it does: the length of the reply,
 * or a code below zero. A reply longer than the room for it waits for
 * henge_job_take, and so does the message of a code. */

#ifndef HENGE_KIT_H
#define HENGE_KIT_H

#include "henge.h"

static inline uint32_t henge_length(const char *text)
{
	uint32_t n = 0;

	while (text[n])
		n++;
	return n;
}

/* --- Writing --- */

/* A writer fills a buffer. What does not fit is not written, but counted: len
 * is more than cap then, and henge_request_ok says no. */
typedef struct {
	uint8_t *at;
	uint32_t cap, len;
} henge_writer;

#define HENGE_WRITER(buffer) { (buffer), sizeof(buffer), 0 }

static inline int henge_request_ok(const henge_writer *w) { return w->len <= w->cap; }

static inline void henge_put_raw(henge_writer *w, const void *bytes, uint32_t n)
{
	const uint8_t *from = (const uint8_t *)bytes;

	if (n > UINT32_MAX - w->len)
		n = UINT32_MAX - w->len;
	for (uint32_t i = 0; i < n; i++)
		if (w->len + i < w->cap)
			w->at[w->len + i] = from[i];
	w->len += n;
}

static inline void henge_put_head(henge_writer *w, uint8_t major, uint64_t n)
{
	uint8_t head[9];
	uint32_t size = n < 24 ? 0 : n <= 0xff ? 1 : n <= 0xffff ? 2 : n <= 0xffffffff ? 4 : 8;
	uint8_t extra = size == 0 ? (uint8_t)n : size == 1 ? 24 : size == 2 ? 25 : size == 4 ? 26 : 27;

	head[0] = (uint8_t)(major << 5 | extra);
	for (uint32_t i = 0; i < size; i++)
		head[1 + i] = (uint8_t)(n >> 8 * (size - 1 - i));
	henge_put_raw(w, head, 1 + size);
}

/* A map of n pairs, or an array of n items, which follow. */
static inline void henge_put_map(henge_writer *w, uint32_t n) { henge_put_head(w, 5, n); }
static inline void henge_put_array(henge_writer *w, uint32_t n) { henge_put_head(w, 4, n); }

static inline void henge_put_text_n(henge_writer *w, const char *text, uint32_t n)
{
	henge_put_head(w, 3, n);
	henge_put_raw(w, text, n);
}

static inline void henge_put_text(henge_writer *w, const char *text)
{
	henge_put_text_n(w, text, henge_length(text));
}

static inline void henge_put_bytes(henge_writer *w, const void *bytes, uint32_t n)
{
	henge_put_head(w, 2, n);
	henge_put_raw(w, bytes, n);
}

static inline void henge_put_int(henge_writer *w, int64_t n)
{
	henge_put_head(w, n < 0, (uint64_t)(n < 0 ? ~n : n));
}

static inline void henge_put_float(henge_writer *w, double number)
{
	union { double number; uint64_t bits; } both = { number };
	uint8_t item[9] = { 0xfb };

	for (uint32_t i = 0; i < 8; i++)
		item[1 + i] = (uint8_t)(both.bits >> (56 - 8 * i));
	henge_put_raw(w, item, sizeof item);
}

static inline void henge_put_bool(henge_writer *w, int value)
{
	henge_put_raw(w, value ? "\xf5" : "\xf4", 1);
}

static inline void henge_put_null(henge_writer *w) { henge_put_raw(w, "\xf6", 1); }

/* --- Reading --- */

/* A reader goes through a reply. After something that is malformed or of
 * another kind than asked for it is bad, and all that it gives is zero. */
typedef struct {
	const uint8_t *at, *end;
	int bad;
} henge_reader;

static inline henge_reader henge_read(const void *reply, uint32_t n)
{
	henge_reader r = { (const uint8_t *)reply, (const uint8_t *)reply + n, 0 };

	return r;
}

/* The first byte of the next item, which tells its kind; 0xff at the end. */
static inline uint8_t henge_peek(const henge_reader *r)
{
	return r->bad || r->at == r->end ? 0xff : *r->at;
}

static inline uint64_t henge_get_head(henge_reader *r, uint8_t *major)
{
	uint8_t first = henge_peek(r), extra = first & 0x1f;
	uint64_t n = 0;
	uint32_t size = extra < 24 ? 0 : 1u << (extra & 3);

	*major = first >> 5;
	if (first == 0xff || extra > 27 || size >= (uint32_t)(r->end - r->at)) {
		r->bad = 1;
		return 0;
	}
	for (uint32_t i = 1; i <= size; i++)
		n = n << 8 | r->at[i];
	r->at += 1 + size;
	return size ? n : extra;
}

static inline uint64_t henge_get(henge_reader *r, uint8_t want)
{
	uint8_t major;
	uint64_t n = henge_get_head(r, &major);

	if (major != want)
		r->bad = 1;
	return r->bad ? 0 : n;
}

/* How many pairs or items follow. It is what the reply claims. */
static inline uint64_t henge_get_map(henge_reader *r) { return henge_get(r, 5); }
static inline uint64_t henge_get_array(henge_reader *r) { return henge_get(r, 4); }

/* A text or bytes, in place. */
static inline const char *henge_get_text(henge_reader *r, uint32_t *n)
{
	uint8_t major;
	uint64_t len = henge_get_head(r, &major);
	const char *text = (const char *)r->at;

	if (r->bad || (major != 2 && major != 3) || len > (uint64_t)(r->end - r->at)) {
		r->bad = 1;
		*n = 0;
		return "";
	}
	*n = (uint32_t)len;
	r->at += len;
	return text;
}

static inline int64_t henge_get_int(henge_reader *r)
{
	uint8_t major;
	uint64_t n = henge_get_head(r, &major);

	if (major > 1 || n > INT64_MAX)
		r->bad = 1;
	return r->bad ? 0 : major ? ~(int64_t)n : (int64_t)n;
}

static inline double henge_get_float(henge_reader *r)
{
	union { uint64_t bits; double number; } both;

	if (henge_peek(r) != 0xfb)
		r->bad = 1;
	both.bits = henge_get(r, 7);
	return both.number;
}

static inline int henge_get_bool(henge_reader *r)
{
	uint64_t n = henge_get(r, 7);

	if (n != 20 && n != 21)
		r->bad = 1;
	return n == 21;
}

/* Steps over a null and says whether there was one. */
static inline int henge_get_null(henge_reader *r)
{
	if (henge_peek(r) != 0xf6)
		return 0;
	r->at++;
	return 1;
}

/* Steps over one item with all that is in it. */
static inline void henge_skip(henge_reader *r)
{
	for (uint64_t left = 1; left > 0 && !r->bad; left--) {
		uint8_t major;
		uint64_t n = henge_get_head(r, &major), rest = (uint64_t)(r->end - r->at);

		if ((major >= 2 && major <= 5 && n > rest) || left > rest + 1) {
			r->bad = 1;
			return;
		}
		if (major == 2 || major == 3)
			r->at += n;
		else if (major == 4 || major == 5)
			left += major == 4 ? n : 2 * n;
		else if (major == 6)
			left++;
	}
}

/* Goes to a field of the map that comes next; 0 if there is none. */
static inline int henge_find(henge_reader *r, const char *name)
{
	uint32_t want = henge_length(name), n;

	for (uint64_t left = henge_get_map(r); left > 0 && !r->bad; left--) {
		const char *key = henge_get_text(r, &n);
		uint32_t same = 0;

		while (same < n && same < want && key[same] == name[same])
			same++;
		if (n == want && same == n)
			return !r->bad;
		henge_skip(r);
	}
	return 0;
}

/* --- Requests --- */

/* A host function. */
typedef int64_t henge_function(const void *, uint32_t, void *, uint32_t);

/* Sends what was written, unless it did not fit into its buffer. */
static inline int64_t henge_send(henge_function *f, const henge_writer *w, void *out, uint32_t cap)
{
	return henge_request_ok(w) ? f(w->at, w->len, out, cap) : HENGE_TOO_LARGE;
}

/* How long a request of the functions below may be, in bytes; define it before
 * this header for more. */
#ifndef HENGE_REQUEST
#define HENGE_REQUEST 1024
#endif

/* Ends the job: henge_run returns what this does. A code of NULL is left out. */
static inline int32_t henge_fail(const char *message, const char *code, int retry)
{
	uint8_t room[HENGE_REQUEST];
	henge_writer w = HENGE_WRITER(room);

	henge_put_map(&w, code ? 3 : 2);
	henge_put_text(&w, "message");
	henge_put_text(&w, message);
	henge_put_text(&w, "retry");
	henge_put_bool(&w, retry);
	if (code) {
		henge_put_text(&w, "code");
		henge_put_text(&w, code);
	}
	henge_send(henge_job_fail, &w, 0, 0);
	return 1;
}

/* Ends the job with what the host said about the call before. */
static inline int32_t henge_fail_last(void)
{
	char message[HENGE_REQUEST / 2];
	int64_t n = henge_job_take(0, 0, message, sizeof message - 1);

	if (n < 0 || n > (int64_t)sizeof message - 1)
		return henge_fail("the host refused without a word", 0, 1);
	message[n] = 0;
	return henge_fail(message, 0, 1);
}

/* Adds to the result. */
static inline int64_t henge_put_output(const char *text) { return henge_job_output(text, henge_length(text), 0, 0); }

/* Writes a line of the log: level is debug, info, warn or error. */
static inline int64_t henge_log(const char *level, const char *text)
{
	uint8_t room[HENGE_REQUEST];
	henge_writer w = HENGE_WRITER(room);

	henge_put_map(&w, 2);
	henge_put_text(&w, "level");
	henge_put_text(&w, level);
	henge_put_text(&w, "text");
	henge_put_text(&w, text);
	return henge_send(henge_log_write, &w, 0, 0);
}

/* Says how far the job is. */
static inline int64_t henge_progress(double done, double total)
{
	uint8_t room[64];
	henge_writer w = HENGE_WRITER(room);

	henge_put_map(&w, 2);
	henge_put_text(&w, "done");
	henge_put_float(&w, done);
	henge_put_text(&w, "total");
	henge_put_float(&w, total);
	return henge_send(henge_job_progress, &w, 0, 0);
}

/* Fills out with at most HENGE_MAX_RANDOM random bytes, new in every job. */
static inline int64_t henge_random(void *out, uint32_t n)
{
	uint8_t count[4] = { (uint8_t)n, (uint8_t)(n >> 8), (uint8_t)(n >> 16), (uint8_t)(n >> 24) };

	return henge_clock_random(count, sizeof count, out, n);
}

/* Carries out a Redis command of n words; the reply is a value. */
static inline int64_t henge_redis(const char *const *words, uint32_t n, void *out, uint32_t cap)
{
	uint8_t room[HENGE_REQUEST];
	henge_writer w = HENGE_WRITER(room);

	henge_put_array(&w, n);
	for (uint32_t i = 0; i < n; i++)
		henge_put_text(&w, words[i]);
	return henge_send(henge_redis_do, &w, out, cap);
}

/* A map of the texts given: the request of several functions. */
static inline int64_t henge_send_pairs(henge_function *f, const char *const *pairs, uint32_t n, void *out, uint32_t cap)
{
	uint8_t room[HENGE_REQUEST];
	henge_writer w = HENGE_WRITER(room);

	henge_put_map(&w, n);
	for (uint32_t i = 0; i < 2 * n; i++)
		henge_put_text(&w, pairs[i]);
	return henge_send(f, &w, out, cap);
}

/* SQL without arguments; for those, write the request. */
static inline int64_t henge_query(const char *sql, void *out, uint32_t cap)
{
	const char *pairs[] = { "sql", sql };

	return henge_send_pairs(henge_sql_query, pairs, 1, out, cap);
}

static inline int64_t henge_exec(const char *sql, void *out, uint32_t cap)
{
	const char *pairs[] = { "sql", sql };

	return henge_send_pairs(henge_sql_exec, pairs, 1, out, cap);
}

/* A small value of the circle. */
static inline int64_t henge_get_value(const char *key, void *out, uint32_t cap)
{
	return henge_kv_get(key, henge_length(key), out, cap);
}

static inline int64_t henge_set_value(const char *key, const char *value)
{
	const char *pairs[] = { "key", key, "value", value };

	return henge_send_pairs(henge_kv_set, pairs, 2, 0, 0);
}

/* Lets everybody read a table, or the keys with a prefix, which is what kind
 * says; and takes it back. */
static inline int64_t henge_publish(const char *kind, const char *name)
{
	const char *pairs[] = { "kind", kind, "name", name };

	return henge_send_pairs(henge_circle_publish, pairs, 2, 0, 0);
}

static inline int64_t henge_unpublish(const char *kind, const char *name)
{
	const char *pairs[] = { "kind", kind, "name", name };

	return henge_send_pairs(henge_circle_unpublish, pairs, 2, 0, 0);
}

/* A GET request; the reply is a map of status, headers and body. */
static inline int64_t henge_fetch(const char *url, void *out, uint32_t cap)
{
	const char *pairs[] = { "url", url };

	return henge_send_pairs(henge_http_fetch, pairs, 1, out, cap);
}

/* A further job; the reply is a map of id. */
static inline int64_t henge_submit(const char *type, const char *payload, void *out, uint32_t cap)
{
	const char *pairs[] = { "type", type, "payload", payload };

	return henge_send_pairs(henge_queue_submit, pairs, 2, out, cap);
}

#endif
