-- submit writes a new job and puts its id to a list.
--
-- KEYS[1] the list
-- ARGV[8] dialect
-- ARGV[9] id, or '' for the next one in a dialect that counts them
-- ARGV[10] when it is to run, ms, or 0 for now; with a + in front from now on
-- ARGV[11] '' or the level of its list: high, low
-- ARGV[12..] field, value; or what the dialect's create takes
--
-- Returns 1, or the id that was counted, or 0 when there is a job of that id
-- already: then nothing was written.

local at = tonumber(ARGV[10])
if string.sub(ARGV[10], 1, 1) == '+' then
  at = NOW + at
end
local id, why = write_job(dialect(ARGV[8]), KEYS[1], ARGV[9], at, ARGV[11], unpack(ARGV, 12))
if why == 'exists' then
  return 0
elseif why then
  return redis.error_reply('ERR ' .. why)
end
return ARGV[9] == '' and id or 1
