#!lua name=dn1
-- dn1: what Denrei does inside Redis, as one Function library. It keeps order and history; business rules stay outside.
--
-- Rules   1. every key touched is in KEYS, and all keys of a call share one hash tag
--         2. everything is checked before the first write: Redis does not undo what a failing function has written
--         3. no clock that safety depends on; the only time is the dedupe window's
-- Keys    <prefix>:{<tag>}: m (meta: seq last cur tok own ep ddi ddt lay dhn aun) log d0 d1 (dedupe generations) st (states)
--         tl (timeline chunks) rp (repeats) ob (outbox) ntf (notifications) sx (counters) dx (dead letters)
--         dh (history of deliveries) au (audit)
-- Log     one entry a call: id <first seq>-<nonce>, fields d = records (u32 LE length + bytes each), n = how many
-- dh au   one entry a call that has something for them: id <number of its last text>-0, d and n as in the log; m keeps the newest number
-- Faults  DNARGS … as an error reply: the caller broke a rule and nothing was written

local CHUNK = 1000  -- even, so that pairs stay together; Lua's unpack takes about 7,900 values

local function refuse(why)
  return redis.error_reply('DNARGS ' .. why)
end

local function in_chunks(command, key, values, first, last)
  for i = first, last, CHUNK do
    redis.call(command, key, unpack(values, i, math.min(i + CHUNK - 1, last)))
  end
end

local function look_up(key, fields)
  if #fields == 0 then return {} end
  if #fields <= CHUNK then return redis.call('HMGET', key, unpack(fields)) end
  local found = {}
  for i = 1, #fields, CHUNK do
    local part = redis.call('HMGET', key, unpack(fields, i, math.min(i + CHUNK - 1, #fields)))
    for j = 1, #part do found[i + j - 1] = part[j] end
  end
  return found
end

local function number_text(n) return string.format('%.0f', n) end

-- "12-345" -> 12, 345; nothing when it is not an id. The second part is only compared where it is small.
local function split_id(id)
  local seq, rest = string.match(id, '^(%d+)%-(%d+)$')
  return tonumber(seq), tonumber(rest)
end

local function is_in_log(log, id) return #redis.call('XRANGE', log, id, id) == 1 end

-- Declared keys that are absent cause TRYAGAIN while a cluster moves their slot: each has a field that stays.
local function plant_hash(key) redis.call('HSETNX', key, '_', '') end

local function plant_stream(key)
  if redis.call('EXISTS', key) == 0 then
    redis.call('XGROUP', 'CREATE', key, '_', '0', 'MKSTREAM')
    redis.call('XGROUP', 'DESTROY', key, '_')
  end
end

-- ---------------------------------------------------------------------------------------------------------- append

local function count_records(blob)
  local at, n, size = 1, 0, #blob
  while at + 3 <= size do
    at = at + 4 + struct.unpack('<I4', blob, at)
    n = n + 1
  end
  return at == size + 1 and n
end

-- 'P' u32 index (a probe) and 'O' u32 index, 16 bytes (a once id), indexes from 1.
local function read_specials(text, n)
  local probe, once, at = {}, {}, 1
  while at <= #text do
    local kind, index = string.sub(text, at, at), at + 4 <= #text and struct.unpack('<I4', text, at + 1)
    if not index or index < 1 or index > n then return end
    at = at + 5
    if kind == 'P' then
      probe[index] = true
    elseif kind == 'O' and at + 15 <= #text then
      once[index] = string.sub(text, at, at + 15)
      at = at + 16
    else
      return
    end
  end
  return probe, once
end

local function read_ids(A, n)
  local ids, meta = {}, {}
  for i = 1, n do
    ids[i], meta[i] = A[4 + 2 * i], A[5 + 2 * i]
    if #ids[i] ~= 16 or #meta[i] ~= 12 then return end
  end
  return ids, meta
end

-- Which of the n records are new: verdicts for those that are not, in the order given.
local function judge(n, ids, meta, probe, once, known)
  local seen, out, repeats, skip = {}, {}, {}, {}
  for i = 1, n do
    local id, verdict = ids[i], nil
    local first = known(i) or seen[id]
    if first then
      verdict = 'R' .. first
      repeats[#repeats + 1] = id
    elseif probe[i] then
      verdict = 'N'
    else
      local o = once[i]
      if o and (known(o.at) or seen[o.id]) then
        verdict = 'L'
      else
        seen[id] = meta[i]
        if o then seen[o.id] = meta[i] end
      end
    end
    if verdict then
      skip[i] = true
      out[#out + 1] = i
      out[#out + 1] = verdict
    end
  end
  return out, repeats, skip
end

-- The blob and the dedupe pairs without the records that are skipped.
local function keep_fresh(blob, n, ids, meta, once, skip)
  local parts, pairs_, at = {}, {}, 1
  for i = 1, n do
    local size = 4 + struct.unpack('<I4', blob, at)
    if not skip[i] then
      parts[#parts + 1] = string.sub(blob, at, at + size - 1)
      pairs_[#pairs_ + 1] = ids[i]
      pairs_[#pairs_ + 1] = meta[i]
      if once[i] then
        pairs_[#pairs_ + 1] = once[i].id
        pairs_[#pairs_ + 1] = meta[i]
      end
    end
    at = at + size
  end
  return table.concat(parts), pairs_, #parts
end

local function time_ms()
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end

-- KEYS m log d0 d1 rp ; ARGV nonce now_ms(0 = TIME) window_ms blob specials (id16 meta12)*
-- -> {previous id, last id, first seq, new ones, (index, 'R' meta | 'N' | 'L')*}
local function append(K, A)
  local now, window = tonumber(A[2]), tonumber(A[3])
  if #A < 5 or #A % 2 == 0 or not now or not window then return refuse('append') end
  if not string.match(A[1], '^%d+$') or #A[1] > 19 then return refuse('append nonce') end
  local n = (#A - 5) / 2
  if n > CHUNK then return refuse('append too many') end
  if count_records(A[4]) ~= n then return refuse('append records') end
  local ids, meta = read_ids(A, n)
  if not ids then return refuse('append ids') end
  local probe, once_ids = read_specials(A[5], n)
  if not probe then return refuse('append specials') end

  local h = redis.call('HMGET', K[1], 'seq', 'last', 'ddi', 'ddt')
  local seq, last, ddi, ddt = tonumber(h[1] or '0'), h[2] or '0-0', tonumber(h[3] or '0'), tonumber(h[4] or '0')
  local previous = last
  if now == 0 then now = time_ms() end
  local rotate = ddt > 0 and now - ddt > window
  if rotate then ddi = 1 - ddi end
  if rotate or ddt == 0 or now < ddt then ddt = now end  -- now < ddt: a clock that jumped back heals itself

  local wanted, once = ids, {}
  if next(once_ids) then
    wanted = {unpack(ids)}
    for i, id in pairs(once_ids) do
      wanted[#wanted + 1] = id
      once[i] = {id = id, at = #wanted}
    end
  end
  local current_key, older_key = K[3 + ddi], K[4 - ddi]
  local current = rotate and {} or look_up(current_key, wanted)
  local older = redis.call('HLEN', older_key) > 1 and look_up(older_key, wanted) or {}  -- 1: only the planted field
  local out, repeats, skip = judge(n, ids, meta, probe, once, function(i) return current[i] or older[i] end)

  -- From here on only writes, the one that can fail first.
  local fresh, blob, dedupe, first, to = n, A[4], A, 6, #A
  if #out > 0 or next(once) then
    blob, dedupe, fresh = keep_fresh(A[4], n, ids, meta, once, skip)
    first, to = 1, #dedupe
  end
  local first_seq = seq + 1
  if fresh > 0 then
    last = number_text(first_seq) .. '-' .. A[1]
    redis.call('XADD', K[2], last, 'd', blob, 'n', fresh)
    seq = seq + fresh
  end
  if rotate then redis.call('UNLINK', current_key) end
  if rotate or not h[1] then
    plant_hash(K[3])
    plant_hash(K[4])
    plant_hash(K[5])
  end
  in_chunks('HSET', current_key, dedupe, first, to)
  for i = 1, #repeats do redis.call('HINCRBY', K[5], repeats[i], 1) end
  -- Written even when nothing is new: from Redis 7.2 on, WAIT covers only calls that wrote something.
  redis.call('HSET', K[1], 'seq', number_text(seq), 'last', last, 'ddi', ddi, 'ddt', number_text(ddt))
  return {previous, last, first_seq, fresh, unpack(out)}
end

-- ------------------------------------------------------------------------------------------------------- ownership

-- KEYS m log d0 d1 st tl rp ob ntf sx dx dh au ; ARGV node token expected('' | its token | '*' = whoever holds it) now_ms(0 = TIME)
-- -> {'OK', epoch, cursor, seq} | {'HELD', node, token}
local function acquire(K, A)
  local now = tonumber(A[4])
  if #K ~= 13 or #A ~= 4 or #A[2] == 0 or not now then return refuse('acquire') end
  local streams = {[2] = true, [9] = true, [12] = true, [13] = true}
  for i = 1, #K do
    local kind, wanted = redis.call('TYPE', K[i]).ok, streams[i] and 'stream' or 'hash'
    if kind ~= 'none' and kind ~= wanted then return refuse('acquire ' .. K[i] .. ' is a ' .. kind) end
  end
  local h = redis.call('HMGET', K[1], 'tok', 'own', 'ep', 'cur', 'seq')
  local token, owner = h[1] or '', h[2] or ''
  if token ~= '' and owner ~= A[1] and A[3] ~= '*' and A[3] ~= token then return {'HELD', owner, token} end
  if now == 0 then now = time_ms() end
  local epoch = number_text(math.max(tonumber(h[3] or '0') + 1, now))
  for i = 2, #K do
    if streams[i] then plant_stream(K[i]) else plant_hash(K[i]) end
  end
  redis.call('HSET', K[1], 'tok', A[2], 'own', A[1], 'ep', epoch, 'lay', 1)
  return {'OK', epoch, h[4] or '0-0', h[5] or '0'}
end

-- KEYS m ; ARGV token -> {'OK'} | {'FENCED'}
local function release(K, A)
  if #A ~= 1 or A[1] == '' then return refuse('release') end
  if redis.call('HGET', K[1], 'tok') ~= A[1] then return {'FENCED'} end
  redis.call('HSET', K[1], 'tok', '', 'own', '')
  return {'OK'}
end

-- KEYS m log ; ARGV token after count -> {'OK', (id, blob)*} | {'FENCED'} | {'TRUNCATED'}
local function read(K, A)
  if #A ~= 3 or not split_id(A[2]) or not tonumber(A[3]) then return refuse('read') end
  local h = redis.call('HMGET', K[1], 'tok', 'cur')
  if A[1] == '' or h[1] ~= A[1] then return {'FENCED'} end
  -- `after` must belong to this history, or a buffer could mix entries that a failover lost with their successors.
  if A[2] ~= (h[2] or '0-0') and not is_in_log(K[2], A[2]) then return {'TRUNCATED'} end
  local out = {'OK'}
  for _, entry in ipairs(redis.call('XRANGE', K[2], '(' .. A[2], '+', 'COUNT', A[3])) do
    out[#out + 1] = entry[1]
    out[#out + 1] = entry[2][2]
  end
  return out
end

-- ---------------------------------------------------------------------------------------------------------- commit

local WIDTHS = {2, 2, 1, 2, 2, 2}  -- states, chunks, dropped chunks, outbox, notifications, counters

local function read_sections(A, at)
  local sections = {}
  for i, width in ipairs(WIDTHS) do
    local n = tonumber(A[at])
    if not n or n < 0 or n % 1 ~= 0 or at + n * width > #A then return end
    sections[i] = {first = at + 1, last = at + n * width}
    at = at + 1 + n * width
  end
  return at == #A + 1 and sections
end

local function last_id_of(stream)
  local info = redis.call('XINFO', 'STREAM', stream)
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then return split_id(info[i + 1]) end
  end
end

local function are_rising(A, section, stream)
  if section.first > section.last then return true end
  local seq, n = last_id_of(stream)
  for i = section.first, section.last, 2 do
    local s, m = split_id(A[i])
    if not s or s < seq or (s == seq and m <= n) then return false end
    seq, n = s, m
  end
  return true
end

local function are_integers(A, section)
  for i = section.first + 1, section.last, 2 do
    if not string.match(A[i], '^%-?%d+$') or #A[i] > 18 then return false end
  end
  return true
end

-- Packed lines begin with u16 LE length and the 16 bytes of the event id; a line that goes takes its repeat count along.
local function collect_line_ids(chunk, ids)
  local at = 1
  while at + 17 <= #chunk do
    local size = struct.unpack('<I2', chunk, at)
    if size < 16 then return end
    ids[#ids + 1] = string.sub(chunk, at + 2, at + 17)
    at = at + 2 + size
  end
end

local function drop_chunks(timeline, repeats, A, section)
  local ids = {}
  for i = section.first, section.last do
    collect_line_ids(redis.call('HGET', timeline, A[i]) or '', ids)
  end
  in_chunks('HDEL', timeline, A, section.first, section.last)
  in_chunks('HDEL', repeats, ids, 1, #ids)
end

-- The entry that holds `below` stays, and so does everything from the cursor on.
local function trim(log, below, cursor)
  local holder = redis.call('XREVRANGE', log, below, '-', 'COUNT', 1)[1]
  if holder then
    local seq = math.min((split_id(holder[1])), (split_id(cursor)))
    redis.call('XTRIM', log, 'MINID', '~', number_text(seq))
  end
end

-- KEYS m log st tl rp ob ntf sx ; ARGV token expected new trim_below(0: none) and six counted sections:
-- states (field blob)*, chunks (field blob)*, dropped chunks (field)*, outbox (id blob)*, notifications (id blob)*, counters (field inc)*
-- -> {'OK'} | {'FENCED'} | {'CONFLICT', cursor} | {'TRUNCATED'}
local function commit(K, A)
  if #K ~= 8 or #A < 4 then return refuse('commit') end
  local from, to = split_id(A[2]), split_id(A[3])
  if not from or not to or to < from then return refuse('commit cursor') end
  if not string.match(A[4], '^%d+$') or #A[4] > 15 then return refuse('commit trim') end
  local s = read_sections(A, 5)
  if not s then return refuse('commit sections') end
  if not are_integers(A, s[6]) then return refuse('commit counters') end

  local h = redis.call('HMGET', K[1], 'tok', 'cur')
  if A[1] == '' or h[1] ~= A[1] then return {'FENCED'} end
  local cursor = h[2] or '0-0'
  if cursor ~= A[2] then return {'CONFLICT', cursor} end
  if A[3] ~= A[2] and not is_in_log(K[2], A[3]) then return {'TRUNCATED'} end
  if not are_rising(A, s[5], K[7]) then return refuse('commit notifications') end

  redis.call('HSET', K[1], 'cur', A[3])
  in_chunks('HSET', K[3], A, s[1].first, s[1].last)
  in_chunks('HSET', K[4], A, s[2].first, s[2].last)
  drop_chunks(K[4], K[5], A, s[3])
  in_chunks('HSET', K[6], A, s[4].first, s[4].last)
  for i = s[5].first, s[5].last, 2 do redis.call('XADD', K[7], A[i], 'd', A[i + 1]) end
  -- pcall: a counter that would overflow must not tear a commit.
  for i = s[6].first, s[6].last, 2 do redis.pcall('HINCRBY', K[8], A[i], A[i + 1]) end
  if A[4] ~= '0' then trim(K[2], A[4], A[3]) end
  return {'OK'}
end

-- ---------------------------------------------------------------------------------------------------------- settle

local CHANGE_WIDTH = {F = 1, D = 1, U = 2, B = 2, R = 2, A = 2}  -- arguments: the id, or the id and its record

local function are_changes(kinds, A, at)
  if #kinds > CHUNK then return false end
  for i = 1, #kinds do
    local width = CHANGE_WIDTH[string.sub(kinds, i, i)]
    if not width or #(A[at] or '') ~= 16 or (width == 2 and (A[at + 1] or '') == '') then return false end
    at = at + width
  end
  return at == #A + 1
end

-- Packed texts for a numbered stream of which the newest `keep` are wanted.
local function read_texts(n, blob, keep)
  if not string.match(keep, '^%d+$') or #keep > 15 then return end
  local count = count_records(blob)
  return count and count <= CHUNK and tostring(count) == n and {n = count, blob = blob, keep = tonumber(keep)}
end

local function may_add(stream, texts, newest)
  return texts.n == 0 or #redis.call('XRANGE', stream, number_text(newest + 1), '+', 'COUNT', 1) == 0
end

-- The entry is named after its last text, so an entry below the first number to keep goes as a whole.
local function add_texts(meta, field, stream, texts, newest)
  if texts.n == 0 then return end
  newest = newest + texts.n
  local from = math.max(newest + 1 - texts.keep, 0)
  redis.call('XADD', stream, 'MINID', '~', number_text(from), number_text(newest) .. '-0', 'd', texts.blob, 'n', texts.n)
  redis.call('HSET', meta, field, number_text(newest))
end

local APPLY = {
  U = function(ob, _, id, record)
    if redis.call('HEXISTS', ob, id) == 1 then redis.call('HSET', ob, id, record) end
  end,
  B = function(ob, dx, id, record)
    redis.call('HDEL', ob, id)
    redis.call('HSET', dx, id, record)
  end,
  R = function(ob, dx, id, record)
    if redis.call('HDEL', dx, id) == 1 then redis.call('HSET', ob, id, record) end
  end,
  A = function(_, dx, id, record)
    if redis.call('HEXISTS', dx, id) == 1 then redis.call('HSET', dx, id, record) end
  end,
}

local function apply_changes(ob, dx, kinds, A, at)
  local i = 1
  while i <= #kinds do
    local kind = string.sub(kinds, i, i)
    if APPLY[kind] then
      APPLY[kind](ob, dx, A[at], A[at + 1])
      i, at = i + 1, at + 2
    else
      local _, last = string.find(kinds, '^' .. kind .. '+', i)  -- a run of F or of D goes in one command
      in_chunks('HDEL', kind == 'F' and ob or dx, A, at, at + last - i)
      i, at = last + 1, at + last - i + 1
    end
  end
end

-- KEYS m ob dx dh au ; ARGV token history_keep n texts audit_keep n texts kinds (id16 [record])*
-- kinds: one letter a change. U pending, replace - F pending, gone - B pending to dead - R dead to pending - A dead, replace -
-- D dead, gone; U B R A have a record. U R A do nothing where there is nothing: a delivery that is gone stays gone
-- -> {'OK'} | {'FENCED'}
local function settle(K, A)
  if #K ~= 5 or #A < 8 then return refuse('settle') end
  local history, audit = read_texts(A[3], A[4], A[2]), read_texts(A[6], A[7], A[5])
  if not history or not audit then return refuse('settle texts') end
  if not are_changes(A[8], A, 9) then return refuse('settle changes') end
  local h = redis.call('HMGET', K[1], 'tok', 'dhn', 'aun')
  if A[1] == '' or h[1] ~= A[1] then return {'FENCED'} end
  local dhn, aun = tonumber(h[2] or '0'), tonumber(h[3] or '0')
  if not may_add(K[4], history, dhn) or not may_add(K[5], audit, aun) then return refuse('settle numbers') end

  add_texts(K[1], 'dhn', K[4], history, dhn)
  add_texts(K[1], 'aun', K[5], audit, aun)
  apply_changes(K[2], K[3], A[8], A, 9)
  return {'OK'}
end

-- ------------------------------------------------------------------------------------- reading deliveries and events

local function is_number(text) return #text <= 20 and string.match(text, '^%d+$') end

local SCAN_STEP, SCAN_CALLS, SCAN_BYTES = 32, 256, 4194304  -- one page reads no more; a sparse hash gives short, even empty pages

-- KEYS ob | dx ; ARGV cursor count -> {next cursor('0': the end), head*}: records cut behind their head (u16 LE length, head)
local function scan(K, A)
  if #A ~= 2 or not is_number(A[1]) or not is_number(A[2]) then return refuse('scan') end
  local count = tonumber(A[2])
  local out, bytes = {A[1]}, 0
  for _ = 1, SCAN_CALLS do
    local found = redis.call('HSCAN', K[1], out[1], 'COUNT', SCAN_STEP)
    local items = found[2]
    for i = 1, #items, 2 do
      local record = items[i + 1]
      bytes = bytes + #record
      if #record >= 2 then record = string.sub(record, 1, 2 + struct.unpack('<I2', record)) end
      if items[i] ~= '_' then out[#out + 1] = record end
    end
    out[1] = found[1]
    if found[1] == '0' or #out > count or bytes > SCAN_BYTES then break end
  end
  return out
end

local FIELDS_STEP, FIELDS_CALLS = 100, 10  -- one page looks at about 1,000 fields, which takes about a millisecond

-- KEYS st | tl | rp ; ARGV cursor count prefix -> {next cursor('0': the end), field*}: names only; fewer than count, or a few more
local function fields(K, A)
  if #A ~= 3 or not is_number(A[1]) or not is_number(A[2]) then return refuse('fields') end
  local count, match = tonumber(A[2]), string.gsub(A[3], '[%*%?%[\\]', '\\%0') .. '*'
  local out, bytes = {A[1]}, 0
  for _ = 1, FIELDS_CALLS do
    local found = redis.call('HSCAN', K[1], out[1], 'MATCH', match, 'COUNT', FIELDS_STEP)
    local items = found[2]
    for i = 1, #items, 2 do
      bytes = bytes + #items[i + 1]
      if items[i] ~= '_' then out[#out + 1] = items[i] end
    end
    out[1] = found[1]
    if found[1] == '0' or #out > count or bytes > SCAN_BYTES then break end
  end
  return out
end

-- The texts of one entry that lie below `before`, newest first, until `out` holds `full` values.
local function add_page(entry, before, out, full)
  local blob, at, starts = entry[2][2], 1, {}
  while at < #blob do
    starts[#starts + 1] = at
    at = at + 4 + struct.unpack('<I4', blob, at)
  end
  local number = split_id(entry[1])
  for i = #starts, 1, -1 do
    if #out >= full then return end
    if number < before then
      out[#out + 1] = number_text(number)
      out[#out + 1] = string.sub(blob, starts[i] + 4, (starts[i + 1] or #blob + 1) - 1)
    end
    number = number - 1
  end
end

-- KEYS dh | au ; ARGV before(0: from the newest) count -> {(number, text)*}, newest first
local function page(K, A)
  if #A ~= 2 or not is_number(A[1]) or not is_number(A[2]) then return refuse('page') end
  local before, count = tonumber(A[1]), tonumber(A[2])
  if before == 0 or before > 2 ^ 53 then before = 2 ^ 53 end
  local out, full, step = {}, 2 * count, 1
  -- The entry that holds before - 1 is the first one whose last number is not below it.
  local entries = redis.call('XRANGE', K[1], number_text(before - 1), '+', 'COUNT', 1)
  if #entries == 0 then entries = redis.call('XREVRANGE', K[1], '+', '-', 'COUNT', 1) end
  while #entries > 0 and #out < full do
    for _, entry in ipairs(entries) do add_page(entry, before, out, full) end
    entries = redis.call('XREVRANGE', K[1], '(' .. entries[#entries][1], '-', 'COUNT', step)
    step = math.min(2 * step, 32)
  end
  return out
end

local NEWEST_STEP = 16  -- entries read at once; those that do not fit were read in vain

-- KEYS log ; ARGV before('' = from the newest) count bytes -> {(id, blob)*}, newest first; the first one whatever its size
local function newest(K, A)
  if #A ~= 3 or not is_number(A[2]) or not is_number(A[3]) then return refuse('newest') end
  if A[1] ~= '' and not split_id(A[1]) then return refuse('newest before') end
  local from, count, room = A[1] == '' and '+' or '(' .. A[1], tonumber(A[2]), tonumber(A[3])
  local out, step = {}, 1
  while #out < 2 * count do
    local entries = redis.call('XREVRANGE', K[1], from, '-', 'COUNT', math.min(step, count - #out / 2))
    if #entries == 0 then break end
    for _, entry in ipairs(entries) do
      room = room - #entry[2][2]
      if room < 0 and #out > 0 then return out end
      out[#out + 1] = entry[1]
      out[#out + 1] = entry[2][2]
    end
    from = '(' .. entries[#entries][1]
    step = math.min(2 * step, NEWEST_STEP)
  end
  return out
end

local FIND_AROUND, FIND_BYTES = 32, 16777216  -- entries searched on each side of where the time says; records read at most

-- In a batch of events (domain/event): u32 length, u8 version, u8 effect, 16 bytes id, i64 received_at in ms, …
local function first_received(entry)
  local blob = entry[2][2]
  return #blob >= 30 and struct.unpack('<i8', blob, 23) or 0
end

-- The last entry whose first event was not received after `time`, else the first one. Nearly: times nearly rise.
local function seek(log, time, seq)
  local found = redis.call('XRANGE', log, '-', '+', 'COUNT', 1)[1]
  if not found then return end
  local low, high = split_id(found[1]), seq
  while low < high do
    local middle = math.ceil((low + high) / 2)
    local entry = redis.call('XREVRANGE', log, number_text(middle), '-', 'COUNT', 1)[1]  -- the one that holds it
    if first_received(entry) <= time then
      low, found = middle, entry
    else
      high = split_id(entry[1]) - 1
    end
  end
  return found
end

local function pick(entry, id)
  local blob, seq, at = entry[2][2], split_id(entry[1]), 1
  if not string.find(blob, id, 1, true) then return end
  while at + 21 <= #blob do
    local size = struct.unpack('<I4', blob, at)
    if string.sub(blob, at + 6, at + 21) == id then
      return number_text(seq), string.sub(blob, at + 4, at + 3 + size)
    end
    at, seq = at + 4 + size, seq + 1
  end
end

-- The sequence and the record: in this entry or, by turns newer and older, in one near it.
local function find_around(log, entry, id)
  local newer, older, bytes = entry, entry, 0
  for turn = 0, 2 * FIND_AROUND do
    if turn % 2 == 1 then
      newer = newer and redis.call('XRANGE', log, '(' .. newer[1], '+', 'COUNT', 1)[1]
      entry = newer
    elseif turn > 0 then
      older = older and redis.call('XREVRANGE', log, '(' .. older[1], '-', 'COUNT', 1)[1]
      entry = older
    end
    if entry then
      local seq, record = pick(entry, id)
      if seq then return seq, record end
      bytes = bytes + #entry[2][2]
      if bytes > FIND_BYTES then return end
    end
  end
end

-- KEYS m log d0 d1 ; ARGV id16 -> {} not known | {meta12} no longer in the log | {meta12, seq, record}
local function find(K, A)
  local id = A[1] or ''
  if #K ~= 4 or #A ~= 1 or #id ~= 16 then return refuse('find') end
  local meta = redis.call('HGET', K[3], id) or redis.call('HGET', K[4], id)
  if not meta then return {} end
  local entry = seek(K[2], (struct.unpack('<i8', meta)), tonumber(redis.call('HGET', K[1], 'seq') or '0'))
  if not entry then return {meta} end
  return {meta, find_around(K[2], entry, id)}
end

-- append has no flag: it is refused when memory is full. What makes progress or frees memory may still run then.
redis.register_function{function_name = 'dn1_append', callback = append}
redis.register_function{function_name = 'dn1_acquire', callback = acquire, flags = {'allow-oom'}}
redis.register_function{function_name = 'dn1_release', callback = release, flags = {'allow-oom'}}
redis.register_function{function_name = 'dn1_read', callback = read, flags = {'no-writes'}}
redis.register_function{function_name = 'dn1_commit', callback = commit, flags = {'allow-oom'}}
redis.register_function{function_name = 'dn1_settle', callback = settle, flags = {'allow-oom'}}
redis.register_function{function_name = 'dn1_scan', callback = scan, flags = {'no-writes'}}
redis.register_function{function_name = 'dn1_fields', callback = fields, flags = {'no-writes'}}
redis.register_function{function_name = 'dn1_page', callback = page, flags = {'no-writes'}}
redis.register_function{function_name = 'dn1_newest', callback = newest, flags = {'no-writes'}}
redis.register_function{function_name = 'dn1_find', callback = find, flags = {'no-writes'}}
