"""What Redis does in one step: each script is atomic, so no request ever sees half of it.

A script gets one key, all that it touches, and so runs in a cluster as it does anywhere: the hash that has all sessions
of a user. Its fields are named by their ids, and are objects in JSON: a :class:`SessionRecord` without its id and
without what is None, and ``kept_until``. Its argument is an object in JSON as well.
"""

from __future__ import annotations

from .redis_prelude import PRELUDE, Script

#: Answers for how many seconds the session is kept from now on; nothing where the id is taken.
ADD = Script(
    PRELUDE
    + """
if redis.call('HEXISTS', key, ask.id) == 1 then return end
return keep(ask.id, ask.session)
"""
)

#: Answers the session's id at the provider, if it has one, and for how many seconds it is kept from now on.
TOUCH = Script(
    PRELUDE
    + """
local s = read(ask.id)
if not s or s.ended_at or (s.last_seen_at >= ask.at and s.last_seen_at <= ask.at + SKEW) then return end
s.last_seen_at, s.ip, s.user_agent = ask.at, ask.ip, ask.user_agent
local seconds = keep(ask.id, s)
if s.idp_session then return {s.idp_session, seconds} end
"""
)

#: Answers as ADD does; nothing where there is no such session.
ROTATE = Script(
    PRELUDE
    + """
local s = read(ask.id)
if not s or s.ended_at or s.secret_hash ~= ask.fields.previous_hash then return end
for _, field in ipairs(ask.renewed) do s[field] = nil end
for field, value in pairs(ask.fields) do s[field] = value end
return keep(ask.id, s)
"""
)

NAME = Script(
    PRELUDE
    + """
local s = read(ask.id)
if not s or s.ended_at or s.user_key ~= ask.user_key then return 0 end
s.name = ask.name
write(ask.id, s)
return 1
"""
)

#: Answers of each user the ids of what has ended, in one text, and then, of what began at a provider, the id there and
#: the id here.
END = Script(
    PRELUDE
    + """
if ask.limit and redis.call('HLEN', key) <= ask.limit then return {} end

-- without making sense of each: the name in quotes stands in no text, where quotes have a backslash
local function is_any_left()
  local kept = ask.keep and redis.call('HGET', key, ask.keep)
  for _, packed in ipairs(redis.call('HVALS', key)) do
    if packed ~= kept and not string.find(packed, '"ended_at":', 1, true) then return true end
  end
  return false
end

if ask.late and not is_any_left() then return {} end
local known, ended, users, changed = everything(), {}, {}, {}

local function is_proved(s)
  local just_now = math.abs((s.rotated_at or math.huge) - ask.at) <= ROTATION_GRACE
  return s.secret_hash == ask.secret_hash or (just_now and s.previous_hash == ask.secret_hash)
end

local function finish(id)
  local s = known[id]
  if not s or s.ended_at or id == ask.keep or (ask.user_key and s.user_key ~= ask.user_key) then return false end
  if ask.secret_hash and not is_proved(s) then return false end
  for _, field in ipairs(ask.forgotten) do s[field] = nil end
  s.ended_at, s.end_reason, s.kept_until = ask.at, ask.reason, clock + ask.keep_ended
  changed[#changed + 1] = id
  local theirs = ended[s.user_key]
  if not theirs then
    theirs = {s.user_key, {}, {}}
    ended[s.user_key] = theirs
    users[#users + 1] = theirs
  end
  theirs[2][#theirs[2] + 1] = id
  if s.idp_session then
    table.insert(theirs[3], s.idp_session)
    table.insert(theirs[3], id)
  end
  return true
end

local function last_active_first(one, other)
  local a, b = known[one], known[other]
  if a.last_seen_at ~= b.last_seen_at then return a.last_seen_at > b.last_seen_at end
  if a.created_at ~= b.created_at then return a.created_at > b.created_at end
  return one < other
end

local function finish_over_limit()
  local live = {}
  for id, s in pairs(known) do
    if s and s.user_key == ask.user_key and is_admitted(s) then live[#live + 1] = id end
  end
  table.sort(live, last_active_first)
  local over = #live - ask.limit
  for place = #live, 1, -1 do
    if over > 0 and finish(live[place]) then over = over - 1 end
  end
end

if ask.limit then
  finish_over_limit()
elseif ask.only then
  for _, id in ipairs(ask.only) do finish(id) end
else
  for id in pairs(known) do finish(id) end
end
if #users > 0 then
  -- a deletion first: a server whose memory is full refuses to write before it, and people could not sign out
  redis.call('HDEL', key, changed[1])
  write_all(changed, known)
  tidy(known)
end
for _, theirs in ipairs(users) do theirs[2] = table.concat(theirs[2], ' ') end
return users
"""
)

DROP = Script(
    PRELUDE
    + """
local known, ended, gone = everything(), {}, {}
for id, s in pairs(known) do
  if s and s.ended_at and s.user_key == ask.user_key then ended[#ended + 1] = id end
end
table.sort(ended, function(one, other)
  local a, b = known[one].ended_at, known[other].ended_at
  if a ~= b then return a > b end
  return one < other
end)
for place = ask.keep + 1, #ended do
  gone[#gone + 1] = ended[place]
  known[ended[place]] = nil
end
delete(gone)
tidy(known)
"""
)

FOLLOW = Script(
    PRELUDE
    + """
local before, now = ask.before, ask.owner
for id, s in pairs(everything()) do
  if s and s.user_key == ask.user_key and not s.ended_at and (not ask.only or id == ask.only) then
    if s.login_id == before.login_id and s.login_id ~= now.login_id then
      s.former_login_ids = s.former_login_ids and s.former_login_ids .. '\\n' .. s.login_id or s.login_id
      s.login_id = now.login_id
    end
    if s.password_mark and s.password_mark == before.password_mark then s.password_mark = now.password_mark end
    write(id, s)
  end
end
"""
)

#: Answers as END does.
ERASE = Script(
    PRELUDE
    + """
local gone, live, at_provider = {}, {}, {}
for id, s in pairs(everything()) do
  if s and s.user_key == ask.user_key then
    gone[#gone + 1] = id
    if not s.ended_at then live[#live + 1] = id end
    if s.idp_session and not s.ended_at then
      table.insert(at_provider, s.idp_session)
      table.insert(at_provider, id)
    end
  end
end
delete(gone)
return {{ask.user_key, table.concat(live, ' '), at_provider}}
"""
)

#: Answers how many sessions it has deleted.
PRUNE = Script(
    PRELUDE
    + """
local known, gone = everything(), {}
for id, s in pairs(known) do
  local old = s and s.ended_at and s.ended_at < ask.ended_before
  if s and (old or not s.ended_at and has_run_out(s)) then
    gone[#gone + 1] = id
    known[id] = nil
  end
end
delete(gone)
tidy(known)
return #gone
"""
)

#: Answers the ids of what is written, and for how many seconds each is kept.
PUT = Script(
    PRELUDE
    + """
delete(ask.gone)
local kept = {}
for id, s in pairs(ask.sessions) do kept[#kept + 1] = {id, keep(id, s)} end
return kept
"""
)

#: ``KEYS[1]`` is another one here: the ids of sessions at an identity provider. Added before the session is stored, so
#: that none is missing; one whose session is over may be there.
INDEX = Script("""
redis.call('SADD', KEYS[1], ARGV[1])
if redis.call('TTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
""")
