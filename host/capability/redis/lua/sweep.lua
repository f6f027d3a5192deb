-- sweep: looks at some keys of a ledger in full, and forgets those that are gone.
-- KEYS[1] the circle's ledger
-- KEYS[2] the sum of the ledger
-- ARGV[1] the circle's prefix
-- ARGV[2] how many keys to look at, taken at random
-- Returns how many bytes were given back.
ledger, used_key, prefix = KEYS[1], KEYS[2], #ARGV[1]
local change = 0
for _, field in ipairs(redis.call('HRANDFIELD', ledger, ARGV[2])) do
  redis.call('EXISTS', ARGV[1] .. field) -- one that has expired goes now
  change = change + weigh(ARGV[1] .. field, 0, true)
end
add_used(change)
return -change
