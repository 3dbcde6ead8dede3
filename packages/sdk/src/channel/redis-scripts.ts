// Scripts run in one piece inside Redis. KEYS[1] is the root that every key begins with, ARGV[1] whether Redis is durable.
// Ids of a stream are offsets (`17-0`), so a place in the channel is a place in the stream.

/** Gives the channel's record: `channelOf(name, fresh epoch)` is its key, epoch and newest offset. */
const CHANNEL = `
local root = KEYS[1]
local run = ARGV[1] == '1' and 'any' or string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
local function channelOf(name, fresh)
  local key = root .. ':c:' .. name
  local meta = redis.call('HMGET', key, 'epoch', 'top', 'run')
  if meta[1] and meta[3] == run then return key, meta[1], tonumber(meta[2]) end
  -- A Redis that was started anew may have lost the newest messages: what is left is another log.
  redis.call('DEL', key, root .. ':l:' .. name)
  redis.call('HSET', key, 'epoch', fresh, 'top', 0, 'run', run)
  redis.call('PEXPIRE', key, 2592000000)
  return key, fresh, 0
end
`;

/** ARGV: batch id, window in messages and in ms, now, then for each: channel, body, key, session, number, fresh epoch. */
export const APPEND: string = `${CHANNEL}
local batch = root .. ':b:' .. ARGV[2]
local before = redis.call('GET', batch)
if before then return cjson.decode(before) end
local most, ms, now = tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local told, woken = {}, {}
local function tell(epoch, offset, isDuplicate)
  told[#told + 1] = epoch
  told[#told + 1] = offset
  told[#told + 1] = isDuplicate
end
local function store(i)
  local name, body, key, session, seq = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], tonumber(ARGV[i + 4])
  local meta, epoch, top = channelOf(name, ARGV[i + 5])
  if session ~= '' then
    local seen = root .. ':s:' .. session
    if seq <= tonumber(redis.call('GET', seen) or 0) then return tell(epoch, 0, 1) end
    redis.call('SET', seen, ARGV[i + 4], 'PX', 172800000)
  end
  local known = root .. ':k:' .. name .. string.char(10) .. key
  if key ~= '' then
    local stored = redis.call('HMGET', known, 'epoch', 'offset')
    if stored[1] == epoch then return tell(epoch, tonumber(stored[2]), 1) end
  end
  top = top + 1
  redis.call('HSET', meta, 'top', top)
  redis.call('PEXPIRE', meta, math.max(2592000000, ms))
  redis.call('XADD', root .. ':l:' .. name, 'MAXLEN', '~', most, string.format('%d-0', top), 'b', body, 't', now)
  redis.call('PEXPIRE', root .. ':l:' .. name, ms)
  if key ~= '' then
    redis.call('HSET', known, 'epoch', epoch, 'offset', top)
    redis.call('PEXPIRE', known, ms)
  end
  woken[name] = true
  tell(epoch, top, 0)
end
for i = 6, #ARGV, 6 do store(i) end
redis.call('SET', batch, cjson.encode(told), 'EX', 120)
for name in pairs(woken) do redis.call('PUBLISH', root .. ':wake', name) end
return told
`;

/** ARGV: channel, fresh epoch. */
export const POSITION: string = `${CHANNEL}
local _, epoch, top = channelOf(ARGV[2], ARGV[3])
return { epoch, top }
`;

/** ARGV: channel, fresh epoch, since, limit, whether backwards. */
export const READ: string = `${CHANNEL}
local _, epoch, top = channelOf(ARGV[2], ARGV[3])
local log, since, limit = root .. ':l:' .. ARGV[2], tonumber(ARGV[4]), ARGV[5]
if ARGV[6] == '1' then
  local from = since == 0 and '+' or string.format('(%d-0', since)
  return { epoch, top, redis.call('XREVRANGE', log, from, '-', 'COUNT', limit) }
end
return { epoch, top, redis.call('XRANGE', log, string.format('(%d-0', since), '+', 'COUNT', limit) }
`;

/** Removes what is older; at most a thousand at a time. ARGV: channel, unix ms. */
export const OLDEST: string = `
local log = KEYS[1] .. ':l:' .. ARGV[2]
local last
for _, entry in ipairs(redis.call('XRANGE', log, '-', '+', 'COUNT', 1)) do
  if tonumber(entry[2][4]) >= tonumber(ARGV[3]) then return 0 end
end
for _, entry in ipairs(redis.call('XRANGE', log, '-', '+', 'COUNT', 1000)) do
  if tonumber(entry[2][4]) < tonumber(ARGV[3]) then last = entry[1] end
end
if not last then return 0 end
return redis.call('XTRIM', log, 'MINID', string.format('%d-0', tonumber(string.match(last, '^%d+')) + 1))
`;
