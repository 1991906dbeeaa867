"""The pace as the cache keeps it: one script admits a whole batch, as nobody else can meanwhile.

A limit is the list of the moments when its last `most` messages were let go. There is room when
the oldest of them is a window ago, so that no window, wherever it begins, ever holds more than
`most`.

Who must wait is told when the place that will be his gets free: after all who were told before and
are as urgent as he, one window for every `most` of them. Whoever comes back and finds his place
taken is the first in line for the next. A moment that was told binds nobody: letting go counts.
"""

from __future__ import annotations

from typing import Final

# How full a limit is: needs `prefix`, `now`, and `begun`, since when all that was let go is known.
# A cache that was lost does not know what was let go before: limits of a second wait for one
# window, longer ones fill up slowly. Whether one more may go is seen by one entry of the list; only
# who must wait needs all of it.
_LIMIT: Final = """
local limits = {}

local function limit(told)
    local one = limits[told[1]]
    if one then return one end
    one = {key = prefix .. told[1], most = told[2], window = told[3], apart = told[4]}
    one.new, one.room = 0, one.most
    if now - begun < one.window then
        one.room = 0
        if one.window > 1000 then
            one.room = math.max(1, math.floor(one.most * (now - begun) / one.window))
        end
    end
    limits[told[1]] = one
    return one
end

local function is_full(one)
    local left = math.ceil(one.room - one.new)
    if left <= 0 then return true end
    local last = redis.call('lindex', one.key, -left)
    return last and tonumber(last) > now - one.window
end

local function whole(one)
    if one.times then return one end
    one.times, one.first = {}, 1
    for _, text in ipairs(redis.call('lrange', one.key, 0, -1)) do
        one.times[#one.times + 1] = tonumber(text)
    end
    while one.times[one.first] and one.times[one.first] <= now - one.window do
        one.first = one.first + 1
    end
    for _ = 1, one.new do one.times[#one.times + 1] = now end
    return one
end
"""

# ARGV: prefix of keys, now (ms), how far ahead a moment may be told (ms), the mark seen last (""
# for none), a new mark, and the wants as JSON: lists of [who, name of the pause, priority, [[name
# of the limit, most, window in ms, how far apart (ms) the rounds of those who wait are], …]].
# Returns the mark, and one moment per want as text: "0" for now.
# Machines' clocks differ: time never runs backwards here.
ADMIT: Final = f"""
local prefix, asked = ARGV[1], tonumber(ARGV[2])
local horizon = tonumber(ARGV[3])
local now = math.max(asked, tonumber(redis.call('get', prefix .. 'clock') or '0'))
redis.call('set', prefix .. 'clock', string.format('%.3f', now), 'px', 60000)
local mark = redis.call('get', prefix .. 'mark')
local begun = tonumber(redis.call('get', prefix .. 'begun') or '0')
if not mark then
    mark, begun = ARGV[5], 0
    if ARGV[4] ~= '' then begun = now end
    redis.call('mset', prefix .. 'mark', mark, prefix .. 'begun', string.format('%.3f', begun))
end
local pauses, keep = {{}}, horizon + 120000
{_LIMIT}
local function before(one, priority)
    if not one.waits then
        one.waits, one.first_again = {{}}, 0
        for _, rank in ipairs(redis.call('smembers', one.key .. '|ranks')) do
            one.waits[tonumber(rank)] = redis.call('zcount', one.key .. '|' .. rank, now, '+inf')
        end
    end
    local number = 0
    for rank, count in pairs(one.waits) do
        if rank <= priority then number = number + count end
    end
    return number
end

local function free_at(one, place)
    whole(one)
    local oldest = one.first + math.max(0, #one.times - one.first + 1 - one.room)
    local span = math.max(1, #one.times - oldest + 1)
    local round = math.floor(place / span)
    local free = one.times[oldest + place - round * span] or begun
    return math.max(free + one.window, now + 1) + round * one.apart
end

local function later(one, who, priority)
    local place = before(one, priority)
    local told = tonumber(redis.call('zscore', one.key .. '|' .. priority, who) or 'inf')
    if told <= now then
        place, one.first_again = one.first_again, one.first_again + 1
    end
    return free_at(one, place)
end

local function remember(one, who, priority, at)
    local key, rank = one.key .. '|' .. priority, tonumber(priority)
    redis.call('zremrangebyscore', key, '-inf', now - 60000)
    redis.call('zadd', key, string.format('%.3f', at), who)
    redis.call('pexpire', key, keep)
    redis.call('sadd', one.key .. '|ranks', priority)
    redis.call('pexpire', one.key .. '|ranks', keep)
    one.waits[rank] = (one.waits[rank] or 0) + 1
end

local answers = {{mark}}
for place, want in ipairs(cjson.decode(ARGV[6])) do
    local who, pause, priority = want[1], want[2], want[3]
    if pauses[pause] == nil then
        pauses[pause] = tonumber(redis.call('get', prefix .. 'pause:' .. pause) or '0')
    end
    local at, blocker = 0, nil
    if pauses[pause] > now then at = pauses[pause] end
    for _, told in ipairs(want[4]) do
        local one = limit(told)
        if is_full(one) then
            local moment = later(one, who, priority)
            if moment > at then at, blocker = moment, one end
        end
    end
    if at == 0 then
        for _, told in ipairs(want[4]) do
            local one = limit(told)
            one.new = one.new + 1
            if one.times then one.times[#one.times + 1] = now end
        end
    else
        at = math.min(at, now + horizon)
        if blocker then remember(blocker, who, priority, at) end
        at = math.max(at - now + asked, asked + 1)
    end
    answers[place + 1] = string.format('%.3f', at)
end

for _, one in pairs(limits) do
    if one.new > 0 then
        for _ = 1, one.new do redis.call('rpush', one.key, string.format('%.3f', now)) end
        redis.call('ltrim', one.key, -one.most, -1)
        redis.call('pexpire', one.key, string.format('%.0f', one.window + 60000))
    end
end
return answers
"""

# ARGV: prefix of keys, a moment (ms), the name of the pause, the limits as JSON, and how many
# places are kept for others. Returns how many may go at that moment, and when (ms, as text) the
# first may where none may.
ROOM: Final = f"""
local prefix, now = ARGV[1], tonumber(ARGV[2])
local begun = tonumber(redis.call('get', prefix .. 'begun') or '0')
{_LIMIT}
local number, at = math.huge, tonumber(redis.call('get', prefix .. 'pause:' .. ARGV[3]) or '0')
for _, told in ipairs(cjson.decode(ARGV[4])) do
    local one = whole(limit(told))
    local held, room = #one.times - one.first + 1, math.max(one.room - tonumber(ARGV[5]), 0)
    number = math.min(number, room - held)
    if held >= room then
        at = math.max(at, (one.times[one.first + held - room] or begun) + one.window)
    end
end
if at > now then return {{0, string.format('%.3f', at)}} end
return {{math.max(number, 0), '0'}}
"""

# KEYS: the pause. ARGV: until when (ms), for how long (ms). A shorter pause never ends a longer.
PAUSE: Final = """
if tonumber(redis.call('get', KEYS[1]) or '0') < tonumber(ARGV[1]) then
    redis.call('set', KEYS[1], ARGV[1], 'px', ARGV[2])
end
return 1
"""
