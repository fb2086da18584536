// The client of the tutorial: ECDH P-256, the raw shared secret as an AES-GCM
// key, no additional data.  It registers with a username and a public JWK and
// knows nothing of suites, identities or sender versions.
import { webcrypto } from "node:crypto";

const { subtle } = webcrypto;
const base = process.argv[2];
const ecdh = { name: "ECDH", namedCurve: "P-256" };
const toBase64url = (bytes) => Buffer.from(bytes).toString("base64url");
const fromBase64url = (text) => new Uint8Array(Buffer.from(text, "base64url"));

async function api(method, path, token, body) {
	const response = await fetch(base + path, {
		method,
		headers: {
			"Content-Type": "application/json",
			...(token && { Authorization: `Bearer ${token}` }),
		},
		body: body && JSON.stringify(body),
	});
	if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
	return response.json();
}

async function newKey() {
	return subtle.generateKey(ecdh, true, ["deriveKey"]);
}

async function register(username) {
	const pair = await newKey();
	const publicKey = await subtle.exportKey("jwk", pair.publicKey);
	const { id, token } = await api("POST", "/users", undefined, { username, publicKey });
	return { id, token, username, keyVersion: 1, privateKeys: { 1: pair.privateKey } };
}

async function peerKey(user, peer, version) {
	const suffix = version ? `?version=${version}` : "";
	return api("GET", `/users/${peer}/public-key${suffix}`, user.token);
}

async function sharedKey(privateKey, jwk) {
	const publicKey = await subtle.importKey("jwk", jwk, ecdh, false, []);
	return subtle.deriveKey({ name: "ECDH", public: publicKey }, privateKey,
		{ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

async function send(user, peer, text) {
	const { userId, publicKey, keyVersion } = await peerKey(user, peer);
	const key = await sharedKey(user.privateKeys[user.keyVersion], publicKey);
	const iv = webcrypto.getRandomValues(new Uint8Array(12));
	const sealed = new Uint8Array(await subtle.encrypt({ name: "AES-GCM", iv }, key,
		new TextEncoder().encode(text)));
	return api("POST", "/messages", user.token, {
		receiverId: userId,
		ciphertext: toBase64url(sealed.slice(0, -16)),
		iv: toBase64url(iv),
		authTag: toBase64url(sealed.slice(-16)),
		keyVersion,
	});
}

async function open(user, message) {
	const { publicKey } = await peerKey(user, message.senderId, 1);
	const key = await sharedKey(user.privateKeys[message.keyVersion], publicKey);
	const sealed = Buffer.concat([fromBase64url(message.ciphertext), fromBase64url(message.authTag)]);
	const opened = await subtle.decrypt({ name: "AES-GCM", iv: fromBase64url(message.iv) }, key, sealed);
	return new TextDecoder().decode(opened);
}

async function rotate(user) {
	const pair = await newKey();
	const publicKey = await subtle.exportKey("jwk", pair.publicKey);
	const keyVersion = user.keyVersion + 1;
	await api("PUT", `/users/${user.id}/public-key`, user.token, { publicKey, keyVersion });
	user.privateKeys[keyVersion] = pair.privateKey;
	user.keyVersion = keyVersion;
}

const read = async (user) => (await api("GET", "/messages", user.token)).messages;

const alice = await register("alice");
const bob = await register("bob");
await send(alice, "bob", "Hello Bob!");
console.log("bob reads:", await open(bob, (await read(bob))[0]));
await rotate(alice);
await send(bob, "alice", "Hello Alice, on my new key!");
console.log("alice reads:", await open(alice, (await read(alice))[0]));
await rotate(bob);
console.log("bob reads after the rotation:", await open(bob, (await read(bob))[0]));
