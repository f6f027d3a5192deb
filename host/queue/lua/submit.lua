-- submit writes a new job and puts its id to a list, so that no worker can see
-- the id before the job.
--
-- KEYS[6] the list
-- ARGV[4] id
-- ARGV[5..] field, value
--
-- Returns 1, or 0 when there is a key of that name already: then nothing was
-- written.

local key = job_key(ARGV[4])
if redis.call('EXISTS', key) == 1 then
  return 0
end
local at = iso8601()
redis.call('HSET', key, 'id', ARGV[4], 'status', 'dispatched', 'created_at', at, 'updated_at', at, unpack(ARGV, 5))
redis.call('LPUSH', KEYS[6], ARGV[4])
return 1
