package redis

// samples are calls of each allowed command that has a reply of its own kind
// in an empty circle, or in one that the calls before them have filled.
var samples = [][]any{
	{"SET", "s", "value"}, {"SET", "n", 41}, {"SET", "big", "9007199254740992"}, {"APPEND", "s", "!"}, {"GET", "s"}, {"GET", "none"},
	{"GETRANGE", "s", 1, 2}, {"STRLEN", "s"}, {"INCR", "n"}, {"INCRBY", "n", 5}, {"INCRBY", "big", 1}, {"DECR", "n"}, {"DECRBY", "n", 2},
	{"INCRBYFLOAT", "f", 1.5}, {"SETRANGE", "s", 2, "xx"}, {"SETBIT", "bits", 9, 1}, {"GETBIT", "bits", 9}, {"BITCOUNT", "bits"},
	{"BITPOS", "bits", 1}, {"BITOP", "OR", "bits2", "bits", "s"}, {"GETSET", "s", "new"}, {"GETEX", "s", "EX", 100}, {"SETNX", "nx", 1},
	{"SETEX", "ex", 100, "v"}, {"PSETEX", "px", 100000, "v"}, {"MSET", "m1", "a", "m2", "b"}, {"MSETNX", "m3", "a", "m4", "b"},
	{"MGET", "m1", "none", "m2"}, {"GETDEL", "m3"},

	{"EXISTS", "s", "none", "s"}, {"TYPE", "s"}, {"TTL", "ex"}, {"EXPIRE", "m4", 100}, {"EXPIREAT", "m4", 4102444800},
	{"PEXPIRE", "m4", 1000000}, {"PEXPIREAT", "m4", 4102444800000}, {"EXPIRETIME", "m4"}, {"PEXPIRETIME", "m4"}, {"PERSIST", "m4"},
	{"PTTL", "m4"}, {"TOUCH", "s", "n"}, {"COPY", "s", "copy", "REPLACE"}, {"RENAME", "copy", "renamed"}, {"RENAMENX", "renamed", "again"},
	{"DEL", "again", "none"}, {"UNLINK", "m4"},

	{"HSET", "h", "a", 1, "b", "2", "c", "three"}, {"HMSET", "h", "d", "4"}, {"HSETNX", "h", "e", "5"}, {"HGET", "h", "a"},
	{"HMGET", "h", "a", "none", "b"}, {"HGETALL", "h"}, {"HKEYS", "h"}, {"HVALS", "h"}, {"HLEN", "h"}, {"HEXISTS", "h", "a"},
	{"HSTRLEN", "h", "c"}, {"HINCRBY", "h", "a", 2}, {"HINCRBYFLOAT", "h", "b", 0.5}, {"HRANDFIELD", "h", 10, "WITHVALUES"},
	{"HSCAN", "h", 0, "MATCH", "*"}, {"HDEL", "h", "d", "e"},

	{"RPUSH", "l", "a", "b", "c", "d", "e"}, {"LPUSH", "l", "z"}, {"LPUSHX", "l", "y"}, {"RPUSHX", "none", "y"}, {"LLEN", "l"},
	{"LINDEX", "l", 1}, {"LRANGE", "l", 0, -1}, {"LPOS", "l", "b"}, {"LINSERT", "l", "BEFORE", "b", "x"}, {"LSET", "l", 0, "w"},
	{"LREM", "l", 0, "x"}, {"LTRIM", "l", 0, 10}, {"LMOVE", "l", "l2", "LEFT", "RIGHT"}, {"RPOPLPUSH", "l", "l2"}, {"LPOP", "l"},
	{"RPOP", "l", 1}, {"LMPOP", 2, "none", "l2", "LEFT", "COUNT", 1}, {"SORT", "l", "ALPHA", "DESC"}, {"SORT_RO", "l", "ALPHA"},

	{"SADD", "t", "a", "b", "c"}, {"SADD", "t2", "b", "c", "d"}, {"SCARD", "t"}, {"SISMEMBER", "t", "a"}, {"SMISMEMBER", "t", "a", "z"},
	{"SMEMBERS", "t"}, {"SRANDMEMBER", "t", 10}, {"SSCAN", "t", 0}, {"SDIFF", "t", "t2"}, {"SINTER", "t", "t2"}, {"SUNION", "t", "t2"},
	{"SINTERCARD", 2, "t", "t2"}, {"SDIFFSTORE", "t3", "t", "t2"}, {"SINTERSTORE", "t4", "t", "t2"}, {"SUNIONSTORE", "t5", "t", "t2"},
	{"SMOVE", "t", "t2", "a"}, {"SREM", "t2", "a"}, {"SPOP", "t3", 1},

	{"ZADD", "z", 1, "a", 2.5, "b", "inf", "c"}, {"ZADD", "z2", 3, "b", 4, "d"}, {"ZADD", "z", "INCR", 1, "a"}, {"ZCARD", "z"},
	{"ZSCORE", "z", "b"}, {"ZMSCORE", "z", "a", "none"}, {"ZRANK", "z", "b"}, {"ZREVRANK", "z", "none"}, {"ZCOUNT", "z", 0, 10},
	{"ZLEXCOUNT", "z", "-", "+"}, {"ZRANGE", "z", 0, -1, "WITHSCORES"}, {"ZREVRANGE", "z", 0, -1}, {"ZRANGEBYSCORE", "z", 0, 10, "WITHSCORES"},
	{"ZREVRANGEBYSCORE", "z", 10, 0}, {"ZRANGEBYLEX", "z", "-", "+"}, {"ZREVRANGEBYLEX", "z", "+", "-"}, {"ZRANDMEMBER", "z", 10, "WITHSCORES"},
	{"ZSCAN", "z", 0}, {"ZDIFF", 2, "z", "z2"}, {"ZINTER", 2, "z", "z2", "WITHSCORES"}, {"ZUNION", 2, "z", "z2", "WEIGHTS", 1, 2, "WITHSCORES"},
	{"ZINTERCARD", 2, "z", "z2"}, {"ZINCRBY", "z", 1.5, "b"}, {"ZRANGESTORE", "z3", "z", 0, -1}, {"ZDIFFSTORE", "z4", 2, "z", "z2"},
	{"ZINTERSTORE", "z5", 2, "z", "z2"}, {"ZUNIONSTORE", "z6", 2, "z", "z2"}, {"ZPOPMIN", "z6"}, {"ZPOPMAX", "z6", 1},
	{"ZMPOP", 2, "none", "z6", "MIN"}, {"ZREM", "z", "none"}, {"ZREMRANGEBYLEX", "z3", "[a", "[a"}, {"ZREMRANGEBYRANK", "z5", 0, 0},
	{"ZREMRANGEBYSCORE", "z4", 0, 1},

	{"GEOADD", "g", 13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania"}, {"GEODIST", "g", "Palermo", "Catania"},
	{"GEOHASH", "g", "Palermo", "none"}, {"GEOPOS", "g", "Palermo", "none"}, {"GEOSEARCH", "g", "FROMMEMBER", "Palermo", "BYRADIUS", 200, "km", "ASC", "WITHCOORD", "WITHDIST"},
	{"GEOSEARCHSTORE", "g2", "g", "FROMMEMBER", "Palermo", "BYRADIUS", 200, "km"},

	{"XADD", "x", "1-1", "f", "v"}, {"XADD", "x", "2-1", "f", "w"}, {"XLEN", "x"}, {"XRANGE", "x", "-", "+"}, {"XREVRANGE", "x", "+", "-"},
	{"XREAD", "COUNT", 1, "STREAMS", "x", "none", "0", "0"}, {"XREAD", "STREAMS", "x", "1-1"}, {"XREAD", "STREAMS", "x", "9-1"}, {"XTRIM", "x", "MAXLEN", 1}, {"XDEL", "x", "2-1"},
}
