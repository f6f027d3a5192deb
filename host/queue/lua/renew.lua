-- renew gives the leases that a worker still holds another period.
--
-- ARGV[4] worker  ARGV[5] lease, ms
-- ARGV[6..] list, id, attempt of each job
--
-- Returns the positions, from 1, of the jobs that are no longer the worker's.

local lost = {}
local expiry = int(NOW + tonumber(ARGV[5]))
for i = 6, #ARGV, 3 do
  local queue, id, attempt = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  if holds(queue, id, attempt, ARGV[4]) then
    redis.call('ZADD', LEASE, 'XX', expiry, member(queue, id))
  else
    lost[#lost + 1] = (i - 3) / 3
  end
end
return lost
