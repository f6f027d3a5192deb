-- Maps: counts how often each remainder comes, by text keys.
local counts = {}
for i = 0, 999 do
  local key = "k" .. i * i % 101
  counts[key] = (counts[key] or 0) + 1
end
local keys, most = 0, 0
for _, count in pairs(counts) do
  keys = keys + 1
  if count > most then most = count end
end
return keys .. " " .. counts.k0 .. " " .. most
