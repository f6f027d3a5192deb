-- answer: how a claim that is sent again, since its answer did not come, gets
-- the jobs of the first time. Without this they would stay leased to a worker
-- that does not know of them, and count as lost with it.
--
-- A worker makes one call at a time in a slot, and numbers its calls. The hash
-- at KEYS[1] keeps of each slot the last call, '|' and in JSON the names of
-- its jobs: of those that have them in common dialect, list and attempt, then ids.

-- How long an answer is kept: longer than Redis may be away, since a lease whose
-- worker never heard of it would count as a crash afterwards.
local ANSWER_MS = 3600000

local function remember(slot, call)
  redis.call('HSET', KEYS[1], slot, call .. '|' .. cjson.encode(names))
  redis.call('PEXPIRE', KEYS[1], int(ANSWER_MS))
end

-- again returns the jobs of a call that was made before, as far as they are
-- still the worker's, each with a whole lease; nil for a new call.
local function again(slot, call)
  local kept = redis.call('HGET', KEYS[1], slot)
  if not kept or string.sub(kept, 1, #call + 1) ~= call .. '|' then
    return nil
  end
  local found = {}
  for _, group in ipairs(cjson.decode(string.sub(kept, #call + 2))) do
    local d, queue, attempt = dialect(group[1]), group[2], group[3]
    for i = 4, #group do
      local id = group[i]
      if holds(d, queue, id, attempt, WORKER) then
        local state, _, fields = d.read_job(queue, id)
        prolong(d, queue, id, state, LEASE_ENDS)
        found[#found + 1] = {d.name, queue, attempt, int(count(state.run)), int(count(state.begun)),
          int(count(state.failures)), int(count(state.crashes)), '', {id, named(d, fields)}}
      end
    end
  end
  return found
end
