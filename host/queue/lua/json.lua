-- json: changing members of a JSON object in its own text, and keeping every
-- other byte. Decoding and encoding again would not do: cjson loses the order
-- of members, makes {} of [] and 14 digits of a long number.
--
--   members, last = json_members(text)      checks all of text and finds the
--                                           members of its outermost object;
--                                           nil and why for what is none, and
--                                           true behind it for too much work
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
  -- No tables out here: each run of each script would build them.
  local find, byte, sub, gsub = string.find, string.byte, string.sub, string.gsub
  local HUGE = math.huge

  -- Go's own bound. What is deeper here could not be read by the worker.
  local MAX_DEPTH = 10000
  -- Nobody else is served while a text is gone through, so there is a bound on
  -- what takes time in it: some 0.3 us for a name, value or comma, 0.1 us for an
  -- escape. A job has 14 members, and a script of a megabyte 100,000 escapes.
  local MOST_STEPS, MOST_ESCAPES = 30000, 150000
  -- What may follow in an object or array.
  local NAME, VALUE, MORE = 1, 2, 3

  -- The control characters that JSON has no place for, inside strings or out.
  local CONTROLS = '\0\1\2\3\4\5\6\7\8\11\12\14\15\16\17\18\19\20\21\22\23\24\25\26\27\28\29\30\31'

  -- A search for one plain byte runs at the speed of memory, a thousand times
  -- that of a pattern, so what may be long is gone through by such searches.
  -- The Lua of the Redis inside a process has bounds of its own: its patterns
  -- recurse for each repetition, so none here has a + or *; its gsub copies all
  -- of a text for each match, and its concat takes some thousands of pieces, so
  -- they get no more than these.
  local BLOCK, MOST_PIECES = 256, 1000

  local function joined(pieces)
    while #pieces > MOST_PIECES do
      local longer = {}
      for i = 1, #pieces, MOST_PIECES do
        longer[#longer + 1] = table.concat(pieces, '', i, math.min(i + MOST_PIECES - 1, #pieces))
      end
      pieces = longer
    end
    return table.concat(pieces)
  end

  local function broken(text, at, what)
    local where = at > #text and 'it ends where' or 'at byte ' .. at
    return nil, 'its text is not a JSON object: ' .. where .. ' there should be ' .. what
  end

  local function too_much(what, most)
    return nil, 'its text has more than ' .. most .. ' ' .. what .. ', which would hold up everybody', true
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

  -- string_end returns the closing quote of the string that begins at from, or
  -- nil, where it is broken, and why; only nil for too many escapes. ahead holds
  -- the next backslash and the next control character, so that these are not
  -- looked for in each string; there are no backslashes between strings.
  local function string_end(s, from, ahead)
    local to = find(s, '"', from + 1, true)
    local escape, escapes = ahead.escape, ahead.escapes
    while to and escape < to do
      local c = byte(s, escape + 1)
      if c == 34 then
        to = find(s, '"', escape + 2, true)
      elseif c == 117 then
        if not find(s, '^%x%x%x%x', escape + 2) then
          return nil, escape, 'no such escape'
        end
      elseif c ~= 92 and c ~= 110 and c ~= 116 and c ~= 114 and c ~= 47 and c ~= 98 and c ~= 102 then
        return nil, escape, 'no such escape'
      end
      escape, escapes = find(s, '\\', escape + 2, true) or HUGE, escapes + 1
      if escapes > MOST_ESCAPES then
        return nil
      end
    end
    ahead.escape, ahead.escapes = escape, escapes
    if ahead.control < from then
      ahead.control = find(s, '[\t\n\r]', from) or HUGE
    end
    if not to then
      return nil, #s + 1, 'the end of a string'
    elseif ahead.control < to then
      return nil, ahead.control, 'no control character'
    end
    return to
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

  -- utf8_of encodes a code point, U+FFFD for half of a surrogate pair.
  local function utf8_of(n)
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

  -- unescape decodes what stands between the quotes of a valid string.
  local function unescape(s)
    local escape = find(s, '\\', 1, true)
    if not escape then
      return s
    end
    local short = {['"'] = '"', ['\\'] = '\\', ['/'] = '/', b = '\b', f = '\f', n = '\n', r = '\r', t = '\t'}
    local pieces, at = {}, 1
    while escape do
      pieces[#pieces + 1] = sub(s, at, escape - 1)
      at = escape + 2
      local char = short[sub(s, escape + 1, escape + 1)]
      if not char then
        local n = tonumber(sub(s, at, at + 3), 16)
        at = at + 4
        if n >= 55296 and n < 56320 and find(s, '^\\u[dD][c-fC-F]', at) then
          n = 65536 + (n - 55296) * 1024 + tonumber(sub(s, at + 2, at + 5), 16) - 56320
          at = at + 6
        end
        char = utf8_of(n)
      end
      pieces[#pieces + 1] = char
      escape = find(s, '\\', at, true)
    end
    pieces[#pieces + 1] = sub(s, at)
    return joined(pieces)
  end

  -- json_members returns the spans of the outermost object's members by name,
  -- and last, the byte behind which a further member goes: the end of the last
  -- value, or the brace of an object without any. For what is no object it
  -- returns nil and a sentence that says where.
  function json_members(text)
    for i = 1, #CONTROLS do
      local at = find(text, sub(CONTROLS, i, i), 1, true)
      if at then
        return broken(text, at, 'no control character')
      end
    end
    local at, c = skip(text, 1)
    if c ~= 123 then
      return broken(text, at, 'an object')
    end
    local members, last, want, closers, depth = {}, at, NAME, {125}, 1
    local ahead = {escape = find(text, '\\', 1, true) or HUGE, escapes = 0, control = HUGE}
    if find(text, '\n', 1, true) or find(text, '\r', 1, true) or find(text, '\t', 1, true) then
      ahead.control = 0
    end
    local name, from, fault, what
    local steps = 0
    at, c = skip(text, at + 1)
    if c == 125 then
      want = MORE
    end
    while true do
      steps = steps + 1
      if steps > MOST_STEPS then
        return too_much('values', MOST_STEPS / 2)
      end
      local to -- of a value that ends here
      if want == NAME then
        if c ~= 34 then
          return broken(text, at, 'a name in quotes')
        end
        local quote = at
        at, fault, what = string_end(text, quote, ahead)
        if not at then
          if not fault then
            return too_much('escapes', MOST_ESCAPES)
          end
          return broken(text, fault, what)
        end
        if depth == 1 then
          name = unescape(sub(text, quote + 1, at - 1))
        end
        at, c = skip(text, at + 1)
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
          to, fault, what = string_end(text, at, ahead)
          if not to then
            if not fault then
              return too_much('escapes', MOST_ESCAPES)
            end
            return broken(text, fault, what)
          end
        elseif c == 123 or c == 91 then
          if depth == MAX_DEPTH then
            return broken(text, at, 'no deeper nesting')
          end
          local inner, first = skip(text, at + 1)
          if first == c + 2 then -- the brace or bracket that closes it
            to = inner
          else
            depth = depth + 1
            closers[depth] = c + 2
            want = c == 123 and NAME or VALUE
          end
        elseif c == 116 or c == 102 or c == 110 then
          local word = c == 116 and 'true' or c == 102 and 'false' or 'null'
          to = at + #word - 1
          if sub(text, at, to) ~= word then
            return broken(text, at, word)
          end
        else
          to = number_end(text, at)
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
      at = at + 1
      c = byte(text, at)
      if c and c <= 32 then -- asked here, since the call costs a fifth of the time
        at, c = skip(text, at)
      end
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
    if span and find(text, '^[-%d]', span[1]) then
      local number = sub(text, span[1], span[2])
      return not find(number, '[.eE]') and number or nil
    end
  end

  -- valid_utf8 returns s with U+FFFD for each byte that is in no character.
  local function valid_utf8(s)
    local rest = s -- with each character overwritten by as many bytes
    local function overwrite(form, with)
      rest = find(rest, '[\128-\255]') and gsub(rest, form, with) or rest
    end
    overwrite('[\194-\223][\128-\191]', '__')
    overwrite('[\225-\236\238\239][\128-\191][\128-\191]', '___')
    overwrite('\224[\160-\191][\128-\191]', '___')
    overwrite('\237[\128-\159][\128-\191]', '___')
    overwrite('\240[\144-\191][\128-\191][\128-\191]', '____')
    overwrite('[\241-\243][\128-\191][\128-\191][\128-\191]', '____')
    overwrite('\244[\128-\143][\128-\191][\128-\191]', '____')
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

  -- whole returns where a block ends that should end at to: before a character
  -- that would be cut. It has three more bytes at the most.
  local function whole(s, to)
    for back = to, to - 3, -1 do
      local c = byte(s, back + 1)
      if not c or c < 128 or c > 191 then
        return back
      end
    end
    return to
  end

  -- json_quote writes a string that any parser takes: what is no UTF-8 becomes
  -- U+FFFD, as Go's encoding/json writes it.
  function json_quote(s)
    if not find(s, '[%c"\\\128-\255]') then
      return '"' .. s .. '"'
    end
    local short = {['"'] = '\\"', ['\\'] = '\\\\',
      ['\b'] = '\\b', ['\f'] = '\\f', ['\n'] = '\\n', ['\r'] = '\\r', ['\t'] = '\\t'}
    local function escaped(c)
      return short[c] or string.format('\\u%04x', byte(c))
    end
    local pieces, at = {'"'}, 1
    while at <= #s do
      local to = whole(s, at + BLOCK - 1)
      pieces[#pieces + 1] = gsub(valid_utf8(sub(s, at, to)), '[%c"\\]', escaped)
      at = to + 1
    end
    pieces[#pieces + 1] = '"'
    return joined(pieces)
  end

  -- json_splice takes changes, a list of {name, value}, each name once and the
  -- value as JSON text, which is not checked. Members that are missing are added
  -- at the end, in this order. members and last may be given when json_members
  -- has been called for this text. It returns nil and why for what is no object.
  function json_splice(text, changes, members, last)
    if not members then
      members, last = json_members(text)
      if not members then
        return nil, last
      end
    end
    local edits, added = {}, {}
    for _, change in ipairs(changes) do
      local span = members[change[1]]
      if not span then
        added[#added + 1] = json_quote(change[1]) .. ':' .. change[2]
      end
      while span do
        edits[#edits + 1] = {span[1], span[2], change[2]}
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
    return joined(pieces)
  end
end
