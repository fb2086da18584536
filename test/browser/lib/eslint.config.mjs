// What the JavaScript of the whole tree must keep; run from the top folder.
import js from '@eslint/js';
import globals from 'globals';

const strict = {
	'array-callback-return': 'error',
	'default-case-last': 'error',
	eqeqeq: ['error', 'always', { null: 'ignore' }],
	'no-caller': 'error',
	'no-control-regex': 'off', // terminals
	'no-constructor-return': 'error',
	'no-duplicate-imports': 'error',
	'no-eval': 'error',
	'no-extend-native': 'error',
	'no-extra-bind': 'error',
	'no-implied-eval': 'error',
	'no-label-var': 'error',
	'no-lonely-if': 'error',
	'no-new-func': 'error',
	'no-new-wrappers': 'error',
	'no-return-assign': 'error',
	'no-self-compare': 'error',
	'no-sequences': 'error',
	'no-shadow': ['error', { hoist: 'never' }],
	'no-template-curly-in-string': 'error',
	'no-throw-literal': 'error',
	'no-unmodified-loop-condition': 'error',
	'no-unreachable-loop': 'error',
	'no-unused-expressions': 'error',
	'no-unused-vars': ['error', { args: 'after-used', caughtErrors: 'none' }],
	'no-useless-call': 'error',
	'no-useless-rename': 'error',
	'no-useless-return': 'error',
	'no-var': 'error',
	'object-shorthand': ['error', 'properties'],
	'prefer-const': 'error',
	'prefer-promise-reject-errors': 'error',
	radix: 'error',
	yoda: 'error',
};

// Text becomes markup nowhere.
const markup = ['innerHTML', 'outerHTML', 'insertAdjacentHTML', 'setHTMLUnsafe', 'srcdoc', 'createContextualFragment',
	'parseFromString', 'parseHTMLUnsafe'];

const noMarkup = {
	'no-restricted-properties': ['error', ...markup.map((property) => ({ property, message: 'Make nodes and set textContent.' })),
		...['write', 'writeln'].map((property) => ({ object: 'document', property })),
		{ object: 'document', property: 'cookie' }, { object: 'Math', property: 'random', message: 'Use crypto.getRandomValues.' }],
	'no-restricted-syntax': ['error', { selector: "ImportExpression[source.type!='Literal']", message: 'A fixed module.' },
		{ selector: `CallExpression[callee.property.name='setAttribute'] > Literal[value=/^(on|style$|srcdoc$)/i]`,
			message: 'No handlers or styles in attributes.' }],
	'no-script-url': 'error',
	'no-console': 'error',
	'no-alert': 'error',
};

// The modules of cryptography take bytes and return bytes.
const pureGlobals = Object.fromEntries(['crypto', 'TextEncoder', 'TextDecoder', 'Uint8Array', 'DataView', 'ArrayBuffer']
	.map((name) => [name, 'readonly']));

export default [
	{ ignores: ['**/node_modules/', 'gateway/web/vendor/', '**/*.d.ts'] },
	{ linterOptions: { reportUnusedDisableDirectives: 'error' }, languageOptions: { ecmaVersion: 2024 } },
	js.configs.recommended,
	{ rules: strict },
	{
		// no newer syntax: a browser that is too old must get as far as saying so
		files: ['gateway/web/**/*.js'], languageOptions: { ecmaVersion: 2022 },
		rules: { ...noMarkup, 'no-restricted-imports': ['error', { patterns: [{ regex: '^[^.]', message: 'Modules of ours, by relative path.' }] }] },
	},
	{ files: ['gateway/web/**/*.js'], ignores: ['gateway/web/crypto/**'], languageOptions: { globals: globals.browser } },
	{
		files: ['gateway/web/crypto/**'], languageOptions: { globals: pureGlobals },
		rules: { 'no-restricted-imports': ['error', { patterns: [{ regex: '^(?!\\./)', message: 'Modules of cryptography import each other alone.' }] }] },
	},
	{ files: ['test/**/*.mjs'], languageOptions: { globals: globals.node } },
	// these have functions that run inside a page
	{ files: ['test/browser/**/*.mjs', 'test/engines/**/*.mjs', 'test/web/**/*.mjs'], languageOptions: { globals: { ...globals.browser, ...globals.node } } },
];
