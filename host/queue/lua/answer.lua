-- answer: how a claim that is sent again, since its answer did not come, gets
-- the jobs of the first time. Without this they would stay leased to a worker
-- that does not know of them, and count as lost with it.
--
-- A worker makes one call at a time in a slot, and numbers its calls. The hash
-- at KEYS[1] keeps of each slot the last call and, for each of its jobs, the
-- member that names it with its length in front, and the attempt.

-- How long an answer is kept: longer than Redis may be away, since a lease whose
-- worker never heard of it would count as a crash afterwards.
local ANSWER_MS = 3600000

local function remember(slot, call)
  local parts, n = {call, '|'}, 2
  for i, m in ipairs(members) do
    parts[n + 1], parts[n + 2], parts[n + 3], parts[n + 4], parts[n + 5] = #m, ':', m, jobs[i][4], '|'
    n = n + 5
  end
  redis.call('HSET', KEYS[1], slot, table.concat(parts))
  redis.call('PEXPIRE', KEYS[1], int(ANSWER_MS))
end

-- again returns the jobs of a call that was made before, as far as they are
-- still the worker's, each with a whole lease; nil for a new call.
local function again(slot, call)
  local kept = redis.call('HGET', KEYS[1], slot)
  if not kept or string.sub(kept, 1, #call + 1) ~= call .. '|' then
    return nil
  end
  local at, found = #call + 2, {}
  while at <= #kept do
    local colon = string.find(kept, ':', at, true)
    local last = colon + tonumber(string.sub(kept, at, colon - 1))
    local d, queue, id = split(string.sub(kept, colon + 1, last))
    local bar = string.find(kept, '|', last + 1, true)
    local attempt = string.sub(kept, last + 1, bar - 1)
    at = bar + 1
    if d and holds(d, queue, id, attempt, WORKER) then
      local state, _, fields = d.read_job(queue, id)
      prolong(d, queue, id, state, LEASE_ENDS)
      found[#found + 1] = {d.name, id, queue, attempt, int(count(state.run)),
        int(count(state.begun)), int(count(state.failures)), int(count(state.crashes)), '', fields}
    end
  end
  return found
end
