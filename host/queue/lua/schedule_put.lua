-- schedule_put writes a schedule. One that replaces another is paused if that
-- was, and with the same spec its next tick is the same: what is due is not
-- forgotten because somebody writes the schedule again.
--
-- KEYS[1] the circle's schedules
-- KEYS[2] the circles that have schedules; none on a cluster
-- ARGV[8] name  ARGV[9] circle  ARGV[10] '1' to replace one of that name
-- ARGV[11] most schedules of a circle  ARGV[12] next tick, ms
-- ARGV[13] spec  ARGV[14] the channel on which workers listen
-- ARGV[15..] field, value
--
-- Returns the next tick, or 'exists', or 'full': then nothing was written.

local set, name, tick, spec = KEYS[1], ARGV[8], ARGV[12], ARGV[13]
local key = schedule_key(set, name)
local there = redis.call('EXISTS', key) == 1
if there and ARGV[10] ~= '1' then
  return 'exists'
end
if not there and redis.call('ZCARD', set) >= tonumber(ARGV[11]) then
  return 'full'
end
local old = redis.pcall('HMGET', key, 'spec', 'next', 'paused', 'last', 'last_job')
if failed(old) then
  old = {}
end
if old[1] == spec and not old[3] and count(old[2]) > 0 then
  tick = old[2]
end
redis.call('DEL', key)
redis.call('HSET', key, unpack(ARGV, 15))
redis.call('HSET', key, 'spec', spec, 'next', tick, 'first', tick)
for i, field in ipairs({'paused', 'last', 'last_job'}) do
  if old[2 + i] then
    redis.call('HSET', key, field, old[2 + i])
  end
end
look_at(set, name, old[3] and '' or tick)
if KEYS[2] then
  redis.call('SADD', KEYS[2], ARGV[9])
end
redis.call('PUBLISH', ARGV[14], 'schedule')
return tick
