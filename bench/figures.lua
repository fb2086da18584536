-- What the scripts share.

-- Random numbers that are others in each run and thread.
function seed()
	local file = io.open("/dev/urandom", "rb")
	local a, b, c, d = file:read(4):byte(1, 4)
	file:close()
	math.randomseed(((a * 256 + b) * 256 + c) * 256 + d)
end

-- The last line of a run, for load() in lib.sh.

function done(summary, latency, requests)
	local errors = summary.errors
	print(string.format("figures %.1f %.3f %.3f %d %d",
		summary.requests / (summary.duration / 1e6),
		latency:percentile(50) / 1000, latency:percentile(99) / 1000,
		summary.requests,
		errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
