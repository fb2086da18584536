// The documentation of the REST API, out of openapi.json.
import { methodBadge, operationCard, prose } from './docs_operation.js';
import { offerDemo } from './demo_link.js';
import { h, replace } from './dom.js';
import { noticeArea, wordsOf } from './notice.js';
import { Api } from './openapi.js';

const place = document.getElementById('app');
const source = '/web/openapi.json';
const wide = matchMedia('(min-width: 60rem)');

async function start() {
	const answer = await fetch(source);

	if (!answer.ok)
		throw new Error(`${source} is not there (${answer.status}).`);
	show(new Api(await answer.json()));
	/* the page came without what the address points to */
	document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
}

function show(api) {
	const { info, tags } = api.document;
	const operations = api.operations();
	const parts = tags.map((tag) => partOf(api, tag, operations.filter((operation) => operation.tag === tag.name)))
		.filter(({ entries }) => entries.length > 0);
	const contents = h('details', {}, h('summary', {}, 'Contents'), parts.map(({ link }) => link));
	const fold = () => { contents.open = wide.matches; };
	const none = h('p', { class: 'small', hidden: true, role: 'status' }, 'Nothing has these words.');

	fold();
	wide.addEventListener('change', fold);
	replace(place,
		h('nav', { class: 'contents', 'aria-label': 'Operations' }, filterField(parts, none),
			contents),
		h('main', {},
			h('header', { class: 'docs-head' },
				h('h1', {}, 'REST API'),
				h('p', { class: 'lead' }, info.summary),
				info.description.split('\n\n').map((text) => h('p', {}, prose(text))),
				h('p', {}, 'The description itself: ', h('a', { href: source }, 'openapi.json'), ` (OpenAPI ${api.document.openapi}).`)),
			none, parts.map(({ element }) => element)),
		noticeArea());
}

/* A tag: its place in the contents, its section, and both of each operation. */
function partOf(api, { name, description }, operations) {
	const id = name.toLowerCase().replaceAll(' ', '-');
	const entries = operations.map((operation) => ({
		words: [operation.method, operation.path, operation.summary, operation.description, operation.id, name].join(' ').toLowerCase(),
		link: h('li', {}, h('a', { href: `#${operation.id}` }, methodBadge(operation.method), h('span', {}, operation.summary))),
		element: operationCard(api, operation),
	}));

	return {
		entries,
		link: h('section', {}, h('h2', {}, h('a', { href: `#${id}` }, name)), h('ul', {}, entries.map(({ link }) => link))),
		element: h('section', { class: 'tag', id, 'aria-labelledby': `${id}-title` },
			h('h2', { id: `${id}-title` }, name), h('p', { class: 'lead' }, prose(description ?? '')), entries.map(({ element }) => element)),
	};
}

function filterField(parts, none) {
	return h('input', { type: 'search', 'aria-label': 'Filter operations', placeholder: 'Filter', autocomplete: 'off', spellcheck: 'false',
		oninput: ({ target }) => filter(parts, none, target.value) });
}

/** Shows what has all the words. */
function filter(parts, none, text) {
	const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
	let shown = 0;

	for (const { entries, link, element } of parts) {
		let inPart = 0;

		for (const entry of entries) {
			const fits = wanted.every((word) => entry.words.includes(word));

			entry.link.hidden = !fits;
			entry.element.hidden = !fits;
			inPart += fits ? 1 : 0;
		}
		link.hidden = inPart === 0;
		element.hidden = inPart === 0;
		shown += inPart;
	}
	none.hidden = shown > 0;
}

offerDemo(document.querySelectorAll('.page-head a[href="/demo"]'));
start().catch((error) => {
	replace(place, h('main', {}, h('h1', {}, 'REST API'), h('p', { class: 'form-error', role: 'alert' }, wordsOf(error).what)));
});
