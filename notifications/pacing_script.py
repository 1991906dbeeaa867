"""The pace as the cache keeps it: one script admits a whole batch, as nobody else can meanwhile.

A limit is the list of the moments when its last `most` messages were let go. There is room when
the oldest of them is a window ago, so that no window, wherever it begins, ever holds more than
`most`. Who must wait is told a moment of his own, `window / most` after the last one told to his
priority or a better one, so that those who wait come back one by one and not all at once; only
letting go counts, a moment told binds nobody.
"""

from __future__ import annotations

from typing import Final

# ARGV: prefix of keys, now (ms), how far ahead a moment may be told (ms), how much wider than the
# limit the moments are spread, the mark seen last ("" for none), a new mark, and the wants as JSON:
# lists of [name of the pause, priority, [[name of the limit, most, window in ms], …]].
# Returns the mark, and one moment per want as text: "0" for now.
# Machines' clocks differ: time never runs backwards here. A cache that lost its mark does not know
# what was let go before: limits of a second wait for one window, longer ones fill up slowly.
ADMIT: Final = """
local prefix, asked = ARGV[1], tonumber(ARGV[2])
local horizon, wider = tonumber(ARGV[3]), tonumber(ARGV[4])
local now = math.max(asked, tonumber(redis.call('get', prefix .. 'clock') or '0'))
redis.call('set', prefix .. 'clock', string.format('%.3f', now), 'px', 60000)
local mark = redis.call('get', prefix .. 'mark')
local begun = tonumber(redis.call('get', prefix .. 'begun') or '0')
if not mark then
    mark, begun = ARGV[6], 0
    if ARGV[5] ~= '' then begun = now end
    redis.call('mset', prefix .. 'mark', mark, prefix .. 'begun', string.format('%.3f', begun))
end
local limits, pauses = {}, {}

local function limit(told)
    local one = limits[told[1]]
    if one then return one end
    one = {key = prefix .. told[1], most = told[2], window = told[3]}
    one.times, one.first, one.new = {}, 1, 0
    for _, text in ipairs(redis.call('lrange', one.key, 0, -1)) do
        one.times[#one.times + 1] = tonumber(text)
    end
    while one.times[one.first] and one.times[one.first] <= now - one.window do
        one.first = one.first + 1
    end
    one.room = one.most
    if now - begun < one.window then
        one.room = 0
        if one.window > 1000 then
            one.room = math.max(1, math.floor(one.most * (now - begun) / one.window))
        end
    end
    limits[told[1]] = one
    return one
end

local function told_to(one, priority)
    if not one.told then
        one.told = {}
        local flat = redis.call('hgetall', one.key .. ':told')
        for at = 1, #flat, 2 do one.told[tonumber(flat[at])] = tonumber(flat[at + 1]) end
    end
    local last = 0
    for rank, at in pairs(one.told) do
        if rank <= priority and at > last then last = at end
    end
    return last
end

local function later(one, priority)
    local free = one.times[one.first + math.max(0, #one.times - one.first + 1 - one.room)]
    local at = math.max((free or begun) + one.window, now + 1)
    local last = told_to(one, priority)
    if last >= at then at = last + wider * one.window / one.most end
    return at
end

local answers = {mark}
for place, want in ipairs(cjson.decode(ARGV[7])) do
    local pause, priority = want[1], want[2]
    if pauses[pause] == nil then
        pauses[pause] = tonumber(redis.call('get', prefix .. 'pause:' .. pause) or '0')
    end
    local at, blocker = 0, nil
    if pauses[pause] > now then at = pauses[pause] end
    for _, told in ipairs(want[3]) do
        local one = limit(told)
        if #one.times - one.first + 1 >= one.room then
            local moment = later(one, priority)
            if moment > at then at, blocker = moment, one end
        end
    end
    if at == 0 then
        for _, told in ipairs(want[3]) do
            local one = limit(told)
            one.times[#one.times + 1] = now
            one.new = one.new + 1
        end
    else
        at = math.min(at, now + horizon)
        if blocker then
            blocker.told[priority] = math.max(at, blocker.told[priority] or 0)
            blocker.waits = true
        end
        at = math.max(at - now + asked, asked + 1)
    end
    answers[place + 1] = string.format('%.3f', at)
end

for _, one in pairs(limits) do
    local keep = string.format('%.0f', one.window + 60000)
    if one.new > 0 then
        for at = #one.times - one.new + 1, #one.times do
            redis.call('rpush', one.key, string.format('%.3f', one.times[at]))
        end
        redis.call('ltrim', one.key, -one.most, -1)
        redis.call('pexpire', one.key, keep)
    end
    if one.waits then
        for rank, at in pairs(one.told) do
            redis.call('hset', one.key .. ':told', rank, string.format('%.3f', at))
        end
        redis.call('pexpire', one.key .. ':told', keep)
    end
end
return answers
"""

# KEYS: the pause. ARGV: until when (ms), for how long (ms). A shorter pause never ends a longer.
PAUSE: Final = """
if tonumber(redis.call('get', KEYS[1]) or '0') < tonumber(ARGV[1]) then
    redis.call('set', KEYS[1], ARGV[1], 'px', ARGV[2])
end
return 1
"""
