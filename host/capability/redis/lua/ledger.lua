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
local find, sub, call = string.find, string.sub, redis.call

-- The entries that were read or written, so that none is read twice.
local bounds, bases = {}, {}

local function entry(key)
  local bound = bounds[key]
  if bound then return bound, bases[key] end
  local text = call('HGET', ledger, sub(key, prefix + 1))
  local space = text and find(text, ' ', 1, true)
  bound = space and tonumber(sub(text, 1, space - 1)) or 0
  local base = space and tonumber(sub(text, space + 1)) or 0
  bounds[key], bases[key] = bound, base
  return bound, base
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
  local old, old_base = entry(key)
  local base = old_base
  local overhead = #key - prefix + entry_cost
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
    bounds[key], bases[key] = 0, 0
    if old > 0 then call('HDEL', ledger, sub(key, prefix + 1)) end
    return -old
  end
  if bound ~= old or base ~= old_base then
    bounds[key], bases[key] = bound, base
    call('HSET', ledger, sub(key, prefix + 1), string.format('%.0f %.0f', bound, base))
  end
  return bound - old
end

local function add_used(n)
  if n ~= 0 then call('INCRBY', used_key, string.format('%.0f', n)) end
end
