// The documentation of the REST API, out of openapi.json.
import { copyable, heading, methodBadge, operationCard, prose } from './docs_operation.js';
import { firstSteps } from './docs_start.js';
import { offerDemo } from './demo_link.js';
import { h, replace, set } from './dom.js';
import { noticeArea, wordsOf } from './notice.js';
import { Api } from './openapi.js';

const place = document.getElementById('app');
const source = '/web/openapi.json'; // for people; this page's own lies beside its scripts
const wide = matchMedia('(min-width: 60rem)');

async function start() {
	const answer = await fetch(new URL('../openapi.json', import.meta.url));

	if (!answer.ok)
		throw new Error(`${source} is not there (${answer.status}).`);
	show(new Api(await answer.json()));
	/* the page came without what the address points to: there again */
	if (location.hash)
		location.replace(location.href);
}

function show(api) {
	const { tags } = api.document;
	const head = introduction(api.document);
	const operations = api.operations();
	const parts = [startPart(), ...tags.map((tag) => partOf(api, tag, operations.filter((operation) => operation.tag === tag.name)))
		.filter(({ entries }) => entries.length > 0)];
	const contents = h('details', {}, h('summary', {}, 'Contents'), parts.map(({ link }) => link));
	const fold = () => { contents.open = wide.matches; };
	const found = h('p', { class: 'small', role: 'status' });

	fold();
	wide.addEventListener('change', fold);
	const field = filterField((text) => filter(parts, head, found, text));

	replace(place,
		h('nav', { class: 'contents', 'aria-label': 'Operations' }, field, found, contents),
		h('main', {}, head, parts.map(({ element }) => element)),
		noticeArea());
	markWhatIsRead(parts.flatMap(({ entries }) => entries));
	/* where a link leads is shown, whatever the filter */
	window.addEventListener('hashchange', () => {
		const target = document.querySelector(':target');

		if (!target?.closest('[hidden]'))
			return;
		field.value = '';
		filter(parts, head, found, '');
		target.scrollIntoView();
	});
}

function introduction({ info, openapi }) {
	return h('header', { class: 'docs-head' },
		h('h1', {}, 'REST API'),
		h('p', { class: 'lead' }, info.summary),
		info.description.split('\n\n').map((text) => h('p', {}, prose(text))),
		h('p', {}, 'The description itself: ', h('a', { href: source }, 'openapi.json'), ` (OpenAPI ${openapi}).`));
}

/* Shows in the contents where one is. */
function markWhatIsRead(entries) {
	const inSight = new Set();
	const observer = new IntersectionObserver((changes) => {
		for (const { target, isIntersecting } of changes)
			inSight[isIntersecting ? 'add' : 'delete'](target);
		const current = entries.find(({ element }) => inSight.has(element));

		for (const entry of entries)
			set(entry.link.firstElementChild, 'aria-current', entry === current && 'location');
		if (wide.matches)
			current?.link.scrollIntoView({ block: 'nearest' });
	}, { rootMargin: '-10% 0px -75% 0px' });

	entries.forEach(({ element }) => observer.observe(element));
}

/* The first steps, as if they were a tag. */
function startPart() {
	const entries = firstSteps(location.origin).map(({ id, title, text, code }, index) => ({
		words: ['first steps', title, text, code].join(' ').toLowerCase(),
		link: h('li', {}, h('a', { href: `#${id}` }, h('span', { class: 'method' }, String(index + 1)), h('span', {}, title))),
		element: h('article', { class: 'operation step', id, 'aria-labelledby': `${id}-title` },
			heading(id, `${index + 1}. ${title}`), h('p', {}, prose(text)), copyable('Shell', code, id, title)),
	}));

	return sectionOf({ id: 'first-steps', name: 'First steps', entries,
		description: 'From new keys to live mail in one shell, block by block. The curl of the calls below goes on in it.' });
}

/* A tag: its place in the contents, its section, and both of each operation. */
function partOf(api, { name, description }, operations) {
	const id = `about-${name.toLowerCase().replaceAll(' ', '-')}`; // operations have names like "messages", too
	const entries = operations.map((operation) => ({
		words: [name, ...api.words(operation)].join(' ').toLowerCase(),
		link: h('li', {}, h('a', { href: `#${operation.id}` }, methodBadge(operation.method), h('span', {}, operation.summary))),
		element: operationCard(api, operation),
	}));

	return sectionOf({ id, name, description, entries });
}

function sectionOf({ id, name, description = '', entries }) {
	return {
		entries,
		link: h('section', {}, h('h2', {}, h('a', { href: `#${id}` }, name)), h('ul', {}, entries.map(({ link }) => link))),
		element: h('section', { class: 'tag', id, 'aria-labelledby': `${id}-title` },
			h('h2', { id: `${id}-title` }, name), h('p', { class: 'lead' }, prose(description)), entries.map(({ element }) => element)),
	};
}

function filterField(changed) {
	return h('input', { type: 'search', 'aria-label': 'Filter operations', placeholder: 'Path, member or error code', autocomplete: 'off', spellcheck: 'false',
		oninput: ({ target }) => changed(target.value) });
}

/** Shows what has all the words, and says how much that is. */
function filter(parts, head, found, text) {
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
	head.hidden = wanted.length > 0;
	replace(found, wanted.length > 0 && (shown === 0 ? 'Nothing has these words.' : `${shown} found`));
}

offerDemo(document.querySelectorAll('.page-head a[href="/demo"]'));
start().catch((error) => {
	replace(place, h('main', {}, h('h1', {}, 'REST API'), h('p', { class: 'form-error', role: 'alert' }, wordsOf(error).what)));
});
