-- json: changing members of a JSON object in its own text, and keeping every
-- other byte. Decoding and encoding again would not do: cjson loses the order
-- of members, makes {} of [] and 14 digits of a long number.
--
--   members, last = json_members(text)      checks all of text and finds the
--                                           members of its outermost object
--   string = json_text(text, span)          the bytes that a string stands for
--   digits = json_number(text, span)        a whole number as it is written
--   quoted = json_quote(bytes)              bytes as a JSON string
--   text = json_splice(text, changes, members, last)  a text with new values
--
-- A span is {from, to}, where the value of a member stands in the text, both
-- ends included and counted from 1; it holds for this text alone.
--
-- A name that an object has twice is legal, and which one counts is up to the
-- reader. Go and cjson take the last one, and so does members; the others hang
-- on its span as span.earlier, and a splice changes all of them, so that no
-- reader is left with the old value. Refusing such an object would leave a job
-- that nobody can end.
--
-- What is accepted is RFC 8259, as strictly as Go's encoding/json and nested
-- as deeply. Bytes in strings that are no UTF-8 are kept as they are.

local json_members, json_text, json_number, json_quote, json_splice
do
  local find, byte, sub, gsub = string.find, string.byte, string.sub, string.gsub
  local HUGE = math.huge

  -- Go's own bound. What is deeper here could not be read by the worker.
  local MAX_DEPTH = 10000
  -- What may follow in an object or array.
  local NAME, VALUE, MORE = 1, 2, 3
  local LITERALS = {[116] = 'true', [102] = 'false', [110] = 'null'}

  -- In all patterns here nothing is repeated (+ and *): the Lua of the Redis
  -- in the process recurses for each repetition, and a text may be long.

  local function broken(text, at, what)
    local where = at > #text and 'it ends where' or 'at byte ' .. at
    return nil, 'its text is not a JSON object: ' .. where .. ' there should be ' .. what
  end

  -- masked returns text with each escape overwritten by as many bytes that mean
  -- nothing, so that the next quote always ends a string. One gsub over all of
  -- the text costs a tenth of a loop over escapes where these are dense, as in
  -- JSON within JSON. Where an escape is no valid one it returns nil and where.
  local function masked(text)
    if not find(text, '\\', 1, true) then
      return text
    end
    local s = gsub(text, '\\["\\/bfnrt]', '__')
    if find(s, '\\', 1, true) then
      s = gsub(s, '\\u%x%x%x%x', '______')
    end
    local left = find(s, '\\', 1, true)
    if left then
      return nil, left
    end
    return s
  end

  -- skip returns the first place from at on that is no white space, and its
  -- byte, nil at the end.
  local function skip(s, at)
    local c = byte(s, at)
    if c == 32 or c == 10 or c == 13 or c == 9 then
      at = find(s, '[^ \t\n\r]', at) or #s + 1
      c = byte(s, at)
    end
    return at, c
  end

  -- string_end returns the closing quote of the string that begins at from,
  -- and the next control character, HUGE for none. control is what an earlier
  -- call gave: these are looked for once, not once in each string.
  local function string_end(s, from, control)
    local to = find(s, '"', from + 1, true)
    if control < from then
      control = find(s, '%c', from) or HUGE
    end
    while to and control < to do
      if byte(s, control) ~= 127 then -- delete, which a string may hold
        return nil, control
      end
      control = find(s, '%c', control + 1) or HUGE
    end
    return to, to and control or #s + 1
  end

  -- digits returns the place behind the digits that begin at at, nil for none.
  local function digits(s, at)
    local stop = find(s, '%D', at) or #s + 1
    return stop > at and stop or nil
  end

  local function number_end(s, at)
    if byte(s, at) == 45 then -- minus
      at = at + 1
    end
    local stop = byte(s, at) == 48 and at + 1 or digits(s, at)
    if stop and byte(s, stop) == 46 then -- point
      stop = digits(s, stop + 1)
    end
    local c = stop and byte(s, stop)
    if c == 101 or c == 69 then -- e, E
      c = byte(s, stop + 1)
      stop = digits(s, (c == 43 or c == 45) and stop + 2 or stop + 1)
    end
    return stop and stop - 1
  end

  -- utf8 encodes a code point, U+FFFD for half of a surrogate pair.
  local function utf8(n)
    if n < 128 then
      return string.char(n)
    elseif n < 2048 then
      return string.char(192 + math.floor(n / 64), 128 + n % 64)
    elseif n >= 55296 and n < 57344 then
      return '\239\191\189'
    elseif n < 65536 then
      return string.char(224 + math.floor(n / 4096), 128 + math.floor(n / 64) % 64, 128 + n % 64)
    end
    return string.char(240 + math.floor(n / 262144), 128 + math.floor(n / 4096) % 64,
      128 + math.floor(n / 64) % 64, 128 + n % 64)
  end

  local ESCAPED = {['"'] = '"', ['\\'] = '\\', ['/'] = '/',
    b = '\b', f = '\f', n = '\n', r = '\r', t = '\t'}

  -- unescape decodes what stands between the quotes of a valid string.
  local function unescape(s)
    if not find(s, '\\', 1, true) then
      return s
    elseif not find(s, '\\u', 1, true) then
      return (gsub(s, '\\(.)', ESCAPED))
    end
    local pair_end = 0
    return (gsub(s, '()\\(.)(%x?%x?%x?%x?)', function(at, kind, hex)
      if kind ~= 'u' then
        return ESCAPED[kind] .. hex
      elseif at < pair_end then
        return ''
      end
      local n = tonumber(hex, 16)
      local low = n >= 55296 and n < 56320 and string.match(sub(s, at + 6, at + 11), '^\\u([dD][c-fC-F]%x%x)$')
      if low then
        n = 65536 + (n - 55296) * 1024 + tonumber(low, 16) - 56320
        pair_end = at + 12
      end
      return utf8(n)
    end))
  end

  -- json_members returns the spans of the outermost object's members by name,
  -- and last, the byte behind which a further member goes: the end of the last
  -- value, or the brace of an object without any. For what is no object it
  -- returns nil and a sentence that says where.
  function json_members(text)
    local s, escape = masked(text)
    if not s then
      return broken(text, escape, 'no such escape')
    end
    local at, c = skip(s, 1)
    if c ~= 123 then
      return broken(text, at, 'an object')
    end
    local members, last, want, closers, depth = {}, at, NAME, {125}, 1
    local control, name, from = 0
    at, c = skip(s, at + 1)
    if c == 125 then
      want = MORE
    end
    while true do
      local to -- of a value that ends here
      if want == NAME then
        if c ~= 34 then
          return broken(text, at, 'a name in quotes')
        end
        local quote = at
        at, control = string_end(s, quote, control)
        if not at then
          return broken(text, control, 'more of a string')
        end
        if depth == 1 then
          name = unescape(sub(text, quote + 1, at - 1))
        end
        at, c = skip(s, at + 1)
        if c ~= 58 then
          return broken(text, at, 'a colon')
        end
        want = VALUE
      elseif want == MORE then
        if c == closers[depth] then
          depth, to = depth - 1, at
        elseif c == 44 then
          want = closers[depth] == 125 and NAME or VALUE
        else
          return broken(text, at, 'a comma or the end of what is open')
        end
      else
        if depth == 1 then
          from = at
        end
        if c == 34 then
          to, control = string_end(s, at, control)
          if not to then
            return broken(text, control, 'more of a string')
          end
        elseif c == 123 or c == 91 then
          if depth == MAX_DEPTH then
            return broken(text, at, 'no deeper nesting')
          end
          local inner, first = skip(s, at + 1)
          if first == c + 2 then -- the brace or bracket that closes it
            to = inner
          else
            depth = depth + 1
            closers[depth] = c + 2
            want = c == 123 and NAME or VALUE
          end
        elseif LITERALS[c] then
          to = at + #LITERALS[c] - 1
          if sub(s, at, to) ~= LITERALS[c] then
            return broken(text, at, LITERALS[c])
          end
        else
          to = number_end(s, at)
          if not to then
            return broken(text, at, 'a value')
          end
        end
      end
      if to then
        at, want = to, MORE
        if depth == 1 then
          members[name], last = {from, to, earlier = members[name]}, to
        end
      end
      at, c = skip(s, at + 1)
      if depth == 0 then
        if c then
          return broken(text, at, 'nothing more')
        end
        return members, last
      end
    end
  end

  -- json_text returns nil for a member that is missing or no string.
  function json_text(text, span)
    if span and byte(text, span[1]) == 34 then
      return unescape(sub(text, span[1] + 1, span[2] - 1))
    end
  end

  -- json_number returns nil for a member that is missing or no number, and for
  -- a number with a point or an exponent.
  function json_number(text, span)
    if span and find(text, '[-%d]', span[1]) == span[1] then
      local digits = sub(text, span[1], span[2])
      return not find(digits, '[.eE]') and digits or nil
    end
  end

  local QUOTED = {['"'] = '\\"', ['\\'] = '\\\\'}
  for c = 0, 31 do
    QUOTED[string.char(c)] = string.format('\\u%04x', c)
  end
  for letter, c in pairs(ESCAPED) do
    if c < ' ' then
      QUOTED[c] = '\\' .. letter
    end
  end

  -- The forms of UTF-8 beyond ASCII, and for each as many other bytes.
  local UTF8 = {
    {'[\194-\223][\128-\191]', '__'},
    {'[\225-\236\238\239][\128-\191][\128-\191]', '___'},
    {'\224[\160-\191][\128-\191]', '___'},
    {'\237[\128-\159][\128-\191]', '___'},
    {'\240[\144-\191][\128-\191][\128-\191]', '____'},
    {'[\241-\243][\128-\191][\128-\191][\128-\191]', '____'},
    {'\244[\128-\143][\128-\191][\128-\191]', '____'},
  }

  -- valid_utf8 returns s with U+FFFD for each byte that is in no character.
  local function valid_utf8(s)
    local rest = s
    for _, form in ipairs(UTF8) do
      if not find(rest, '[\128-\255]') then
        return s
      end
      rest = gsub(rest, form[1], form[2])
    end
    local pieces, at = {}, 1
    local bad = find(rest, '[\128-\255]')
    while bad do
      pieces[#pieces + 1] = sub(s, at, bad - 1)
      at = bad + 1
      bad = find(rest, '[\128-\255]', at)
    end
    pieces[#pieces + 1] = sub(s, at)
    return table.concat(pieces, '\239\191\189')
  end

  -- json_quote writes a string that any parser takes: what is no UTF-8 becomes
  -- U+FFFD, as Go's encoding/json writes it.
  function json_quote(s)
    if find(s, '[%c"\\\128-\255]') then
      s = gsub(valid_utf8(s), '[%c"\\]', QUOTED)
    end
    return '"' .. s .. '"'
  end

  -- json_splice takes changes, a list of {name, value} with the value as JSON
  -- text, which is not checked. A member that is missing is added at the end;
  -- of two changes with one name the later counts. members and last may be
  -- given when json_members has been called for this text. It returns nil and
  -- why for what is no object.
  function json_splice(text, changes, members, last)
    if not members then
      members, last = json_members(text)
      if not members then
        return nil, last
      end
    end
    local values, edits, added = {}, {}, {}
    for _, change in ipairs(changes) do
      values[change[1]] = change[2]
    end
    for _, change in ipairs(changes) do
      local name = change[1]
      local span, value = members[name], values[name]
      values[name] = nil
      if value and not span then
        added[#added + 1] = json_quote(name) .. ':' .. value
      end
      while value and span do
        edits[#edits + 1] = {span[1], span[2], value}
        span = span.earlier
      end
    end
    table.sort(edits, function(a, b) return a[1] < b[1] end)
    if #added > 0 then
      local comma = byte(text, last) == 123 and '' or ','
      edits[#edits + 1] = {last + 1, last, comma .. table.concat(added, ',')}
    end
    local pieces, at = {}, 1
    for _, edit in ipairs(edits) do
      pieces[#pieces + 1] = sub(text, at, edit[1] - 1)
      pieces[#pieces + 1] = edit[3]
      at = edit[2] + 1
    end
    pieces[#pieces + 1] = sub(text, at)
    return table.concat(pieces)
  end
end
