// The chat page over HTTPS, behind the proxies as they are shipped.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { openBrowser } from './lib/browser.mjs';
import { Person } from './lib/chat.mjs';
import { scratchFolder, startServer, TOP, waitUntil } from './lib/server.mjs';
import { done, ok } from '../client/lib/tap.mjs';

function freePort() {
	return new Promise((resolve) => {
		const listener = createServer().listen(0, '127.0.0.1', () => {
			const { port } = listener.address();
			listener.close(() => resolve(port));
		});
	});
}

const server = startServer();
const gateway = await server.gateway({ keep_alive_timeout_ms: 60000 });
const inside = new URL(gateway.url).port;

for (const kind of ['nginx', 'haproxy']) {
	const port = await freePort();
	const url = `https://localhost:${port}`;
	const proxy = spawn(join(TOP, 'dev/proxy.sh'), [kind, scratchFolder(), String(port), inside], { stdio: 'ignore' });
	process.on('exit', () => proxy.kill());
	// Its certificate comes from a CA that nobody knows.
	const browsers = [await openBrowser({ ignoreHTTPSErrors: true }), await openBrowser({ ignoreHTTPSErrors: true })];
	await waitUntil(async () => browsers[0].page(url).then((page) => page.close().then(() => true), () => false));
	browsers[0].complaints(); // of a proxy that did not listen yet

	const alice = await Person.register(browsers[0], url, `alice-${kind}`);
	const bob = await Person.register(browsers[1], url, `bob-${kind}`);
	ok(await alice.page.evaluate(() => performance.getEntriesByType('navigation')[0].nextHopProtocol) === 'h2', `${kind}: HTTP/2`);
	await alice.find(bob.username);
	await alice.write('Hello Bob');
	await alice.sees('Hello Bob', 'sent');
	await bob.open(alice.username);
	await bob.page.getByRole('button', { name: 'Accept' }).click();
	await bob.write('Hello Alice');
	await alice.sees('Hello Alice', 'opened');
	ok(true, `${kind}: a message and its answer, as they come`);
	for (const browser of browsers) await browser.close(`${kind}: no page error, no violation, no error on the console`);
	proxy.kill();
}
await server.stop();
done();
