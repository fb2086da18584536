# One line of the table.  Input: "NAME <tab> VALUE", a line for each round.
# -v label= ours= unit= [theirs= other=] [goal=]

BEGIN { FS = "\t" }
$1 == ours { a[++n] = $2 }
theirs != "" && $1 == theirs { b[++m] = $2 }

# Sorts v[1..count] and leaves the middle in MEDIAN.
function sort(v, count,    i, j, t) {
	for (i = 2; i <= count; i++)
		for (j = i; j > 1 && v[j] + 0 < v[j - 1] + 0; j--) {
			t = v[j]; v[j] = v[j - 1]; v[j - 1] = t
		}
	MEDIAN = (v[int((count + 1) / 2)] + v[int((count + 2) / 2)]) / 2
}

function thousands(x,    text) {
	for (; length(x) > 3; x = substr(x, 1, length(x) - 3))
		text = "," substr(x, length(x) - 2) text
	return x text
}

function figure(x) {
	if (x >= 100) x = sprintf("%.0f", x)
	else if (x >= 10) x = sprintf("%.1f", x)
	else x = sprintf("%.2f", x)
	if (x + 0 < 1000) return x
	return thousands(x)
}

function spread(v, count) { return figure(MEDIAN) " (" figure(v[1]) "–" figure(v[count]) ")" }

function verdict(x,    part) {
	if (goal == "") return ""
	split(goal, part, " ")
	if (part[1] == ">=") return x >= part[2] ? "met" : "missed"
	if (part[1] == "<=") return x <= part[2] ? "met" : "missed"
	if (part[1] == ">") return x > part[2] ? "met" : "missed"
	return x < part[2] ? "met" : "missed"
}

END {
	if (n == 0 || (theirs != "" && m != n)) {
		print "line.awk: nothing was recorded for " ours " " theirs > "/dev/stderr"
		exit 1
	}
	if (theirs == "") {
		sort(a, n)
		own = spread(a, n) " " unit
		judged = MEDIAN
	} else {
		for (i = 1; i <= n; i++) q[i] = a[i] / b[i]
		sort(a, n); own = figure(MEDIAN) " " unit
		sort(b, n); against = other " " figure(MEDIAN) " " unit
		sort(q, n); share = spread(q, n)
		judged = MEDIAN
	}
	printf "| %s | %s | %s | %s | %s | %s |\n", label, own, against, share, goal, verdict(judged)
}
