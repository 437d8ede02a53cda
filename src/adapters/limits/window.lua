-- One key's window of one quota; the same rules as domain.limits.Window, in one atomic step.
-- KEYS: what passed within the window (a member per unit, scored by its moment), what passed over the soft limit
-- in the present burst, when crossing the limit was last announced.
-- ARGV: verb, now, window, limit, hard, cost, ticket, burst_seconds, burst_every
local passed, beyond, announced = KEYS[1], KEYS[2], KEYS[3]
local verb, ticket = ARGV[1], ARGV[7]
local now, window = tonumber(ARGV[2]), tonumber(ARGV[3])
local limit, hard, cost = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local burst_seconds, burst_every = tonumber(ARGV[8]), tonumber(ARGV[9])

local function text(number) return number and string.format('%.6f', number) or '' end

local function moment(set, rank)
    local found = redis.call('ZRANGE', set, rank, rank, 'WITHSCORES')
    return found[2] and tonumber(found[2])
end

redis.call('ZREMRANGEBYSCORE', passed, '-inf', text(now - window))
local opened_at = moment(beyond, 0)
if opened_at and now >= opened_at + burst_every then
    redis.call('DEL', beyond)
    opened_at = nil
end

if verb == 'give_back' then
    for unit = 1, cost do redis.call('ZREM', passed, ticket .. ':' .. unit) end
    redis.call('ZREM', beyond, ticket)
end

local used = redis.call('ZCARD', passed)
local allowed, over, crossed, below_limit, below_hard = 1, 0, 0, '', ''

local function free_at(room_left)
    if room_left < 0 then return '' end
    if used <= room_left then return '0' end
    return text(moment(passed, used - room_left - 1) + window)
end

if verb == 'take' and not redis.call('ZSCORE', passed, ticket .. ':1') then
    local wanted = used + cost
    if wanted > limit then
        over = 1
        local last = tonumber(redis.call('GET', announced) or '')
        if not last or now >= last + window then
            crossed = 1
            redis.call('SET', announced, text(now), 'EX', math.ceil(window) + 60)
        end
        if wanted > hard or (opened_at and now >= opened_at + burst_seconds) then allowed = 0 end
    end
    if allowed == 1 then
        for unit = 1, cost do redis.call('ZADD', passed, text(now), ticket .. ':' .. unit) end
        redis.call('EXPIRE', passed, math.ceil(window) + 60)
        if over == 1 then
            redis.call('ZADD', beyond, text(now), ticket)
            redis.call('EXPIRE', beyond, burst_every + 60)
        end
        used = wanted
    else
        below_limit, below_hard = free_at(limit - cost), free_at(hard - cost)
    end
end

return {allowed, over, crossed, used, text(moment(passed, -1)), text(opened_at), below_limit, below_hard}
