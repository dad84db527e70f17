"""What Redis does in one step: each script is atomic, so no request ever sees half of it.

A script gets one argument, an object in JSON. Four kinds of key, all of which begin with ``ask.prefix``:

``session:<id>``
    a hash, the fields of a :class:`SessionRecord` but its id; a field that is None is not there
``user:live:<user key>``
    a sorted set, which is the list of the user's sessions in its order; see ``member``
``user:ended:<user key>``
    a sorted set of ids, last ended first
``sid:<id of a session at an identity provider>``
    a set of ids; some may be gone
"""

from __future__ import annotations

from .records import ROTATION_GRACE, SKEW

PRELUDE = (
    f"local SKEW, ROTATION_GRACE = {SKEW}, {ROTATION_GRACE}"
    + """
local ask = cjson.decode(ARGV[1])

local function session_key(id) return ask.prefix .. 'session:' .. id end
local function live_key(user) return ask.prefix .. 'user:live:' .. user end
local function ended_key(user) return ask.prefix .. 'user:ended:' .. user end
local function sid_key(sid) return ask.prefix .. 'sid:' .. sid end

-- fields of a session; none where it is gone, or is something that we have not written
local function read(id, ...)
  local values = redis.pcall('HMGET', session_key(id), ...)
  if values.err then return end
  return unpack(values)
end

-- the score is the negative time of last activity: the last active come first, then the last begun, then by id
local function member(id, created)
  return string.format('%010.0f', 9999999999 - created) .. id
end
local function id_of(listed) return string.sub(listed, 11) end

-- the rules of LiveSince
local function has_run_out(created, seen, remember)
  if remember then return (tonumber(remember) or -1) < ask.now end
  return (tonumber(created) or -1) < (ask.created_at or 0) or (tonumber(seen) or -1) < (ask.last_seen_at or 0)
end

local function admitted(ended, created, seen, remember)
  return not ended and (tonumber(created) or 0) <= ask.now + SKEW and not has_run_out(created, seen, remember)
end

-- Lua passes some thousand values at once, and no more
local function in_batches(command, key, values)
  for first = 1, #values, 1000 do
    redis.call(command, key, unpack(values, first, math.min(first + 999, #values)))
  end
end

local function keep_for(seconds, key)
  if redis.call('TTL', key) < seconds then redis.call('EXPIRE', key, seconds) end
end

-- at its place in the user's list, and for as long as it can get in: what has run out goes by itself
local function keep(id)
  local user, created, seen, remember, sid =
    read(id, 'user_key', 'created_at', 'last_seen_at', 'remember_until', 'idp_session')
  created, seen, remember = tonumber(created) or 0, tonumber(seen) or 0, tonumber(remember)
  local out = remember or math.min(
    ask.lifetime and created + ask.lifetime or math.huge, ask.idle and seen + ask.idle or math.huge)
  if out == math.huge then out = seen + ask.forever end
  local seconds = math.max(out - seen, 0) + ask.margin
  redis.call('EXPIRE', session_key(id), seconds)
  redis.call('ZADD', live_key(user), -seen, member(id, created))
  keep_for(seconds, live_key(user))
  if sid then
    redis.call('SADD', sid_key(sid), id)
    keep_for(seconds, sid_key(sid))
  end
end

-- the user's sessions that get in, in order, until visit(id) says that these are enough
local function each_admitted(visit)
  local key, first, gone, enough = live_key(ask.user_key), 0, {}, false
  repeat
    local page = redis.call('ZRANGE', key, first, first + 99)
    for _, listed in ipairs(page) do
      local id = id_of(listed)
      local user, ended, created, seen, remember =
        read(id, 'user_key', 'ended_at', 'created_at', 'last_seen_at', 'remember_until')
      if not user then
        gone[#gone + 1] = listed
      elseif not enough and id ~= ask.but and admitted(ended, created, seen, remember) then
        enough = visit(id)
      end
    end
    first = first + 100
  until enough or #page < 100
  in_batches('ZREM', key, gone)
end
"""
)

ADD = (
    PRELUDE
    + """
if redis.call('EXISTS', session_key(ask.id)) == 1 then return 0 end
for field, value in pairs(ask.fields) do redis.call('HSET', session_key(ask.id), field, value) end
-- the row of that id may have ended so long ago that it is forgotten; its place among the ended must not outlive that
redis.call('ZREM', ended_key(ask.fields.user_key), ask.id)
keep(ask.id)
return 1
"""
)

TOUCH = (
    PRELUDE
    + """
local user, ended, seen = read(ask.id, 'user_key', 'ended_at', 'last_seen_at')
seen = tonumber(seen) or ask.at
if not user or ended or (seen >= ask.at and seen <= ask.at + SKEW) then return end
redis.call('HSET', session_key(ask.id), 'last_seen_at', ask.at, 'ip', ask.ip, 'user_agent', ask.user_agent)
keep(ask.id)
"""
)

ROTATE = (
    PRELUDE
    + """
local user, secret, ended, sid = read(ask.id, 'user_key', 'secret_hash', 'ended_at', 'idp_session')
if not user or ended or secret ~= ask.fields.previous_hash then return 0 end
for field, value in pairs(ask.fields) do redis.call('HSET', session_key(ask.id), field, value) end
for _, field in ipairs(ask.renewed) do
  if not ask.fields[field] then redis.call('HDEL', session_key(ask.id), field) end
end
if sid then redis.call('SREM', sid_key(sid), ask.id) end
keep(ask.id)
return 1
"""
)

NAME = (
    PRELUDE
    + """
local user, ended = read(ask.id, 'user_key', 'ended_at')
if ended or user ~= ask.user_key then return 0 end
if ask.name then
  redis.call('HSET', session_key(ask.id), 'name', ask.name)
else
  redis.call('HDEL', session_key(ask.id), 'name')
end
return 1
"""
)

END = (
    PRELUDE
    + """
-- as text, once: with ten thousand sessions, Lua would spend a third of its time on turning numbers into it
local at, score, kept = string.format('%.0f', ask.at), string.format('%.0f', -ask.at), tostring(ask.keep_ended)
local ended_of = {}

local function is_proved(id)
  local secret, previous, rotated = read(id, 'secret_hash', 'previous_hash', 'rotated_at')
  local just_now = math.abs((tonumber(rotated) or math.huge) - ask.at) <= ROTATION_GRACE
  return secret == ask.secret_hash or (just_now and previous == ask.secret_hash)
end

local function finish(id, listed)
  local user, ended, created, sid = read(id, 'user_key', 'ended_at', 'created_at', 'idp_session')
  if not user or ended or id == ask.keep or (ask.user_key and user ~= ask.user_key) then return end
  if ask.secret_hash and not is_proved(id) then return end
  local key, theirs = session_key(id), ended_of[user] or {ids = {}, listed = {}, scored = {}}
  -- the deletion first: a server whose memory is full refuses to write before it, and people could not sign out
  redis.call('HDEL', key, 'ip', 'user_agent', 'name', 'id_token', 'password_mark', 'former_login_ids')
  if sid then redis.call('SREM', sid_key(sid), id) end
  redis.call('HSET', key, 'ended_at', at, 'end_reason', ask.reason)
  redis.call('EXPIRE', key, kept)
  local place = #theirs.ids + 1
  theirs.ids[place] = id
  theirs.listed[place] = listed or member(id, tonumber(created) or 0)
  theirs.scored[2 * place - 1], theirs.scored[2 * place] = score, id
  ended_of[user] = theirs
end

if ask.only then
  for _, id in ipairs(ask.only) do finish(id) end
else
  for _, listed in ipairs(redis.call('ZRANGE', live_key(ask.user_key), 0, -1)) do finish(id_of(listed), listed) end
end
local answer = {}
for user, theirs in pairs(ended_of) do
  in_batches('ZREM', live_key(user), theirs.listed)
  in_batches('ZADD', ended_key(user), theirs.scored)
  redis.call('ZREMRANGEBYSCORE', ended_key(user), '(' .. (ask.keep_ended - ask.at), '+inf')
  redis.call('EXPIRE', ended_key(user), kept)
  table.insert(answer, {user, theirs.ids})
end
return answer
"""
)

LIST = (
    PRELUDE
    + """
local rows, passed = {}, 0
each_admitted(function(id)
  passed = passed + 1
  if passed > ask.offset then
    rows[#rows + 1] = {id, redis.call('HMGET', session_key(id), unpack(ask.fields))}
  end
  return #rows >= ask.limit
end)
return rows
"""
)

DROP = (
    PRELUDE
    + """
local key = ended_key(ask.user_key)
for _, id in ipairs(redis.call('ZRANGE', key, ask.keep, -1)) do redis.call('DEL', session_key(id)) end
redis.call('ZREMRANGEBYRANK', key, ask.keep, -1)
"""
)

#: ``KEYS[1]`` is one of the sorted sets.
PRUNE = (
    PRELUDE
    + """
local is_list = string.sub(KEYS[1], 1, #live_key('')) == live_key('')
local gone, deleted = {}, 0
for _, entry in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local id = is_list and id_of(entry) or entry
  local user, ended, created, seen, remember =
    read(id, 'user_key', 'ended_at', 'created_at', 'last_seen_at', 'remember_until')
  local old = ended and (tonumber(ended) or 0) < ask.ended_before
  if user and (old or not ended and has_run_out(created, seen, remember)) then
    redis.call('DEL', session_key(id))
    user, deleted = nil, deleted + 1
  end
  if not user then gone[#gone + 1] = entry end
end
in_batches('ZREM', KEYS[1], gone)
return deleted
"""
)
