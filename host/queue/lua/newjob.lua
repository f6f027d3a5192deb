-- newjob: how new jobs of herojobs get their ids and come to be.

do
  local d = herojobs
  local LIST = 'heroqueue:'
  local MOST_ID = 4294967295
  -- Ids that are taken are skipped one by one, and in growing steps after so
  -- many: another system may have written millions.
  local SKIPPED_SINGLY = 1000

  local function ids_key(queue)
    return 'henge:herojobs:ids:' .. string.sub(queue, #LIST + 1)
  end

  -- next_id counts a list's ids up from 1, past those that others have given
  -- away; nil when there are no more.
  function d.next_id(queue)
    local step, tries = 1, 0
    while true do
      local id = redis.call('INCRBY', ids_key(queue), step)
      if id > MOST_ID then
        return nil
      end
      if redis.call('EXISTS', d.job_key(queue, int(id))) == 0 then
        return int(id)
      end
      tries = tries + 1
      if tries > SKIPPED_SINGLY then
        step = step * 2
      end
    end
  end

  -- create writes a new job: its text, then fields of henge's own and values.
  -- The counter never falls behind an id that a producer chose.
  function d.create(queue, id, at, text, ...)
    if count(redis.call('GET', ids_key(queue))) < tonumber(id) then
      redis.call('SET', ids_key(queue), id)
    end
    local when = at > NOW and int(math.floor(at / 1000)) or int(math.floor(NOW / 1000))
    redis.call('DEL', d.own_key(queue, id))
    redis.call('HSET', d.job_key(queue, id), 'job', json_splice(text, {{'jobid', id}, {'time_scheduled', when}}))
    if select('#', ...) > 0 then
      redis.call('HSET', d.own_key(queue, id), ...)
    end
  end
end
