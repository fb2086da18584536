// Text of others on the pages, with as much of a document as that needs.
//
//	node test/web/page_text.mjs
import { done, ok } from '../client/lib/tap.mjs';
import { visible, visibleNodes } from '../../gateway/web/page/text.js';

const made = [];
globalThis.document = { createElement: (tag) => {
	const element = { tag, text: '', setAttribute() {}, append(child) { this.text += child; } };
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
done();
