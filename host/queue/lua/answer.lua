-- answer: how a claim that is sent again, since its answer did not come, gets
-- the jobs of the first time. Without this they would stay leased to a worker
-- that does not know of them, and count as lost with it.
--
-- A worker makes one call at a time in a slot, and numbers its calls. The hash
-- at KEYS[1] keeps of each slot the last call and, for each of its jobs,
-- dialect, list, id and attempt, each with its length in front.

-- How long an answer is kept: longer than Redis may be away, since a lease whose
-- worker never heard of it would count as a crash afterwards.
local ANSWER_MS = 3600000

local function remember(slot, call)
  local parts = {call .. '|'}
  for _, j in ipairs(jobs) do
    for _, part in ipairs({j[1], j[3], j[2], j[4]}) do
      parts[#parts + 1] = #part .. ':' .. part
    end
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
  local at = #call + 2
  local function part()
    local colon = string.find(kept, ':', at, true)
    local length = tonumber(string.sub(kept, at, colon - 1))
    at = colon + 1 + length
    return string.sub(kept, colon + 1, at - 1)
  end
  local found = {}
  while at <= #kept do
    local d, queue, id, attempt = DIALECTS[part()], part(), part(), part()
    if holds(d, queue, id, attempt, WORKER) then
      local state, _, fields = d.read_job(queue, id)
      prolong(d, queue, id, state, int(NOW + LEASE_MS))
      found[#found + 1] = {d.name, id, queue, attempt, int(count(state.run)),
        int(count(state.begun)), int(count(state.failures)), int(count(state.crashes)), fields}
    end
  end
  return found
end
