// What lies around the web module: answers without end.
//
//	node test/web/module.mjs
import { done, ok } from '../client/lib/tap.mjs';
import { does, later, refuses } from './lib/scene.mjs';
import { Api } from '../../gateway/web/client/api.js';

// ---- answers

{
	const chunk = new TextEncoder().encode('"'.padEnd(1 << 20, 'x'));
	for (const status of [200, 400]) {
		let given = 0;
		let cancelled = false;
		const endless = () => new ReadableStream({
			pull(controller) {
				if (++given > 100) controller.close();
				else controller.enqueue(chunk);
			},
			cancel() { cancelled = true; },
		});
		const api = new Api('https://msg.test', async () => new Response(endless(), { status }), later);
		await refuses(api.call('GET', '/messages'), 'bad_answer', `an answer of ${status} that does not end is refused`, /too long/);
		ok(cancelled && given < 40, 'as soon as it is too long', given);
	}
	const answer = (body, more) => new Api('https://msg.test', async () => new Response(body, more), later).call('GET', '/');
	const bytes = new TextEncoder().encode('{"text":"\u20ac"}');
	const halves = new ReadableStream({ start(controller) { // a character in two parts
		for (const part of [bytes.slice(0, 10), bytes.slice(10)]) controller.enqueue(part);
		controller.close();
	} });
	await does(answer(halves), 'an answer in parts is read', ({ body }) => body.text === '\u20ac');
	for (const [what, body, status] of [['none', null, 204], ['an empty one', '', 200]])
		await does(answer(body, { status }), `${what}, too`, (reply) => reply.body === null && reply.status === status);
	await refuses(answer('{'), 'bad_answer', 'half of one is none', /not JSON/);
}

done();
process.exit();
