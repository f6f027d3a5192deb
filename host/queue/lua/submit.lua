-- submit writes a new job and puts its id to a list, so that no worker can see
-- the id before the job.
--
-- KEYS[1] the list
-- ARGV[8] dialect  ARGV[9] id
-- ARGV[10] when it is to run, ms, or 0 for now
-- ARGV[11] '' or the level of its list: high, low
-- ARGV[12..] field, value
--
-- Returns 1, or 0 when there is a job of that id already: then nothing was
-- written.

local d, queue, id, at = DIALECTS[ARGV[8]], KEYS[1], ARGV[9], tonumber(ARGV[10])
local key = d.job_key(queue, id)
if redis.call('EXISTS', key) == 1 then
  return 0
end
redis.call('HSET', key, unpack(d.new(id)))
redis.call('HSET', key, unpack(ARGV, 12))
event(d, queue, id, 'submitted')
if at > NOW then
  d.set_held(queue, id, 'later')
  redis.call('ZADD', d.scope(queue).due, int(at), member(d, queue, id))
elseif ARGV[11] ~= '' then
  redis.call(d.back, queue .. ':' .. ARGV[11], id)
else
  redis.call(d.back, queue, id)
end
return 1
