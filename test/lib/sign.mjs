// Keys and signatures for the tests, by WebCrypto: an implementation that
// shares no line with the extension, the gateway or the client.
// Reads a JSON array of operations, writes the array of their results.
import { createHash, createHmac, webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";

const { subtle } = webcrypto;
const base64url = (bytes) => Buffer.from(bytes).toString("base64url");
const sha256 = (bytes) => createHash("sha256").update(bytes).digest();
const thumbprint = ({ kty, crv, x, y }) => sha256(JSON.stringify({ crv, kty, x, y }));

function padded(text, size) {
	const field = Buffer.alloc(size);
	field.write(text);
	return field;
}

function uint32(number) {
	const field = Buffer.alloc(4);
	field.writeUInt32BE(number);
	return field;
}

function endorsement({ service, username, version, key, previous }) {
	return Buffer.concat([
		padded("\0e2emsg key endorsement v1", 32), sha256(service), padded(username, 32),
		uint32(version), thumbprint(key), previous ? thumbprint(previous) : Buffer.alloc(32),
	]);
}

function identityChange({ service, username, newKey, oldKey }) {
	return Buffer.concat([
		padded("\0e2emsg identity change v1", 32), sha256(service), padded(username, 32),
		thumbprint(newKey), thumbprint(oldKey),
	]);
}

async function generate(name, usages) {
	const pair = await subtle.generateKey({ name, namedCurve: "P-256" }, true, usages);
	return {
		public: await subtle.exportKey("jwk", pair.publicKey),
		private: await subtle.exportKey("jwk", pair.privateKey),
	};
}

async function sign(key, message) {
	const imported = await subtle.importKey("jwk", key,
		{ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
	return base64url(await subtle.sign({ name: "ECDSA", hash: "SHA-256" }, imported, message));
}

// RS256 or ES256, as the private key is.
async function signAs(key, message) {
	if (key.kty === "EC") return sign(key, message);
	const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
	const imported = await subtle.importKey("jwk", key, algorithm, false, ["sign"]);
	return base64url(await subtle.sign(algorithm, imported, message));
}

const operations = {
	async rsa({ bits }) {
		const pair = await subtle.generateKey({ name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", modulusLength: bits,
			publicExponent: new Uint8Array([1, 0, 1]) }, true, ["sign", "verify"]);
		return {
			public: await subtle.exportKey("jwk", pair.publicKey),
			private: await subtle.exportKey("jwk", pair.privateKey),
		};
	},
	async jwt({ private: key, secret, header, payload }) {
		const input = [header, payload].map((o) => base64url(JSON.stringify(o))).join(".");
		const signature = secret == null ? await signAs(key, Buffer.from(input))
			: createHmac("sha256", secret).update(input).digest("base64url");
		return `${input}.${signature}`;
	},
	identity: () => generate("ECDSA", ["sign", "verify"]),
	encryption: () => generate("ECDH", ["deriveBits"]),
	endorse: (o) => sign(o.private, endorsement(o)),
	identityChange: (o) => sign(o.private, identityChange(o)),
	thumbprint: (o) => base64url(thumbprint(o.key)),
	async assertion({ private: key, header, payload }) {
		const input = [header, payload].map((o) => base64url(JSON.stringify(o))).join(".");
		return `${input}.${await sign(key, Buffer.from(input))}`;
	},
};

const results = [];
for (const operation of JSON.parse(readFileSync(0, "utf8"))) {
	results.push(await operations[operation.op](operation));
}
console.log(JSON.stringify(results));
