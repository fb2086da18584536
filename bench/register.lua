-- POST /users, each with a name of its own and the same key.
-- Argument: the key as JSON.

local head, tail

function init(args)
	seed()
	tail = '","publicKey":' .. args[1] .. "}"
	head = "POST /users HTTP/1.1\r\nHost: " .. wrk.host .. ":" .. wrk.port
		.. "\r\nContent-Type: application/json\r\nContent-Length: "
		.. #'{"username":"' + 17 + #tail .. '\r\n\r\n{"username":"u'
end

function request()
	return head .. string.format("%08x%08x", math.random(0, 4294967295),
		math.random(0, 4294967295)) .. tail
end

dofile("figures.lua")
