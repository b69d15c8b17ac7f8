-- Votes as browsers do that have opened the page before, and keeps a record of each vote.
--
--   wrk --script vote.lua --threads N --connections N ... URL -- DIRECTORY VOTES SECONDS CHANGED CHOICES CLIENTS PAUSE
--
-- DIRECTORY/voters has a signed cookie on each line, VOTES or more, all of the same length. CHANGED
-- is the share of votes that voters cast who have voted before; CHOICES are keys, with commas.
-- A client waits PAUSE milliseconds before each vote.
-- As many threads as connections: so an answer is always that to the thread's last request.
--
-- Each thread writes DIRECTORY/record-NUMBER, a line for each vote:
--   VOTER CHOICE SENT                      where no answer came: the vote is in doubt
--   VOTER CHOICE SENT TOOK STATUS CAST     CAST is 0 where the answer is no receipt
-- with SENT in microseconds since the epoch, TOOK in microseconds and CAST as the cookie tells it.
-- A last line "end" says that the thread has done all that it had to do.

local ffi = require("ffi")
ffi.cdef([[
  typedef struct { long seconds, microseconds; } load_timeval;
  int gettimeofday(load_timeval *, void *);
  int usleep(unsigned);
]])
local time = ffi.new("load_timeval")

local function now()
  ffi.C.gettimeofday(time, nil)
  return tonumber(time.seconds) * 1e6 + tonumber(time.microseconds)
end

-- What a browser sends. wrk.format would make the same of a table, at more cost to the machine that
-- is to be measured.
local POST = table.concat({
  "POST / HTTP/1.1",
  "Host: votingapp.local",
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
  "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
  "Accept-Language: en-US,en;q=0.5",
  "Origin: http://votingapp.local",
  "Referer: http://votingapp.local/",
  "Sec-Fetch-Site: same-origin",
  "Sec-Fetch-Mode: navigate",
  "Cookie: voter=%s",
  "Content-Type: application/x-www-form-urlencoded",
  "Content-Length: %d",
  "",
  "vote=%s",
}, "\r\n")

-- Those who may change their mind: the cookies of the last that were thanked, in no order.
local KEPT = 1000

local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

local voters, width, record, choices, left, seconds, changed, pause, deadline
local position, kept, cookie, sent = 1, {}, nil, nil
local rehearsed = false

function init(args)
  local directory, votes, clients = args[1], tonumber(args[2]), tonumber(args[6])
  seconds, changed = tonumber(args[3]), tonumber(args[4])
  pause = tonumber(args[7])
  choices = {}
  for key in args[5]:gmatch("[^,]+") do
    choices[#choices + 1] = key
  end
  -- The first threads have one vote more where they cannot all have the same number.
  left = math.floor(votes / clients) + (number < votes % clients and 1 or 0)
  local before = number * math.floor(votes / clients) + math.min(number, votes % clients)
  -- Closed at once: wrk takes no file descriptor above three times the connections, and ten.
  local file = assert(io.open(directory .. "/voters"))
  width = #file:read("*l") + 1
  file:seek("set", before * width)
  voters = file:read(left * width) or ""
  file:close()
  record = assert(io.open(directory .. "/record-" .. number, "w"))
  math.randomseed(number)
end

local function stop()
  record:write("end\n")
  record:close()
  record = nil
  wrk.thread:stop()
end

function request()
  -- wrk looks at one request before it begins, and does not send it.
  if number == 0 and not rehearsed then
    rehearsed = true
    return wrk.format("GET", "/healthz")
  end
  if sent then
    record:write("\n")
  end
  -- wrk's own delay would let a client whose connection was refused or cut try again at once.
  ffi.C.usleep(pause * 1000)
  local start = now()
  deadline = deadline or start + seconds * 1e6
  if left == 0 or start > deadline then
    if record then
      stop()
    end
    return wrk.format("GET", "/healthz")
  end
  left = left - 1
  if #kept > 0 and math.random() < changed then
    cookie = table.remove(kept, math.random(#kept))
  else
    cookie = voters:sub(position, position + width - 2)
    position = position + width
  end
  local choice = choices[math.random(#choices)]
  sent = start
  record:write(string.format("%s %s %.0f", cookie:match("%.([^.]+)"), choice, sent))
  return string.format(POST, cookie, #choice + 5, choice)
end

function response(status, headers)
  if not sent then
    return
  end
  local received = now()
  local given = (headers["set-cookie"] or headers["Set-Cookie"] or ""):match("^voter=([^;]+)")
  local cast = status == 200 and given and given:match("^[^.]+%.[^.]+%.(%d+)%.") or "0"
  record:write(string.format(" %.0f %d %s\n", received - sent, status, cast))
  sent = nil
  if cast ~= "0" then
    kept[#kept < KEPT and #kept + 1 or math.random(KEPT)] = given
  end
  if left == 0 or received > deadline then
    stop()
  end
end

function done()
  io.write(string.format("generator_cpu_seconds %.3f\n", os.clock()))
end
