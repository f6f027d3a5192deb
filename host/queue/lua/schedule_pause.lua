-- schedule_pause pauses a schedule, or lets it go on from a tick to come.
--
-- KEYS[1] the circle's schedules
-- ARGV[8] name  ARGV[9] '1' to pause, '' to go on
-- ARGV[10] to go on: the revision for which the next tick was found
-- ARGV[11] to go on: the next tick, ms, '' for none
-- ARGV[12] the channel on which workers listen
--
-- Returns 'done', 'missing', or 'changed' when the revision is another one.

local set, name = KEYS[1], ARGV[8]
local key = schedule_key(set, name)
if redis.call('EXISTS', key) == 0 then
  return 'missing'
end
local v = redis.call('HMGET', key, 'revision', 'paused')
if ARGV[9] == '1' then
  redis.call('HSET', key, 'paused', '1')
  look_at(set, name, '')
  return 'done'
end
if not v[2] then
  return 'done' -- and what is due stays due
end
if v[1] ~= ARGV[10] then
  return 'changed'
end
redis.call('HDEL', key, 'paused')
redis.call('HSET', key, 'next', ARGV[11])
look_at(set, name, ARGV[11])
redis.call('PUBLISH', ARGV[12], 'schedule')
return 'done'
