-- Any request that wrk makes from its command line: the arguments after "--"
-- are a method and header lines.

function init(args)
	wrk.method = args[1] or "GET"
	for i = 2, #args do
		local name, value = args[i]:match("^(.-): (.*)$")
		wrk.headers[name] = value
	end
	if wrk.method == "POST" then
		wrk.body = "" -- so that it says Content-Length: 0
	end
	request_text = wrk.format()
end

function request()
	return request_text
end

dofile("figures.lua")
