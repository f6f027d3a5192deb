-- sweep: looks at some keys of a ledger in full, and forgets those that are gone.
-- KEYS[1] the circle's ledger
-- KEYS[2] the sum of the ledger
-- ARGV[1] the circle's prefix
-- ARGV[2] where to go on, 0 at first
-- ARGV[3] about how many keys to look at
-- Returns where to go on, 0 at the end, and the sum.
ledger, used_key, prefix = KEYS[1], KEYS[2], #ARGV[1]
local page = redis.call('HSCAN', ledger, ARGV[2], 'COUNT', ARGV[3])
local change = 0
for i = 1, #page[2], 2 do
  change = change + weigh(ARGV[1] .. page[2][i], 0, true)
end
add_used(change)
return { page[1], tonumber(redis.call('GET', used_key) or '0') }
