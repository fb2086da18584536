// What JSON.parse() does not tell of a text that it takes.

const tokens = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/gs;
const halves = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

// Past 64 bits, or past what a double holds.
function isHuge(word) {
	if (!/^-?\d/.test(word)) return false;
	if (/[.eE]/.test(word)) return !Number.isFinite(Number(word));
	return BigInt.asIntN(64, BigInt(word)) !== BigInt(word);
}

function scanWord(word, next, open, found) {
	const names = open.at(-1);
	if (word[0] === '"') {
		const text = JSON.parse(word);
		found.escape ||= text.includes('\0') || halves.test(text);
		if (next !== ':') return;
		found.twice ||= names.has(text);
		names.add(text);
	} else if (word === '{' || word === '[') {
		open.push(new Set());
		found.depth = Math.max(found.depth, open.length);
	} else if (word === '}' || word === ']') open.pop();
	else found.huge ||= isHuge(word);
}

// { value, depth, twice, escape, huge, bytes }: a member twice, an escape of
// NUL or of half a pair, a number that is too large, bytes that are no UTF-8 or
// a byte order mark.  Null for what is no JSON.
export function scan(buffer) {
	const text = new TextDecoder('utf-8').decode(buffer);
	const found = { depth: 0, twice: false, escape: false, huge: false, bytes: !Buffer.from(text).equals(buffer) };
	const open = [];
	try {
		found.value = JSON.parse(text);
	} catch {
		return null;
	}
	const words = text.match(tokens);
	words.forEach((word, i) => scanWord(word, words[i + 1], open, found));
	return { ...found, text };
}
