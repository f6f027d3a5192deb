-- herojobs_fetch takes a job out of its list for somebody who is no worker: no
-- lease is made, and the status stays.
--
-- KEYS[1] the list
-- ARGV[8] '1' to leave it where it is
--
-- Returns {id, text}, or nil when nothing waits. Ids whose job is not there
-- (yet), or runs, are passed over; an id that is taken out and has no job goes
-- to limbo.

local d, queue, look = dialect('herojobs'), KEYS[1], ARGV[8] == '1'
local at = 0
while true do
  local id
  if look then
    id = redis.call('LINDEX', queue, NEWEST and -1 - at or at)
    at = at + 1
  else
    id = redis.call(NEWEST and d.newest or d.oldest, queue)
  end
  if not id or at > MOST_UNPACKED then
    return nil
  end
  local m = member(d, queue, id)
  if not redis.call('ZSCORE', d.scope().lease, m) then
    local text = redis.pcall('HGET', d.job_key(queue, id), 'job')
    if type(text) == 'string' then
      return {id, text}
    elseif not look and #id <= MAX_ID then
      park(d, queue, id)
    end
  end
end
