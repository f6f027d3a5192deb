-- Callbacks: sorts numbers by a comparison of the script's own, largest first,
-- and weighs each with its place.
local list = {}
local x = 1
for i = 1, 300 do
  x = (x * 16807) % 2147483647
  list[i] = x % 1000
end
table.sort(list, function(a, b) return a > b end)
local sum = 0
for place, number in ipairs(list) do
  sum = sum + number * place
end
return sum
