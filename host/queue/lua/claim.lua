-- claim ends attempts and hands out up to n jobs, each with its lease, in one
-- step: popping and leasing apart would lose the jobs of a worker that dies in
-- between.
--
-- KEYS[1] where answers are kept: see answer.lua
-- KEYS[2..] the lists, in the order in which they are to be served
-- ARGV[8] worker      ARGV[9] lease, ms        ARGV[10] n
-- ARGV[11] how many ids are taken apart from a shared list in one call
-- ARGV[12] where to look in limbo
-- ARGV[13] slot       ARGV[14] call: see answer.lua
-- ARGV[15] caps and weights as JSON, '' for none: see channels.lua
-- ARGV[16] '1' to leave the ids of other circles in a shared list
-- ARGV[17] most log lines kept of a job        ARGV[18] how long, ms
-- ARGV[19] how many circles are served: -1 for all, -2 for those in KEYS[2],
--          which then is no list
-- ARGV[20..] these circles; then of each list its dialect and its tier: a list
--          is served when those of lower tiers are empty; then the attempts
--          that ended: see ending.lua
--
-- Returns {next, jobs, notices, finished, left}:
--   next      ms until something is due, 0 for at once, -1 for nothing known
--   jobs      {dialect, list, attempt, run, begun, failures, crashes, token, jobs},
--             the token for ending.lua, '' for none; of these jobs, which are alike
--             in all that, {id, {name, value, ...}, id, {name, value, ...}, ...}
--   notices   {list, id, text}: what an operator should read
--   finished  how the attempts were ended: see finish.lua
--   left      the positions, from 1, of lists that may hold more

WORKER, LEASE_ENDS, WANT, APART = ARGV[8], int(NOW + tonumber(ARGV[9])), tonumber(ARGV[10]), tonumber(ARGV[11])
LEAVE = ARGV[16] == '1'
if ARGV[15] ~= '' then
  CAPS = cjson.decode(ARGV[15])
end

-- How many members of limbo are looked at in one call.
local LIMBO_BATCH = 32
-- An id in limbo younger than this is likely to get its hash any moment.
local LIMBO_FRESH_MS, LIMBO_AGAIN_MS = 5000, 50
-- How many channels are looked at in one call.
local HELD_BATCH = 16
-- When to look again at what was left for its circle's cap.
local CAPPED_AGAIN_MS = 100

-- read_circles learns which circles are served and returns where the lists
-- begin in KEYS and their dialects in ARGV.
local function read_circles()
  local n = tonumber(ARGV[19])
  if n == -1 then
    serves = function() return true end
    return 2, 20
  end
  if n == -2 then
    local key = KEYS[2]
    if redis.call('EXISTS', key) == 0 then
      return nil
    end
    CIRCLES, LONG = {}, true
    serves = function(circle)
      return circle == '' or redis.call('SISMEMBER', key, circle) == 1
    end
    return 3, 20
  end
  local served = {[''] = true}
  CIRCLES = {}
  for i = 20, 19 + n do
    served[ARGV[i]] = true
    CIRCLES[#CIRCLES + 1] = ARGV[i]
  end
  serves = function(circle) return served[circle] end
  return 2, 20 + n
end

-- look_in_limbo takes out ids whose job has come: the newest are likely to, of
-- the rest a slice is looked at.
local function look_in_limbo(scope)
  local newest = redis.call('ZREVRANGE', scope.limbo, 0, LIMBO_BATCH - 1, 'WITHSCORES')
  if #newest == 0 then
    return -1
  end
  local look = {}
  for i = 1, #newest, 2 do
    look[#look + 1] = newest[i]
  end
  local n = redis.call('ZCARD', scope.limbo)
  if n > LIMBO_BATCH then
    local from = tonumber(ARGV[12]) % n
    for _, m in ipairs(redis.call('ZRANGE', scope.limbo, from, from + LIMBO_BATCH - 1)) do
      look[#look + 1] = m
    end
  end
  for _, m in ipairs(look) do
    local d, queue, id = split(m)
    if d then
      local circle, why = d.circle_of(queue, id)
      if circle then
        if redis.call('ZREM', scope.limbo, m) == 1 then
          put_front(d, queue, circle_name(d, circle), id)
        end
      elseif why ~= 'missing' then
        redis.call('ZREM', scope.limbo, m)
        bury_unread(d, queue, id, why, notice)
      end
    end
  end
  return NOW - tonumber(newest[2]) < LIMBO_FRESH_MS and LIMBO_AGAIN_MS or -1
end

local next_ms = -1
local function again_in(ms)
  if ms >= 0 and (next_ms < 0 or ms < next_ms) then
    next_ms = ms
  end
end

local first_list, at = read_circles()
if not first_list then
  return {'circles'}
end

local lists = {}
for i = first_list, #KEYS do
  lists[#lists + 1] = {queue = KEYS[i], d = dialect(ARGV[at]), tier = ARGV[at + 1]}
  at = at + 2
end
local finished = finish_all(at, WORKER, tonumber(ARGV[17]), ARGV[18])

local handed_out = again(ARGV[13], ARGV[14])
if handed_out then
  return {0, handed_out, notices, finished, {}}
end

local scopes = {}
for _, l in ipairs(lists) do
  local scope = l.d.scope(l.queue)
  if not scopes[scope] then
    scopes[scope] = true
    again_in(move_due(scope, notice))
    again_in(look_in_limbo(scope))
    if CAPS then
      unhold(scope, HELD_BATCH)
    end
  end
end

local left, more = {}, {}
local i = 1
while i <= #lists and handed < WANT do
  local tier, sources = lists[i].tier, {}
  while i <= #lists and lists[i].tier == tier do
    local l = lists[i]
    if redis.pcall('SISMEMBER', l.d.scope(l.queue).paused, l.queue) ~= 1 then
      more[l.queue] = sources_of(l.d, l.queue, sources)
    end
    i = i + 1
  end
  rotate(sources)
  for _, s in ipairs(sources) do
    moved_on(s)
    more[s.queue] = more[s.queue] or not (s.empty or s.capped)
  end
end
for k, l in ipairs(lists) do
  if k >= i or more[l.queue] then
    left[#left + 1] = k
  end
end

if handed > 0 then
  remember(ARGV[13], ARGV[14])
end
if parked then
  again_in(LIMBO_AGAIN_MS)
end
if #left > 0 and handed < WANT then
  again_in(0)
elseif capped then
  again_in(CAPPED_AGAIN_MS)
end
return {next_ms, jobs, notices, finished, left}
