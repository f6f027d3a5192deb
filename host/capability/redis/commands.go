package redis

import "strings"

// command is what is known of a command that scripts may use.
type command struct {
	keys layout

	// flags are those of lua/run.lua.
	flags string

	check  check
	growth growth

	// named says that the reply carries names of keys.
	named bool

	// floats says that texts of the reply are numbers, as RESP2 has them.
	floats bool
}

func (c *command) writes() bool { return strings.Contains(c.flags, "w") }

// scripted says that run.lua carries the command out: it writes, or it reads
// several keys, whose reply could be of any length.
func (c *command) scripted(keys int) bool { return c.writes() || keys > 1 }

var (
	first  = span(1, 1, 1)
	two    = span(1, 2, 1)
	all    = span(1, -1, 1)
	pairs  = span(1, -1, 2)
	behind = span(2, -1, 1)
)

// allowed are the commands that scripts may use, by their names. Redis' own
// table is the model, and a test compares the two.
//
// Not here, and why: whatever names no key or any (KEYS, FLUSHALL, CONFIG, …),
// scripts and transactions, publishing, what blocks, consumer groups of
// streams; PFADD and its like, since Redis trusts the bytes of their values;
// RESTORE for the same reason; LCS and GEORADIUS for their cost; BITFIELD,
// whose 64 bits Lua would round.
var allowed = map[string]*command{
	// Keys.
	"copy":        {keys: two, flags: "wgdx", check: copying},
	"del":         {keys: all, flags: "w"},
	"exists":      {keys: all, flags: "s"},
	"expire":      {keys: first, flags: "w"},
	"expireat":    {keys: first, flags: "w"},
	"expiretime":  {keys: first},
	"persist":     {keys: first, flags: "w"},
	"pexpire":     {keys: first, flags: "w"},
	"pexpireat":   {keys: first, flags: "w"},
	"pexpiretime": {keys: first},
	"pttl":        {keys: first},
	"rename":      {keys: two, flags: "wx"},
	"renamenx":    {keys: two, flags: "wx"},
	"sort":        {keys: first, check: sorting},
	"sort_ro":     {keys: first, check: sorting},
	"touch":       {keys: all, flags: "s"},
	"ttl":         {keys: first},
	"type":        {keys: first},
	"unlink":      {keys: all, flags: "w"},

	// Strings.
	"append":      {keys: first, flags: "wgpx", growth: byArguments},
	"bitcount":    {keys: first},
	"bitop":       {keys: behind, flags: "wgdx"},
	"bitpos":      {keys: first},
	"decr":        {keys: first, flags: "wgxi", growth: byArguments},
	"decrby":      {keys: first, flags: "wgxi", growth: byArguments},
	"get":         {keys: first},
	"getbit":      {keys: first},
	"getdel":      {keys: first, flags: "w"},
	"getex":       {keys: first, flags: "w"},
	"getrange":    {keys: first},
	"getset":      {keys: first, flags: "wgx", growth: byArguments},
	"incr":        {keys: first, flags: "wgxi", growth: byArguments},
	"incrby":      {keys: first, flags: "wgxi", growth: byArguments},
	"incrbyfloat": {keys: first, flags: "wgx", growth: byArguments},
	"mget":        {keys: all},
	"mset":        {keys: pairs, flags: "wgx", growth: byArguments},
	"msetnx":      {keys: pairs, flags: "wgx", growth: byArguments},
	"psetex":      {keys: first, flags: "wgx", growth: byArguments},
	"set":         {keys: first, flags: "wgx", growth: byArguments},
	"setbit":      {keys: first, flags: "wgxe", growth: byOffset(8)},
	"setex":       {keys: first, flags: "wgx", growth: byArguments},
	"setnx":       {keys: first, flags: "wgx", growth: byArguments},
	"setrange":    {keys: first, flags: "wgxe", growth: byOffset(1)},
	"strlen":      {keys: first},

	// Hashes.
	"hdel":         {keys: first, flags: "w"},
	"hexists":      {keys: first},
	"hget":         {keys: first},
	"hgetall":      {keys: first, flags: "3"},
	"hincrby":      {keys: first, flags: "wgi", growth: byArguments},
	"hincrbyfloat": {keys: first, flags: "wg", growth: byArguments},
	"hkeys":        {keys: first},
	"hlen":         {keys: first},
	"hmget":        {keys: first, check: once},
	"hmset":        {keys: first, flags: "wg", growth: byArguments},
	"hrandfield":   {keys: first, flags: "3", check: distinct},
	"hscan":        {keys: first},
	"hset":         {keys: first, flags: "wg", growth: byArguments},
	"hsetnx":       {keys: first, flags: "wg", growth: byArguments},
	"hstrlen":      {keys: first},
	"hvals":        {keys: first},

	// Lists.
	"lindex":    {keys: first},
	"linsert":   {keys: first, flags: "wg", growth: byArguments},
	"llen":      {keys: first},
	"lmove":     {keys: two, flags: "wgm", growth: byArguments},
	"lmpop":     {keys: counted(1), flags: "w", check: takenAfter, named: true},
	"lpop":      {keys: first, flags: "w", check: taken(2)},
	"lpos":      {keys: first},
	"lpush":     {keys: first, flags: "wg", growth: byArguments},
	"lpushx":    {keys: first, flags: "wg", growth: byArguments},
	"lrange":    {keys: first},
	"lrem":      {keys: first, flags: "w"},
	"lset":      {keys: first, flags: "wg", growth: byArguments},
	"ltrim":     {keys: first, flags: "w"},
	"rpop":      {keys: first, flags: "w", check: taken(2)},
	"rpoplpush": {keys: two, flags: "wgm", growth: byArguments},
	"rpush":     {keys: first, flags: "wg", growth: byArguments},
	"rpushx":    {keys: first, flags: "wg", growth: byArguments},

	// Sets.
	"sadd":        {keys: first, flags: "wg", growth: byArguments},
	"scard":       {keys: first},
	"sdiff":       {keys: all},
	"sdiffstore":  {keys: all, flags: "wgdx"},
	"sinter":      {keys: all},
	"sintercard":  {keys: counted(1)},
	"sinterstore": {keys: all, flags: "wgdx"},
	"sismember":   {keys: first},
	"smembers":    {keys: first},
	"smismember":  {keys: first},
	"smove":       {keys: two, flags: "wg", growth: byArguments},
	"spop":        {keys: first, flags: "w", check: taken(2)},
	"srandmember": {keys: first, check: distinct},
	"srem":        {keys: first, flags: "w"},
	"sscan":       {keys: first},
	"sunion":      {keys: all},
	"sunionstore": {keys: all, flags: "wgdx"},

	// Sorted sets.
	"zadd":             {keys: first, flags: "wg3", growth: byArguments},
	"zcard":            {keys: first},
	"zcount":           {keys: first},
	"zdiff":            {keys: counted(1), flags: "3"},
	"zdiffstore":       {keys: counted(2, 1), flags: "wgdx"},
	"zincrby":          {keys: first, flags: "wg3", growth: byArguments},
	"zinter":           {keys: counted(1), flags: "3"},
	"zintercard":       {keys: counted(1)},
	"zinterstore":      {keys: counted(2, 1), flags: "wgdx"},
	"zlexcount":        {keys: first},
	"zmpop":            {keys: counted(1), flags: "w3", check: takenAfter, named: true},
	"zmscore":          {keys: first, floats: true},
	"zpopmax":          {keys: first, flags: "w3", check: taken(2)},
	"zpopmin":          {keys: first, flags: "w3", check: taken(2)},
	"zrandmember":      {keys: first, flags: "3", check: distinct},
	"zrange":           {keys: first, flags: "3"},
	"zrangebylex":      {keys: first},
	"zrangebyscore":    {keys: first, flags: "3"},
	"zrangestore":      {keys: two, flags: "wgdx"},
	"zrank":            {keys: first, flags: "3"},
	"zrem":             {keys: first, flags: "w"},
	"zremrangebylex":   {keys: first, flags: "w"},
	"zremrangebyrank":  {keys: first, flags: "w"},
	"zremrangebyscore": {keys: first, flags: "w"},
	"zrevrange":        {keys: first, flags: "3"},
	"zrevrangebylex":   {keys: first},
	"zrevrangebyscore": {keys: first, flags: "3"},
	"zrevrank":         {keys: first, flags: "3"},
	"zscan":            {keys: first},
	"zscore":           {keys: first, flags: "3"},
	"zunion":           {keys: counted(1), flags: "3"},
	"zunionstore":      {keys: counted(2, 1), flags: "wgdx"},

	// Places.
	"geoadd":         {keys: first, flags: "wg", growth: byArguments},
	"geodist":        {keys: first},
	"geohash":        {keys: first},
	"geopos":         {keys: first, floats: true},
	"geosearch":      {keys: first, flags: "3"},
	"geosearchstore": {keys: two, flags: "wgdx"},

	// Streams.
	"xadd":      {keys: first, flags: "wg", growth: byArguments},
	"xdel":      {keys: first, flags: "w"},
	"xlen":      {keys: first},
	"xrange":    {keys: first},
	"xread":     {keys: streams, flags: "3", named: true},
	"xrevrange": {keys: first},
	"xtrim":     {keys: first, flags: "w"},
}
