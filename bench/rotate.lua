-- PUT /users/{id}/public-key: users take their keys one after the other.
-- Arguments: file of "token id", file of keys (JSON, a line each), the first
-- user's line, how many users.  Each user has the first key at first.

local threads = 0
local keys, users = {}, {}
local turn = 0

function setup(thread)
	thread:set("number", threads)
	threads = threads + 1
	thread:set("of", 2)
end

function init(args)
	local line = 0
	for key in io.lines(args[2]) do
		keys[#keys + 1] = key
	end
	for entry in io.lines(args[1]) do
		line = line + 1
		if line >= tonumber(args[3]) and line < tonumber(args[3]) + tonumber(args[4])
			and line % of == number then
			local token, id = entry:match("^(%S+) (%S+)$")
			users[#users + 1] = {version = 1, token = token, head = "PUT /users/" .. id
				.. "/public-key HTTP/1.1\r\nHost: " .. wrk.host .. ":" .. wrk.port
				.. "\r\nAuthorization: Bearer " .. token
				.. "\r\nContent-Type: application/json\r\nContent-Length: "}
		end
	end
end

-- wrk calls this once to look at what comes, and sends that nowhere: so the
-- first one is not a rotation.
function request()
	if turn == 0 then
		turn = #users
		return "POST /sessions/refresh HTTP/1.1\r\nHost: " .. wrk.host .. "\r\nAuthorization: Bearer "
			.. users[1].token .. "\r\nContent-Length: 0\r\n\r\n"
	end
	turn = turn % #users + 1
	local user = users[turn]
	user.version = user.version + 1
	local body = '{"publicKey":' .. keys[user.version] .. ',"keyVersion":' .. user.version .. "}"
	return user.head .. #body .. "\r\n\r\n" .. body
end

dofile("figures.lua")
