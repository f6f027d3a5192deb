-- Text: joins words, takes the text apart again, and counts what is in it.
local text = ""
for i = 0, 499 do
  if i > 0 then text = text .. " " end
  text = text .. (i % 3 == 0 and "Fizz" or "n" .. i)
end
local words, fizz, digits = 0, 0, 0
for word in text:gmatch("[^ ]+") do
  words = words + 1
  if word:upper() == "FIZZ" then fizz = fizz + 1 else digits = digits + #word:sub(2) end
end
return #text .. " " .. words .. " " .. fizz .. " " .. digits
