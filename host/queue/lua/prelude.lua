-- prelude: what every script of this folder begins with.
--
-- ARGV[1] how long a reply is kept, ms
-- ARGV[2] how many dead letters are kept
-- ARGV[3] how long a dead letter is kept, ms
-- ARGV[4] how long an ended job is kept, ms; 0 for ever
-- ARGV[5] how many entries of events are kept; 0 writes none
-- ARGV[6] 'oldest' or 'newest': which job of a list is taken first
-- ARGV[7] how many ended jobs wait for the history on disk at the most, and
--         the dialects whose jobs do: '1000000|hero|', '0|' for none
-- A script's own arguments follow from ARGV[8]. KEYS[1] names a key of the
-- scope that is meant, so that a cluster sends the script to the right server;
-- other keys are the script's own to find.
--
-- After this file come hash.lua, the dialects, circle.lua, event.lua, common.lua,
-- what the script uses, and the script as a function, which call.lua runs.

local KEYS, ARGV

-- A server that can keeps a script loaded from one call to the next, since to make
-- its functions anew takes longer than to submit a job. So what holds for one call
-- is set at its beginning, by what each_call was given; by a dialect that is made
-- in the middle of one, then.
local BEGINNINGS = {}
local function each_call(f)
  BEGINNINGS[#BEGINNINGS + 1] = f
  if KEYS then
    f()
  end
end

local REPLY_TTL, DEAD_MAX, DEAD_TTL, JOB_TTL, EVENTS_MAX, NEWEST, HISTORY
each_call(function()
  REPLY_TTL, DEAD_MAX, DEAD_TTL = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
  JOB_TTL, EVENTS_MAX, NEWEST = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6] == 'newest'
  HISTORY = ARGV[7]
end)

-- An id longer than this is no id. It would stand in every key and member.
local MAX_ID = 512

-- unpack has a bound of some thousands.
local MOST_UNPACKED = 1000

-- The dialects by name. MAKE has a function for each, whose text is the files
-- of that dialect, and which adds it. It is called when the dialect is first
-- asked for: most calls are about one.
local DIALECTS, MAKE = {}, {}
local function dialect(name)
  if not DIALECTS[name] and MAKE[name] then
    MAKE[name]()
  end
  return DIALECTS[name]
end

-- int writes a whole number without an exponent, at any size a double holds.
-- Formatting takes as long as a short command, and most counts are small.
local SMALL = {[0] = '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'}
local function int(n)
  return SMALL[n] or string.format('%.0f', n)
end

-- The only clock is the server's: a worker's own may be minutes off.
local CLOCK, NOW_US, NOW, NOW_TEXT, written_time
each_call(function()
  CLOCK = redis.call('TIME')
  NOW_US = tonumber(CLOCK[1]) * 1000000 + tonumber(CLOCK[2])
  NOW = math.floor(NOW_US / 1000)
  NOW_TEXT, written_time = int(NOW), nil
end)

-- count reads a counter out of a field that anybody may have written. What is
-- no plain number counts as 0, since tonumber would take '1e300' and 'inf'.
local function count(s)
  if s and #s <= 15 and string.find(s, '^%d+$') then
    return tonumber(s)
  end
  return 0
end

-- iso8601 is the server's time in UTC with milliseconds. The sandbox has no
-- os.date, so the date is computed (days to civil, proleptic Gregorian).
local function iso8601()
  if written_time then
    return written_time
  end
  local seconds = tonumber(CLOCK[1])
  local z = math.floor(seconds / 86400) + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local day = doy - math.floor((153 * mp + 2) / 5) + 1
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  local rest = seconds % 86400
  written_time = string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, day,
    math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, NOW % 1000)
  return written_time
end

-- failed reports whether a pcall gave an error, and its text.
local function failed(reply)
  return type(reply) == 'table' and reply.err
end

-- A scope is a set of henge's own keys: one that the dialects of others share,
-- and one for each circle of henge's own dialect, whose hash tag keeps all of
-- it on one server of a cluster.
local SCOPES
each_call(function() SCOPES = {} end)
local function scope_of(prefix)
  local s = SCOPES[prefix]
  if not s then
    s = {
      prefix = prefix,
      lease = prefix .. 'lease', due = prefix .. 'due', dead = prefix .. 'dead',
      limbo = prefix .. 'limbo', paused = prefix .. 'paused', waiting = prefix .. 'waiting',
      held = prefix .. 'held', events = prefix .. 'events', taken = {},
    }
    SCOPES[prefix] = s
  end
  return s
end
