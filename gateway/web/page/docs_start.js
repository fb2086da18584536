// The first steps of the documentation: a shell session from two new keys to
// live mail, each block to be copied. The curl of the calls uses its
// variables and functions.

/* Needs bash or zsh (printf with \x), curl, openssl and jq. */
const tools = (origin) => String.raw`API=${origin}
b64()    { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
hex()    { printf "$(sed 's/../\\x&/g')"; }
sha256() { openssl dgst -sha256 -binary; }
pad()    { cat - /dev/zero | head -c 32; }
new_key() { [ -e "$1" ] || openssl ecparam -name prime256v1 -genkey -noout -out "$1"; }

jwk() { # FILE: the public half, without spaces, members in this order
  printf '{"crv":"P-256","kty":"EC","x":"%s","y":"%s"}' \
    "$(openssl pkey -in "$1" -pubout -outform DER | tail -c 64 | head -c 32 | b64)" \
    "$(openssl pkey -in "$1" -pubout -outform DER | tail -c 32 | b64)"
}

sign() { # FILE: signs stdin (ES256); r and s, 32 bytes each
  openssl dgst -sha256 -sign "$1" | openssl asn1parse -inform DER | sed -n 's/.*INTEGER *://p' |
    while read -r n; do printf '%64s' "$n"; done | tr ' ' 0 | hex | b64
}`;

const register = String.raw`NAME=dev-$RANDOM
new_key id.pem      # the identity key: signs
new_key key1.pem    # the encryption key, version 1: mail is sealed to it
SERVICE=$(curl -s "$API/sessions/challenge" -H 'Content-Type: application/json' \
  -d '{"username":"'$NAME'"}' | jq -r .audience)

endorsement() { # VERSION FILE [FILE BEFORE]: what the identity key signs of a key, 164 bytes
  printf '\0e2emsg key endorsement v1' | pad
  printf %s "$SERVICE" | sha256
  printf %s "$NAME" | pad
  printf %08x "$1" | hex
  jwk "$2" | sha256
  if [ "$3" ]; then jwk "$3" | sha256; else head -c 32 /dev/zero; fi
}

registration() {
  printf '{"username":"%s","publicKey":%s,"identityKey":%s,"signature":"%s"}' "$NAME" \
    "$(jwk key1.pem)" "$(jwk id.pem)" "$(endorsement 1 key1.pem | sign id.pem)"
}

curl -s "$API/users" -H 'Content-Type: application/json' -d "$(registration)" | tee account.json | jq
ME=$(jq -r .id account.json)
TOKEN=$(jq -r .token account.json)`;

const send = String.raw`cat >suite1.mjs <<'END'
import { createCipheriv, createDecipheriv, createPrivateKey, createPublicKey, diffieHellman, hkdfSync, randomBytes }
  from 'node:crypto';
import { readFileSync } from 'node:fs';

const json = (file) => JSON.parse(readFileSync(file));
const u32 = (n) => { const b = Buffer.alloc(4); b.writeUInt32BE(n); return b; };
const field = (type, value) => Buffer.concat([Buffer.of(type), u32(value.length), value]);
const [me, peer] = [json('me.json'), json('peer.json')];

function keyFor(from, to) { // ECDH, then HKDF bound to both users and both keys
  const context = Buffer.concat([Buffer.from('e2emsg suite 1'.padEnd(32, '\0')),
    ...[from, to].map(({ userId }) => Buffer.from(userId.replaceAll('-', ''), 'hex')),
    u32(from.keyVersion), u32(to.keyVersion),
    ...[from, to].map(({ thumbprint }) => Buffer.from(thumbprint, 'base64url'))]);
  const secret = diffieHellman({ privateKey: createPrivateKey(readFileSync('key' + me.keyVersion + '.pem')),
    publicKey: createPublicKey({ key: peer.publicKey, format: 'jwk' }) });
  return { context, key: Buffer.from(hkdfSync('sha256', secret, '', context, 32)) };
}

function seal(text) { // version 1, the text, an id; zeros up to 256, 512 … bytes
  const { context, key } = keyFor(me, peer);
  const frame = Buffer.concat([Buffer.of(1), field(1, Buffer.from(text)), field(2, randomBytes(16))]);
  let size = 256;
  while (size < frame.length) size *= 2;
  const iv = randomBytes(12), cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(context);
  const ciphertext = Buffer.concat([cipher.update(Buffer.concat([frame], size)), cipher.final()]);
  return { receiverId: peer.userId, suite: 1, keyVersion: peer.keyVersion, senderKeyVersion: me.keyVersion,
    iv: iv.toString('base64url'), ciphertext: ciphertext.toString('base64url'), authTag: cipher.getAuthTag().toString('base64url') };
}

function open(message) { // throws when a bit is not as it was sealed
  const { context, key } = keyFor(peer, me);
  const bytes = (name) => Buffer.from(message[name], 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', key, bytes('iv')).setAAD(context).setAuthTag(bytes('authTag'));
  const frame = Buffer.concat([decipher.update(bytes('ciphertext')), decipher.final()]);
  for (let at = 1; at + 5 <= frame.length && frame[at] !== 0; at += 5 + frame.readUInt32BE(at + 1)) {
    if (frame[at] === 1) return frame.toString('utf8', at + 5, at + 5 + frame.readUInt32BE(at + 1));
  }
}

if (process.argv[2] === 'seal') console.log(JSON.stringify(seal(process.argv[3])));
else for (const message of json('mail.json').messages) console.log(message.seq, open(message));
END

PEER=$NAME    # yourself, to see it arrive; or anybody else
key_of() { curl -s "$API/users/$1/public-key" -H "Authorization: Bearer $TOKEN"; }
seal()   { key_of "$NAME" >me.json; key_of "$PEER" >peer.json; node suite1.mjs seal "$1"; }

curl -s "$API/messages" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
  -d "$(seal 'Hello')" | jq
PEER_ID=$(jq -r .userId peer.json)`;

const read = String.raw`curl -s "$API/messages?after=0" -H "Authorization: Bearer $TOKEN" >mail.json
node suite1.mjs open

curl -s "$API/messages/ack" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
  -d '{"through":'"$(jq .next mail.json)"'}' | jq`;

const live = String.raw`curl -sN -m 5 "$API/messages/stream?after=1" -H "Authorization: Bearer $TOKEN" &
sleep 1
curl -s "$API/messages" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
  -d "$(seal 'Hello again')" >sent.json
wait`;

const signIn = String.raw`assertion() { # a compact JWS over a new challenge
  local nonce text
  nonce=$(curl -s "$API/sessions/challenge" -H 'Content-Type: application/json' \
    -d '{"username":"'$NAME'"}' | jq -r .nonce)
  text=$(printf '{"alg":"ES256","typ":"e2emsg-session+jwt"}' | b64).$(
    printf '{"sub":"%s","aud":"%s","nonce":"%s"}' "$NAME" "$SERVICE" "$nonce" | b64)
  printf %s "$text.$(printf %s "$text" | sign id.pem)"
}

TOKEN=$(curl -s "$API/sessions" -H 'Content-Type: application/json' \
  -d '{"assertion":"'$(assertion)'"}' | jq -r .token)`;

const change = String.raw`rotation() { # the body for the next version of the encryption key
  local now next
  now=$(key_of "$NAME" | jq .keyVersion)
  next=$((now + 1))
  new_key key$next.pem
  printf '{"publicKey":%s,"keyVersion":%s,"signature":"%s"}' "$(jwk key$next.pem)" $next \
    "$(endorsement $next key$next.pem key$now.pem | sign id.pem)"
}

identity_change() { # what the old identity key signs of the new one, 160 bytes
  printf '\0e2emsg identity change v1' | pad
  printf %s "$SERVICE" | sha256
  printf %s "$NAME" | pad
  jwk new-id.pem | sha256
  jwk id.pem | sha256
}

new_identity() { # the body; once it is taken, new-id.pem is the new id.pem
  local now before
  key_of "$NAME" >me.json
  now=$(jq .keyVersion me.json)
  [ "$now" -eq 1 ] || before=key$((now - 1)).pem
  new_key new-id.pem
  printf '{"identityKey":%s,"signature":"%s","endorsement":"%s"}' "$(jwk new-id.pem)" \
    "$(endorsement "$now" "key$now.pem" "$before" | sign new-id.pem)" "$(identity_change | sign id.pem)"
}`;

/** The steps in their order, for a server at origin: [{id, title, text, code}] */
export function firstSteps(origin) {
	return [
		{ id: 'tools', title: 'Tools for the shell', code: tools(origin),
			text: 'For bash, or zsh after `setopt interactive_comments`, with `curl`, `openssl` and `jq`, in an empty folder. ' +
				'Programs use their own libraries; pages have a module for browsers, `/web/e2emsg.js`, that does all of this and much more.' },
		{ id: 'register-signed', title: 'Register', code: register,
			text: 'Makes two key pairs and an account, whose identity key signs the encryption key: only so can others verify you. ' +
				'`TOKEN` is good for an hour.' },
		{ id: 'send-sealed', title: 'Seal and send', code: send,
			text: 'Needs Node 20 for AES-GCM, which the command `openssl` does not have. Before it seals, a real client verifies the signature of the ' +
				'key object and its place in the key log, and remembers the identity key.' },
		{ id: 'read-open', title: 'Read and acknowledge', code: read,
			text: 'Fetches what is sealed, opens it, and tells the server that it is stored here. A real client never takes the same envelope twice.' },
		{ id: 'live', title: 'Receive live mail', code: live,
			text: 'Follows the mailbox for five seconds, and writes in the meantime.' },
		{ id: 'sign-in', title: 'Sign in again', code: signIn,
			text: 'When the token has ended: a signed challenge gives another one. The identity key is the login.' },
		{ id: 'change-keys', title: 'Change keys', code: change,
			text: 'Bodies for the calls `Rotate your key` and `Add or replace your identity key`. Keep the old encryption keys: mail may be sealed to them.' },
	];
}
