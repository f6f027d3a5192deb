-- herojobs_set changes members of a job's text, as the managers of that system
-- do, who ask nobody; every other byte stays.
--
-- KEYS[1] the list
-- ARGV[8] id
-- ARGV[9] '1' when the job ends with it
-- ARGV[10..] name, value; all are texts
--
-- Returns '' when it was written, 'missing', or why the text cannot be changed.

local changes = {}
for i = 10, #ARGV, 2 do
  changes[#changes + 1] = {ARGV[i], ARGV[i + 1]}
end
return dialect('herojobs').set_members(KEYS[1], ARGV[8], changes, ARGV[9] == '1') or ''
