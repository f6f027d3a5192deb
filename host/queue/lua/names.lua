-- names: how a name that people write stands in keys: fix_name('My Circle-1')
-- is 'my_circle_1'.

-- fix_name does what fixName in names.go does, which says it in words. It goes
-- byte by byte, since the gsub of the Redis inside a process copies all of a
-- text for each match.
local function fix_name(s)
  local out, run = {}, true -- as after an underscore: one in front is not written
  for c in string.gmatch(s, '[%z\1-\127]') do
    local kept = string.find(c, '[a-zA-Z0-9.,]')
    if kept or not run then
      out[#out + 1] = kept and c or '_'
    end
    run = not kept
  end
  return string.lower(table.concat(out))
end
