"""What the scripts of :mod:`.redis_scripts` have in common."""

from __future__ import annotations

import hashlib

from .records import ROTATION_GRACE, SKEW


class Script:
    """What Redis does in one step, and what it knows it by."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.digest = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()


PRELUDE = (
    f"local SKEW, ROTATION_GRACE = {SKEW}, {ROTATION_GRACE}"
    + """
local key, ask = KEYS[1], cjson.decode(ARGV[1])
-- what is kept goes by the clock of Redis, as a key does; what gets in goes by that of the app
local clock = tonumber(redis.call('TIME')[1])

local function is_number(value, must) return type(value) == 'number' or (value == nil and not must) end

-- nil where it is nothing that we have written
local function unpacked(packed)
  local is_json, s = pcall(cjson.decode, packed)
  local is_ours = is_json and type(s) == 'table' and type(s.user_key) == 'string' and is_number(s.created_at, true)
    and is_number(s.last_seen_at, true) and is_number(s.kept_until, true)
    and is_number(s.ended_at) and is_number(s.remember_until)
  if is_ours then return s end
end

local function read(id)
  local packed = redis.call('HGET', key, id)
  return packed and unpacked(packed)
end

-- by id; false where it is nothing of ours
local function everything()
  local found, known = redis.call('HGETALL', key), {}
  for place = 1, #found, 2 do known[found[place]] = unpacked(found[place + 1]) or false end
  return known
end

local function write(id, s) redis.call('HSET', key, id, cjson.encode(s)) end

-- Lua passes some thousand values at once, and no more
local AT_ONCE = 1000

local function write_all(ids, known)
  for first = 1, #ids, AT_ONCE do
    local pairs_of = {}
    for place = first, math.min(first + AT_ONCE - 1, #ids) do
      pairs_of[#pairs_of + 1] = ids[place]
      pairs_of[#pairs_of + 1] = cjson.encode(known[ids[place]])
    end
    redis.call('HSET', key, unpack(pairs_of))
  end
end

-- for as long as it can get in, and a little longer, or has to be known as ended; how many seconds that is
local function keep(id, s)
  local out = s.remember_until or math.min(
    ask.lifetime and s.created_at + ask.lifetime or math.huge, ask.idle and s.last_seen_at + ask.idle or math.huge)
  if out == math.huge then out = s.last_seen_at + ask.forever end
  local seconds = s.ended_at and ask.keep_ended or math.max(out - s.last_seen_at, 0) + ask.margin
  s.kept_until = clock + seconds
  write(id, s)
  if redis.call('TTL', key) < seconds then redis.call('EXPIRE', key, seconds) end
  return seconds
end

local function delete(ids)
  for first = 1, #ids, AT_ONCE do
    redis.call('HDEL', key, unpack(ids, first, math.min(first + AT_ONCE - 1, #ids)))
  end
end

-- what need not be kept any more is not, and the key no longer than the last of its sessions
local function tidy(known)
  local last, gone = clock, {}
  for id, s in pairs(known) do
    local kept_until = s and s.kept_until or 0
    if kept_until > last then last = kept_until elseif kept_until < clock then gone[#gone + 1] = id end
  end
  delete(gone)
  redis.call('EXPIREAT', key, last)
end

-- the rules of LiveSince
local function has_run_out(s)
  if s.remember_until then return s.remember_until < ask.now end
  return s.created_at < (ask.created_at or 0) or s.last_seen_at < (ask.last_seen_at or 0)
end

local function is_admitted(s)
  return not s.ended_at and s.created_at <= ask.now + SKEW and not has_run_out(s)
end
"""
)
