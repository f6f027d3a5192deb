-- sweep tells which lists hold something, for a worker that nobody tells.
--
-- KEYS[1..] lists
-- ARGV[8..] of each list its dialect
--
-- Returns the positions, from 1, of the lists that hold something.

local found = {}
for i, queue in ipairs(KEYS) do
  local d = dialect(ARGV[7 + i])
  local any = false
  for _, key in ipairs(d.levels and d.levels(queue) or {queue}) do
    any = any or redis.call('EXISTS', key) == 1
  end
  if any or (d.shared and redis.call('EXISTS', circles_key(d, queue)) == 1) then
    found[#found + 1] = i
  end
end
return found
