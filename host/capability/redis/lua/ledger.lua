-- ledger: what a circle's keys weigh. A part of the scripts beside it, which
-- set ledger and used_key (names of keys) and prefix (how long the circle's
-- prefix is) in front of its use.
--
-- The ledger is a hash: a field for each key of the circle, without the
-- prefix, and "bound base" as its value: the most that the key can weigh, and
-- what it weighed when it was last looked at in full, both in bytes. used_key
-- holds the sum of the bounds.

-- What an entry of the ledger itself takes, beside the key's name.
local entry_cost = 128

-- Up to here a key is looked at in full each time.
local small = 16384

local ledger, used_key, prefix

local function entry(key)
  local field = string.sub(key, prefix + 1)
  local text = redis.call('HGET', ledger, field)
  if not text then return field, 0, 0 end
  local bound, base = string.match(text, '^(%d+) (%d+)$')
  return field, tonumber(bound) or 0, tonumber(base) or 0
end

-- What a key weighs, or nil for none. Without samples all elements are looked
-- at. The server in the process knows no samples.
local function usage(key, samples)
  local n = redis.pcall('MEMORY', 'USAGE', key, 'SAMPLES', samples)
  if type(n) == 'table' then n = redis.pcall('MEMORY', 'USAGE', key) end
  if type(n) ~= 'number' then return nil end
  return n
end

-- Brings the ledger up to date with a key that may have grown by charge bytes,
-- and returns by how much the sum has changed. Samples see five elements, and
-- whoever writes a value can choose which: so they can raise a bound, and only
-- a full look can lower it. That is taken when the key is small, when its bound
-- has come far from what was seen last, and when the samples say less than half.
local function weigh(key, charge, exact)
  local field, old, base = entry(key)
  local overhead = #field + entry_cost
  local bound = old + charge
  local size
  if not exact and bound > small and bound - base <= base / 2 then
    size = usage(key, 5)
    if size and size + overhead > bound then bound = size + overhead end
    exact = size and size + overhead < bound / 2
  else
    exact = true
  end
  if exact then
    size = usage(key, 0)
    if size then
      bound = size + overhead
      base = bound
    end
  end
  if not size then
    if old > 0 then redis.call('HDEL', ledger, field) end
    return -old
  end
  if bound ~= old then
    redis.call('HSET', ledger, field, string.format('%.0f %.0f', bound, base))
  end
  return bound - old
end

local function add_used(n)
  if n ~= 0 then redis.call('INCRBY', used_key, string.format('%.0f', n)) end
end
