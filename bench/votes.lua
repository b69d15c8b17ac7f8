-- For wrk: votes as browsers cast them, through a load balancer. VOTERS_FILE has a voter's cookie,
-- NAME=VALUE, on each line, EDGE_TOKEN is what the load balancer shows. Where CLOSE is True, each vote has a connection of
-- its own; where PAGE is, the page is asked for by somebody without a cookie. At the end, one line of JSON: how many were
-- answered by 2xx, how many otherwise or not at all, and in how many seconds.
local requests, turn = {}, 0

function init()
    for cookie in io.lines(os.getenv("VOTERS_FILE")) do
        local number = #requests + 1
        local page = os.getenv("PAGE") == "True"
        local body = number % 2 == 0 and "vote=a&last=0" or "vote=b&last=0"
        if page then
            body = nil
        end
        requests[number] = wrk.format(page and "GET" or "POST", "/", {
            ["Host"] = "votingapp.local",
            ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
            ["Accept"] = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            ["Accept-Language"] = "en-US,en;q=0.5",
            ["Content-Type"] = body and "application/x-www-form-urlencoded",
            ["Connection"] = os.getenv("CLOSE") == "True" and "close" or nil,
            ["Origin"] = "http://votingapp.local",
            ["Referer"] = "http://votingapp.local/",
            ["Sec-Fetch-Site"] = "same-origin",
            ["Sec-Fetch-Mode"] = "navigate",
            ["Cookie"] = body and cookie,
            ["X-Forwarded-For"] = "192.0.2.1",
            ["X-Forwarded-Proto"] = "http",
            ["X-Request-ID"] = string.format("01890a5d-ac96-774b-bcce-%012x", number),
            ["X-Edge-Token"] = os.getenv("EDGE_TOKEN"),
        }, body)
    end
end

function request()
    turn = turn % #requests + 1
    return requests[turn]
end

function done(summary)
    local errors = summary.errors
    local failed = errors.connect + errors.read + errors.write + errors.timeout
    io.write(string.format(
        '{"acknowledged": %d, "refused": %d, "failed": %d, "seconds": %.3f}\n',
        summary.requests - errors.status, errors.status, failed, summary.duration / 1e6
    ))
end
