-- schedule_fire writes the job of one tick and moves the schedule on to the next
-- tick, if nobody else has, and if the tick has come by the server's clock.
--
-- KEYS[1] the circle's schedules
-- ARGV[8] name  ARGV[9] the revision that was read
-- ARGV[10] the tick that was read, ms; '' for a job by hand, which moves nothing
-- ARGV[11] the next tick, ms, '' when there is none
-- ARGV[12] the tick of the job, ms; '' for no job
-- ARGV[13] dialect  ARGV[14] list  ARGV[15] id, or '' to count one
-- ARGV[16] '' or the level of the list
-- ARGV[17..] field, value; or what the dialect's create takes
--
-- Returns {word, text}
--   changed  it was replaced, or is gone    moved   it is at another tick
--   paused   it is paused                   early   the tick has not come
--   skipped  moved on, no job was asked for
--   fired    the job was written; text is its id
--   refused  moved on, but the job could not be written; text says why

local set, name, tick = KEYS[1], ARGV[8], ARGV[10]
local key = schedule_key(set, name)
local v = redis.call('HMGET', key, 'revision', 'next', 'paused')
local by_hand = tick == ''
if v[1] ~= ARGV[9] then
  return {'changed', ''}
end
if not by_hand then
  if v[2] ~= tick then
    return {'moved', ''}
  elseif v[3] then
    return {'paused', ''}
  elseif tonumber(tick) > NOW or (tonumber(ARGV[12]) or 0) > NOW then
    return {'early', ''}
  elseif ARGV[11] ~= '' and tonumber(ARGV[11]) <= tonumber(tick) then
    return redis.error_reply('ERR the tick after ' .. tick .. ' cannot be ' .. ARGV[11])
  end
end

local id, why
if by_hand or ARGV[12] ~= '' then
  id, why = write_job(dialect(ARGV[13]), ARGV[14], ARGV[15], 0, ARGV[16], unpack(ARGV, 17))
  if id then
    redis.call('HSET', key, 'last_job', id)
  end
end
if not by_hand then
  if id then
    redis.call('HSET', key, 'last', ARGV[12])
  end
  redis.call('HSET', key, 'next', ARGV[11])
  local ended = ARGV[11] == ''
  if ended then
    expire_job(key)
  end
  -- An ended one is looked at once more, when it has gone.
  look_at(set, name, ended and JOB_TTL > 0 and int(NOW + JOB_TTL + 1000) or ARGV[11])
end
if id then
  return {'fired', id}
elseif why then
  return {'refused', why == 'exists' and 'there is a job ' .. ARGV[15] .. ' already' or why}
end
return {'skipped', ''}
