/* Makes the call that its payload names, once: how each one is written, and
 * what the kit's own test runs. The result is the reply as it came, but for
 * "field", which reads one. */
#include "henge_kit.h"

static char name[32];
static uint8_t reply[64 * 1024];

static int is(const char *want)
{
	uint32_t i = 0;

	while (want[i] && want[i] == name[i])
		i++;
	return want[i] == name[i];
}

/* SQL with arguments: a request that the kit has no function for. */
static int64_t query(void)
{
	uint8_t room[256];
	henge_writer w = HENGE_WRITER(room);

	henge_put_map(&w, 3);
	henge_put_text(&w, "sql");
	henge_put_text(&w, "select");
	henge_put_text(&w, "args");
	henge_put_array(&w, 6);
	henge_put_int(&w, -1);
	henge_put_int(&w, INT64_MAX);
	henge_put_float(&w, 0.5);
	henge_put_null(&w);
	henge_put_bool(&w, 1);
	henge_put_bytes(&w, "\xff", 1);
	henge_put_text(&w, "max_rows");
	henge_put_int(&w, 1000);
	return henge_send(henge_sql_query, &w, reply, sizeof reply);
}

/* Reads a field behind others of all kinds, and says in one letter each what
 * the values in it are. */
static int64_t field(void)
{
	int64_t n = henge_exec("select", reply, sizeof reply);
	henge_reader r = henge_read(reply, n < 0 || n > (int64_t)sizeof reply ? 0 : (uint32_t)n);
	uint32_t len;
	char kinds[9] = "--------";

	if (!henge_find(&r, "wanted") || henge_get_array(&r) != 7)
		return henge_put_output("not found");
	if (henge_get_int(&r) == -500)
		kinds[0] = 'i';
	if (henge_get_float(&r) == 0.5)
		kinds[1] = 'f';
	if (henge_get_bool(&r))
		kinds[2] = 'b';
	if (henge_get_null(&r))
		kinds[3] = 'n';
	if (*henge_get_text(&r, &len) == 't' && len == 1)
		kinds[4] = 't';
	if (henge_get_map(&r) == 0)
		kinds[5] = 'm';
	henge_get_int(&r); /* of a text */
	if (r.bad)
		kinds[6] = 'x';
	if (henge_get_int(&r) == 0 && r.bad)
		kinds[7] = '0';
	return henge_put_output(kinds);
}

static int64_t call(void)
{
	static const char *const set[] = { "SET", "k", "v" };

	if (is("progress"))
		return henge_progress(1, 4);
	if (is("redis"))
		return henge_redis(set, 3, reply, sizeof reply);
	if (is("query"))
		return query();
	if (is("plain query"))
		return henge_query("select", reply, sizeof reply);
	if (is("exec"))
		return henge_exec("insert", reply, sizeof reply);
	if (is("get"))
		return henge_get_value("k", reply, sizeof reply);
	if (is("set"))
		return henge_set_value("k", "v");
	if (is("publish"))
		return henge_publish("table", "t");
	if (is("unpublish"))
		return henge_unpublish("prefix", "p");
	if (is("fetch"))
		return henge_fetch("u", reply, sizeof reply);
	if (is("submit"))
		return henge_submit("rhai", "1", reply, sizeof reply);
	if (is("role"))
		return henge_circle_role(0, 0, reply, sizeof reply);
	return HENGE_UNSUPPORTED;
}

HENGE_EXPORT("henge_run") int32_t run(void)
{
	int64_t n = henge_job_input(0, 0, name, sizeof name - 1);

	if (n < 0 || n > (int64_t)sizeof name - 1)
		return henge_fail("there is no such call", 0, 0);
	if (is("field"))
		return field() < 0;
	n = call();
	if (n < 0)
		return henge_fail_last();
	if (n > (int64_t)sizeof reply)
		return henge_fail("the reply is longer than 64 KiB", 0, 0);
	return henge_job_output(reply, (uint32_t)n, 0, 0) < 0;
}
