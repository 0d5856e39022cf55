"""What Redis and Valkey do in one step for us, in Lua. All keys of a claim hold its team in braces, so a cluster keeps them together.

A claim's own key says what it raised, from `CLAIM` to `END`, and then for a while that it has ended, so that either may be
sent again when its answer was lost. One that has ended before it came is refused (-2).
"""

from typing import Final

CLAIM: Final = """
-- KEYS: the claim, the team's running claims, each counter
-- ARGV: id, ms to keep the claim, most at once or -1, ms of a lease, then unit, amount, limit, until of each counter
local known = redis.call('GET', KEYS[1])
if known == 'ended' then return {-2, 0} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local most = tonumber(ARGV[3])
local running = 0
if most >= 0 then
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
  running = redis.call('ZCARD', KEYS[2])
end
local answer = {0, running}
for i = 3, #KEYS do
  local at = i * 4 - 7
  local used = tonumber(redis.call('GET', KEYS[i]) or '0')
  answer[i] = used
  if answer[1] == 0 and used + tonumber(ARGV[at + 1]) > tonumber(ARGV[at + 2]) then answer[1] = i - 2 end
end
if known then
  answer[1] = 0
  return answer
end
if answer[1] == 0 and most >= 0 and running >= most then answer[1] = -1 end
if answer[1] ~= 0 then return answer end
local raised = {}
for i = 3, #KEYS do
  local at = i * 4 - 7
  answer[i] = redis.call('INCRBY', KEYS[i], ARGV[at + 1])
  redis.call('EXPIREAT', KEYS[i], ARGV[at + 3])
  raised[i - 2] = {KEYS[i], ARGV[at], ARGV[at + 1], ARGV[at + 3]}
end
redis.call('SET', KEYS[1], cjson.encode(raised), 'PX', ARGV[2])
if most >= 0 then
  redis.call('ZADD', KEYS[2], now + ARGV[4], ARGV[1])
  redis.call('PEXPIRE', KEYS[2], ARGV[4])
  answer[2] = running + 1
end
return answer
"""
"""Returns 0 if it is granted, else the number of the counter that is in the way from 1, or -1 for those at once; then how
many run, and how each counter stands."""

END: Final = """
-- KEYS: the claim, the team's running claims, each counter
-- ARGV: id, ms to remember the end, how many units, what was used of each or -1, then unit, claimed, until of each
redis.call('ZREM', KEYS[2], ARGV[1])
local known = redis.call('GET', KEYS[1])
if known == 'ended' then return 0 end
redis.call('SET', KEYS[1], 'ended', 'PX', ARGV[2])
local function put(key, change, till)
  if change == 0 then return end
  redis.call('INCRBY', key, string.format('%d', change))
  redis.call('EXPIREAT', key, till)
end
if known then
  for _, one in ipairs(cjson.decode(known)) do
    local used = tonumber(ARGV[4 + one[2]])
    if used >= 0 then put(one[1], used - one[3], one[4]) end
  end
else
  local first = 4 + ARGV[3]
  for i = 3, #KEYS do
    local at = first + (i - 3) * 3
    local used = tonumber(ARGV[4 + ARGV[at]])
    if used < 0 then used = tonumber(ARGV[at + 1]) end
    put(KEYS[i], used, ARGV[at + 2])
  end
end
return 1
"""
"""A claim that nobody granted, since nobody was there to ask or since all was forgotten, is booked by what was used."""

RENEW: Final = """
-- KEYS: the team's running claims; ARGV: ms of a lease, then their ids
local time = redis.call('TIME')
local till = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[1]
for i = 2, #ARGV do redis.call('ZADD', KEYS[1], till, ARGV[i]) end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
"""
