-- circle: the names of circles.

-- canonical returns a circle's name as it is compared: hex keys in lower case,
-- other names as they are, and '' for what is no valid name (job.ParseCircle
-- has the same rule; a test keeps the two together). A job of circle '' is
-- anybody's, and ends in error at once.
local function canonical(name)
  local n = #name
  if (n == 64 or n == 66 or n == 130) and not string.find(name, '[^0-9a-fA-F]') then
    return string.lower(name)
  end
  if n >= 1 and n <= 64 and string.find(name, '^[0-9A-Za-z]') and not string.find(name, '[^0-9A-Za-z._-]') then
    return name
  end
  return ''
end

-- circle_name is a circle as the worker names it. A dialect whose names are
-- written otherwise has a rule of its own.
local CIRCLE_NAMES
each_call(function() CIRCLE_NAMES = {} end)
local function circle_name(d, name)
  local names = CIRCLE_NAMES[d]
  if not names then
    names = {}
    CIRCLE_NAMES[d] = names
  end
  local known = names[name]
  if not known then
    known = (d.canonical or canonical)(name)
    names[name] = known
  end
  return known
end
