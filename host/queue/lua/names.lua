-- names: a circle's or topic's name as producers write it, and as it stands in
-- keys. The same as fixName in Go.
--
--   name = fix_name(s)   'My Circle-1' gives 'my_circle_1'

-- fix_name goes by these steps, in this order: bytes beyond ASCII are dropped;
-- letters become small; each run of what is no letter, digit, point or comma
-- becomes one underscore; one in front goes. Nothing may be left.
local function fix_name(s)
  s = string.gsub(s, '[\128-\255]', '')
  s = string.gsub(string.lower(s), '[^a-z0-9.,]', '_')
  -- Halved again and again, since a pattern that repeats recurses in the Lua
  -- of the Redis in the process.
  while string.find(s, '__', 1, true) do
    s = string.gsub(s, '__', '_')
  end
  return (string.gsub(s, '^_', ''))
end
