// Text of others on the pages, with as much of a document as that needs.
//
//	node test/web/page_text.mjs
import { done, ok } from '../client/lib/tap.mjs';
import { linkedNodes } from '../../gateway/web/page/links.js';
import { itemsOf } from '../../gateway/web/page/message.js';
import { visible, visibleNodes } from '../../gateway/web/page/text.js';

const made = [];
globalThis.document = { createElement: (tag) => {
	const element = { tag, text: '', setAttribute(name, value) { this[name] = value; }, append(child) { this.text += child; } };
	made.push(element);
	return element;
} };
const textOf = (nodes) => nodes.map((node) => node.text ?? node).join('');

const nodes = visibleNodes('a\u202eb\u0007');
ok(nodes.length === 4 && nodes[1].text === '\\u{202e}' && nodes[3].text === '\\x07', 'what is invisible is set apart');
made.length = 0;
const flood = 'a\u202e'.repeat(16000);
ok(textOf(visibleNodes(flood)) === visible(flood), 'a text of little else is shown as well');
ok(made.length <= 500, 'by no more elements than a page can bear', made.length);

const links = (text) => linkedNodes(text).filter(({ tag }) => tag === 'a').map(({ href }) => href);
for (const [text, ...wanted] of [
	['see https://example.org/a, or http://b.example.', 'https://example.org/a', 'http://b.example'],
	['(https://example.org/a_(b))', 'https://example.org/a_(b)'],
	['(as on https://example.org/a)', 'https://example.org/a'],
	['javascript:alert(1) data:text/html,x ftp://a.example //a.example'],
	['https:// https://[ http://:80'],
	['https://example.org/\u202egpj.exe'],
	['"https://example.org/"onclick="x"', 'https://example.org/']])
	ok(links(text).join() === wanted.join() && textOf(linkedNodes(text)) === visible(text), `addresses in ${visible(text)}`, links(text).join());
ok(links('http://a.example/ '.repeat(4000)).length === 100, 'a flood of addresses is bounded');
// ---- days

const said = (id, day, direction = 'in') => ({ id, direction, sentAt: new Date(2026, 2, day, 12).toISOString() });
const days = (...messages) => itemsOf(messages).map(({ day, message }) => (day ? day.getDate() : message.id)).join(' ');
ok(days(said('a', 1), said('b', 2), said('c', 2)) === '1 a 2 b c', 'a line before each day', days(said('a', 1), said('b', 2), said('c', 2)));
ok(days(said('a', 1), said('n', 3, 'note'), said('b', 2), said('c', 3)) === '1 a 2 n b 3 c', 'a note stands under the day of what brought it');
ok(days(said('a', 1), said('n', 2, 'note'), said('m', 2, 'note'), said('b', 3), said('o', 3, 'note')) === '1 a 2 n m 3 b o', 'or else under its own');
const keys = itemsOf([said('a', 2, 'out'), said('b', 1), said('c', 2)]).map(({ key }) => key);
ok(new Set(keys).size === 6, 'a day that is there twice has two lines', keys.join());

done();
