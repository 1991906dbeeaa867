"""What the cache does for limits in one step. Each script reads and writes as nobody else does."""

from __future__ import annotations

from typing import Final

# KEYS: marker, who is full for the hour, for the day.
# ARGV: what the marker must say, prefixes of what was told and of cooldowns, now, the hour, how
# long what was told is remembered, the cooldown (all ms), and the wishes as JSON: lists of
# [delivery, who, per hour, per day, the day's start, its end, fingerprint]; -1 is no limit.
# Returns one word per wish, "" for a place; nothing at all where the marker says otherwise.
# A delivery that has a place keeps it as long as it is within its limits by its rank: places
# written down by a rebuild may be more than there are.
RESERVE: Final = """
if redis.call('get', KEYS[1]) ~= ARGV[1] then return false end
local now, hour = tonumber(ARGV[4]), tonumber(ARGV[5])
local answers = {}
for place, wish in ipairs(cjson.decode(ARGV[8])) do
    local id, who = string.format('%.0f', wish[1]), string.format('%.0f', wish[2])
    local most_hour, most_day, day, day_end, print_ = wish[3], wish[4], wish[5], wish[6], wish[7]
    local told = ARGV[2] .. who
    redis.call('zremrangebyscore', told, '-inf', now - tonumber(ARGV[6]))
    local rank = redis.call('zrank', told, id)
    local before_hour = redis.call('zcount', told, '-inf', now - hour)
    local before_day = redis.call('zcount', told, '-inf', string.format('(%.0f', day))
    local all = redis.call('zcard', told)
    local in_hour, in_day = all - before_hour, all - before_day
    if rank then in_hour, in_day = rank - before_hour, rank - before_day end
    local answer = ''
    if most_hour >= 0 and in_hour >= most_hour then answer = 'hour_full'
    elseif most_day >= 0 and in_day >= most_day then answer = 'day_full' end
    if answer ~= '' then
        if rank then redis.call('zrem', told, id); all = all - 1 end
    elseif not rank then
        redis.call('zadd', told, now, id)
        redis.call('pexpire', told, ARGV[6])
        all = all + 1
        if print_ ~= '' then
            redis.call('zadd', ARGV[3] .. print_, now + tonumber(ARGV[7]), who)
            redis.call('pexpire', ARGV[3] .. print_, ARGV[7])
        end
    end
    if most_hour >= 0 and all - before_hour >= most_hour and most_hour > 0 then
        local oldest = redis.call('zrange', told, all - most_hour, all - most_hour, 'withscores')
        redis.call('zadd', KEYS[2], tonumber(oldest[2]) + hour, who)
    end
    if most_day >= 0 and all - before_day >= most_day then
        redis.call('zadd', KEYS[3], day_end, who)
    end
    answers[place] = answer
end
return answers
"""

# KEYS: who is full for the hour, for the day. ARGV: prefixes of what was told and of cooldowns,
# the cooldown (ms), JSON lists of [delivery, who, fingerprint]. Returns how many places came free.
# A cooldown that another message began stays.
RELEASE: Final = """
local freed = 0
for _, one in ipairs(cjson.decode(ARGV[4])) do
    local id, who = string.format('%.0f', one[1]), string.format('%.0f', one[2])
    local at = redis.call('zscore', ARGV[1] .. who, id)
    if at then
        redis.call('zrem', ARGV[1] .. who, id)
        redis.call('zrem', KEYS[1], who)
        redis.call('zrem', KEYS[2], who)
        local till = redis.call('zscore', ARGV[2] .. one[3], who)
        if till and tonumber(till) == tonumber(at) + tonumber(ARGV[3]) then
            redis.call('zrem', ARGV[2] .. one[3], who)
        end
        freed = freed + 1
    end
end
return freed
"""

# KEYS: marker, the rebuild's own mark. ARGV: that mark, what the marker is to say.
# A cache that was emptied while it was being filled has lost the mark: it is not whole.
WHOLE: Final = """
if redis.call('get', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('set', KEYS[1], ARGV[2])
redis.call('del', KEYS[2])
return 1
"""
