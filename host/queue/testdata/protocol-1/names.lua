-- names: how a name that people write stands in keys: fix_name('My Circle-1')
-- is 'my_circle_1'.

-- fix_name does what fixName in names.go does, which says it in words. In the
-- Redis inside a process gsub copies all of a text for each match, and concat
-- takes some thousands of pieces, so a long name is put together on the way.
local function fix_name(s)
  local out, run = {}, true -- as after an underscore: one in front is not written
  for c in string.gmatch(s, '[%z\1-\127]') do
    local kept = string.find(c, '[a-zA-Z0-9.,]')
    if kept or not run then
      out[#out + 1] = kept and c or '_'
      if #out == 1000 then
        out = {table.concat(out)}
      end
    end
    run = not kept
  end
  return string.lower(table.concat(out))
end
