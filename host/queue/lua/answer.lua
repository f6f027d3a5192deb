-- answer: how a claim that is sent again, since its answer did not come, gets
-- the jobs of the first time. Without this they would stay leased to a worker
-- that does not know of them, and count as lost with it.
--
-- A worker makes one call at a time in a slot, and numbers its calls. The hash
-- henge:answer:{worker} keeps of each slot the last call and, for each of its
-- jobs, list, id and attempt, each with its length in front.

local function answers_key(worker)
  return 'henge:answer:' .. worker
end

local function remember(slot, call, worker, lease_ms, jobs)
  local parts = {call .. '|'}
  for _, j in ipairs(jobs) do
    local id, queue, attempt = j[1], j[2], j[3]
    parts[#parts + 1] = #queue .. ':' .. queue .. #id .. ':' .. id .. #attempt .. ':' .. attempt
  end
  redis.call('HSET', answers_key(worker), slot, table.concat(parts))
  redis.call('PEXPIRE', answers_key(worker), int(lease_ms))
end

-- again returns the jobs of a call that was made before, as far as they are
-- still the worker's, each with a whole lease; nil for a new call.
local function again(slot, call, worker, lease_ms)
  local kept = redis.call('HGET', answers_key(worker), slot)
  if not kept or string.sub(kept, 1, #call + 1) ~= call .. '|' then
    return nil
  end
  local at = #call + 2
  local function part()
    local colon = string.find(kept, ':', at, true)
    local length = tonumber(string.sub(kept, at, colon - 1))
    at = colon + 1 + length
    return string.sub(kept, colon + 1, at - 1)
  end
  local jobs = {}
  while at <= #kept do
    local queue, id, attempt = part(), part(), part()
    if holds(queue, id, attempt, worker) then
      local state, _, fields = read_job(id)
      redis.call('ZADD', LEASE, 'XX', int(NOW + lease_ms), member(queue, id))
      jobs[#jobs + 1] = {id, queue, attempt, int(count(state.run)),
        int(count(state.failures)), int(count(state.crashes)), fields}
    end
  end
  return jobs
end
