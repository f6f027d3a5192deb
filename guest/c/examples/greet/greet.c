/* A runner in C: it greets whoever its payload names, with a number and a token
 * that nobody had before. */
#include "henge_kit.h"

/* Room for the payload of an ordinary job. */
static char name[4096];

/* Adds a number to the result, in decimal. */
static int64_t put_number(uint64_t n)
{
	char digits[21];
	uint32_t at = sizeof digits;

	digits[--at] = 0;
	do
		digits[--at] = (char)('0' + n % 10);
	while (n /= 10);
	return henge_put_output(digits + at);
}

HENGE_EXPORT("henge_run") int32_t run(void)
{
	static const char *const command[] = { "INCR", "greeted" };
	uint8_t answer[16], token[8];
	char text[17] = "";
	int64_t len = henge_job_input(0, 0, name, sizeof name);

	if (len < 0)
		return henge_fail_last();
	if (len == 0)
		return henge_fail("the payload is empty: it should be a name", "no_name", 0);
	if (len > (int64_t)sizeof name)
		return henge_fail("the name is longer than 4096 bytes", "too_long", 0);

	int64_t got = henge_redis(command, 2, answer, sizeof answer);
	if (got < 0)
		return henge_fail_last();
	henge_reader reply = henge_read(answer, got > (int64_t)sizeof answer ? 0 : (uint32_t)got);
	int64_t number = henge_get_int(&reply);
	if (reply.bad)
		return henge_fail("Redis answered with no number", 0, 1);

	if (henge_random(token, sizeof token) < 0)
		return henge_fail_last();
	for (uint32_t i = 0; i < 2 * sizeof token; i++)
		text[i] = "0123456789abcdef"[token[i / 2] >> (i % 2 ? 0 : 4) & 15];

	if (henge_log("info", "greeting") < 0 ||
	    henge_put_output("Hello, ") < 0 || henge_job_output(name, (uint32_t)len, 0, 0) < 0 ||
	    henge_put_output("! You are number ") < 0 || put_number((uint64_t)number) < 0 ||
	    henge_put_output(", your token is ") < 0 || henge_put_output(text) < 0 || henge_put_output(".") < 0)
		return henge_fail_last();
	return 0;
}
