-- POST /messages, each with an envelope of its own.
-- Arguments: file of tokens, prefix of the receivers' ids, how many receivers.

local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
local heads, receivers = {}, {}
local prefix, ciphertext, tag

-- base64url; a last character of A, Q, g or w leaves the spare bits 0
local function random_text(length)
	local text = {}
	for i = 1, length - 1 do
		local n = math.random(64)
		text[i] = alphabet:sub(n, n)
	end
	local n = math.random(4)
	return table.concat(text) .. ("AQgw"):sub(n, n)
end

local function body(receiver, iv)
	return '{"receiverId":"' .. receiver .. '","iv":"' .. iv
		.. '","ciphertext":"' .. iv .. ciphertext .. '","authTag":"' .. tag
		.. '","keyVersion":1,"senderKeyVersion":1,"suite":1}'
end

function init(args)
	seed()
	ciphertext = random_text(342 - 16) -- after 16 characters of the iv: 256 bytes
	tag = random_text(22)
	for n = 1, tonumber(args[3]) do
		receivers[n] = args[2] .. (999 + n)
	end
	local length = #body(receivers[1], "0123456789abcdef")
	for token in io.lines(args[1]) do
		heads[#heads + 1] = "POST /messages HTTP/1.1\r\nHost: " .. wrk.host
			.. ":" .. wrk.port .. "\r\nAuthorization: Bearer " .. token
			.. "\r\nContent-Type: application/json\r\nContent-Length: " .. length
			.. "\r\n\r\n"
	end
end

function request()
	-- 16 hexadecimal digits are 12 bytes of base64url, too
	local iv = string.format("%08x%08x", math.random(0, 4294967295),
		math.random(0, 4294967295))
	return heads[math.random(#heads)] .. body(receivers[math.random(#receivers)], iv)
end

dofile("figures.lua")
