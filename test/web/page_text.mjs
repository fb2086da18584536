// Text of others on the pages, with as much of a document as that needs.
//
//	node test/web/page_text.mjs
import { done, ok } from '../client/lib/tap.mjs';
import { linkedNodes } from '../../gateway/web/page/links.js';
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
done();
