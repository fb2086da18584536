// What a person does on the chat page.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { waitUntil } from './server.mjs';

const ORDINALS = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh'];

// "the third of the 7 groups": 2
export const groupAsked = (label) => ORDINALS.findIndex((word) => label.includes(word));

export class Person {
	constructor(page, username, code) {
		this.page = page;
		this.username = username;
		this.code = code; // the recovery code, in groups
	}

	// A new account, with its recovery code kept.
	static async register(browser, url, username) {
		const page = await browser.page(url);
		await page.getByLabel('Username').fill(username);
		await page.getByRole('button', { name: 'Create account' }).click();
		const person = new Person(page, username, await codeOn(page));
		await page.getByRole('button', { name: 'I have saved it' }).click();
		await person.typeGroup();
		await person.online();
		return person;
	}

	// The group that the page asks for.
	async typeGroup() {
		const label = await this.page.locator('label[for=group]').textContent();
		await this.page.locator('#group').fill(this.code[groupAsked(label)].toLowerCase());
		await this.page.getByRole('button', { name: 'Continue' }).click();
	}

	online() { return this.page.locator('.connection[data-state=online]').first().waitFor({ state: 'attached' }); }

	// By the field that finds people.
	async find(username) {
		await this.page.getByRole('searchbox').fill(username);
		await this.page.getByRole('searchbox').press('Enter');
		await this.page.getByRole('heading', { name: username }).first().waitFor();
	}

	// By the list.
	async open(username) {
		await this.row(username).click();
		await this.page.getByRole('heading', { name: username }).first().waitFor();
	}

	row(username) { return this.page.locator('.person', { hasText: username }); }

	async write(text) {
		const field = this.page.getByPlaceholder('Message');
		await field.fill(text);
		await field.press('Enter');
	}

	// A message of the open conversation.
	message(text) { return this.page.locator('.message', { hasText: text }); }

	// It is there, in that state.
	async sees(text, state) {
		await this.page.locator(`.message[data-state=${state}]`, { hasText: text }).waitFor();
	}

	// An entry of the menu of the account, or of the person that one talks with.
	async account(entry) {
		await this.page.locator('.account-button').click();
		await this.page.getByRole('button', { name: entry }).click();
	}

	async about(entry) {
		await this.page.getByRole('button', { name: /^About / }).click();
		await this.page.getByRole('dialog').getByRole('button', { name: entry }).click();
	}

	async safetyNumber() {
		await this.about('Safety number');
		await this.page.locator('.digits li').first().waitFor();
		const digits = await this.page.locator('.digits li').allTextContents();
		return digits.join(' ');
	}
}

// So many there are, or will be.
export const there = (locator, count = 1) => waitUntil(async () => await locator.count() === count);

export async function codeOn(page) {
	await page.locator('.code li').first().waitFor();
	return page.locator('.code li').allTextContents();
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

// Colours on their way to others are no colours that somebody chose.
const settled = () => Promise.allSettled(document.getAnimations()
	.filter((animation) => animation.effect.getComputedTiming().endTime < Infinity)
	.map((animation) => animation.finished));

// What axe finds against WCAG 2.2 A and AA and good practice: a line each.
export async function barriers(page) {
	await page.evaluate(`${axe}; undefined`);
	await page.evaluate(settled);
	const { violations } = await page.evaluate(() => globalThis.axe.run(document, {
		runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
	return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary}`));
}
