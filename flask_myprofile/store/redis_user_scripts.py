"""What Redis does in one step for all sessions of a user: see :mod:`.redis_scripts`."""

from __future__ import annotations

from .redis_scripts import PRELUDE

COUNT = (
    PRELUDE
    + """
local count, others = 0, 0
each_admitted(function(id)
  count = count + 1
  if ask.owner then
    local login, mark = read(id, 'login_id', 'password_mark')
    local known = mark and ask.owner.password_mark
    if login ~= ask.owner.login_id or (known and mark ~= ask.owner.password_mark) then others = others + 1 end
  end
end)
return {count, others}
"""
)

FOLLOW = (
    PRELUDE
    + """
local before, now = ask.before, ask.owner
for _, listed in ipairs(redis.call('ZRANGE', live_key(ask.user_key), 0, -1)) do
  local id = id_of(listed)
  local user, ended, login, former, mark =
    read(id, 'user_key', 'ended_at', 'login_id', 'former_login_ids', 'password_mark')
  local key = session_key(id)
  if user == ask.user_key and not ended and (not ask.only or id == ask.only) then
    if login == before.login_id and login ~= now.login_id then
      former = former and former .. '\\n' .. login or login
      redis.call('HSET', key, 'login_id', now.login_id, 'former_login_ids', former)
    end
    if mark and mark == before.password_mark and mark ~= now.password_mark then
      if now.password_mark then
        redis.call('HSET', key, 'password_mark', now.password_mark)
      else
        redis.call('HDEL', key, 'password_mark')
      end
    end
  end
end
"""
)

ERASE = (
    PRELUDE
    + """
local live = {}
local function erase(id)
  local user, ended, sid = read(id, 'user_key', 'ended_at', 'idp_session')
  if user ~= ask.user_key then return end
  if sid then redis.call('SREM', sid_key(sid), id) end
  redis.call('DEL', session_key(id))
  if not ended then live[#live + 1] = id end
end
for _, listed in ipairs(redis.call('ZRANGE', live_key(ask.user_key), 0, -1)) do erase(id_of(listed)) end
for _, id in ipairs(redis.call('ZRANGE', ended_key(ask.user_key), 0, -1)) do erase(id) end
redis.call('DEL', live_key(ask.user_key), ended_key(ask.user_key))
return live
"""
)
