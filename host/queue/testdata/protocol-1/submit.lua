-- submit writes a new job and puts its id to a list, so that no worker can see
-- the id before the job.
--
-- KEYS[1] the list
-- ARGV[8] dialect
-- ARGV[9] id, or '' for the next one in a dialect that counts them
-- ARGV[10] when it is to run, ms, or 0 for now
-- ARGV[11] '' or the level of its list: high, low
-- ARGV[12..] field, value; or what the dialect's create takes
--
-- Returns 1, or the id that was counted, or 0 when there is a job of that id
-- already: then nothing was written.

local d, queue, id, at = DIALECTS[ARGV[8]], KEYS[1], ARGV[9], tonumber(ARGV[10])
local counted = id == ''
if counted then
  id = d.next_id(queue)
  if not id then
    return redis.error_reply('ERR no ids are left in ' .. queue .. ': use another topic')
  end
end
local key = d.job_key(queue, id)
if redis.call('EXISTS', key) == 1 then
  return 0
end
if d.create then
  d.create(queue, id, at, unpack(ARGV, 12))
else
  redis.call('HSET', key, unpack(d.new(id)))
  redis.call('HSET', key, unpack(ARGV, 12))
end
event(d, queue, id, 'submitted')
if at > NOW then
  d.set_held(queue, id, 'later')
  redis.call('ZADD', d.scope(queue).due, int(at), member(d, queue, id))
elseif ARGV[11] ~= '' then
  redis.call(d.back, queue .. ':' .. ARGV[11], id)
else
  redis.call(d.back, queue, id)
end
return counted and id or 1
