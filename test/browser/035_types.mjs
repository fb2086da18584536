// e2emsg.d.ts: sound TypeScript, usable as docs/web.md uses it, and with just
// the members that the module has.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { scratchFolder, TOP } from './lib/server.mjs';
import { createClient, E2emsgError } from '../../gateway/web/e2emsg.js';
import { EVENTS } from '../../gateway/web/client/events.js';
import { MemoryStore } from '../web/lib/memory_store.mjs';
import { done, ok } from '../client/lib/tap.mjs';

const DECLARATIONS = join(TOP, 'gateway/web/e2emsg.d.ts');
const USAGE = join(TOP, 'gateway/web/usage.ts'); // in memory alone
const usage = `
import { createClient, E2emsgError, type Message } from './e2emsg.js';
const client = await createClient({ server: 'https://chat.example.org' });
if (!client.account) {
	const { recoveryCode } = await client.register('alice');
	recoveryCode.split('-');
}
const end = client.on('message', (message: Message) => message.text?.toUpperCase());
client.on('keylog', ({ problem }) => problem?.length);
await client.connect();
try {
	const sent = await client.send('bob', 'Hello.');
	sent.state === 'sent';
} catch (error) {
	if (error instanceof E2emsgError && error.code === 'untrusted_identity') await client.acceptKeyChange('bob');
}
end();
// @ts-expect-error: no such event
client.on('nothing', () => {});
// @ts-expect-error: a text, please
await client.send('bob', 5);
`;

const options = { strict: true, noEmit: true, target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext,
	moduleResolution: ts.ModuleResolutionKind.NodeNext, lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'], types: [] };
const host = ts.createCompilerHost(options);
const { getSourceFile, fileExists } = host;
host.fileExists = (name) => name === USAGE || fileExists(name);
host.getSourceFile = (name, ...more) => (name === USAGE
	? ts.createSourceFile(name, usage, options.target) : getSourceFile(name, ...more));
const program = ts.createProgram([DECLARATIONS, USAGE], options, host);
const diagnose = (checked) => ts.getPreEmitDiagnostics(checked).map(({ file, start, code, messageText }) =>
	`${file?.fileName}:${file ? file.getLineAndCharacterOfPosition(start).line + 1 : 0} TS${code} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`);
const told = diagnose(program);
ok(told.length === 0, 'the declarations and what uses them', told.join('\n'));

// ---- imported from the gateway, with the settings of docs/web.md

const manual = readFileSync(join(TOP, 'docs/web.md'), 'utf8');
const [, quick] = manual.match(/^```js\n(.*?)^```/ms);
const [, settings] = manual.match(/^```json\n(.*?)^```/ms);
const folder = scratchFolder();
mkdirSync(join(folder, 'types'));
copyFileSync(DECLARATIONS, join(folder, 'types/e2emsg.d.ts'));

// What the compiler says of the first example with these settings, and more.
function compile({ compilerOptions }, more = '') {
	writeFileSync(join(folder, 'app.ts'), `declare function show(code: string): void;\n${quick}${more}`);
	const { options: found, fileNames, errors } = ts.parseJsonConfigFileContent({ compilerOptions: { noEmit: true, ...compilerOptions } }, ts.sys, folder);
	return [...errors.map(({ messageText }) => messageText), ...diagnose(ts.createProgram(fileNames, found))];
}

const configuration = JSON.parse(settings);
const fine = compile(configuration);
ok(fine.length === 0, 'an import from the gateway has types', fine.join('\n'));
ok(/TS2345/.test(compile(configuration, "client.send('bob', 5);")), 'which are kept to');
const { paths, ...rest } = configuration.compilerOptions;
ok(paths && /TS2307/.test(compile({ compilerOptions: rest })), 'and none without "paths"');

// ---- what the module has

const checker = program.getTypeChecker();
const declared = new Map(checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(DECLARATIONS)))
	.map((symbol) => [symbol.name, symbol]));

// Members with how many parameters they take; undefined for values.
function membersOf(name) {
	const type = checker.getDeclaredTypeOfSymbol(declared.get(name));
	return type.getProperties().map((symbol) => {
		const [signature] = checker.getTypeOfSymbol(symbol).getCallSignatures();
		return `${symbol.name} ${signature?.parameters.length}`;
	}).sort();
}

const client = await createClient({ server: 'http://127.0.0.1:1', store: new MemoryStore() });
const prototype = Object.getPrototypeOf(client);
const real = Object.entries(Object.getOwnPropertyDescriptors(prototype)).filter(([name]) => name !== 'constructor')
	.map(([name, { value }]) => `${name} ${value?.length}`).sort();
const wanted = membersOf('Client');
ok(real.join() === wanted.join(), 'Client: every member, and no other',
	`only in the module: ${real.filter((one) => !wanted.includes(one))}\nonly declared: ${wanted.filter((one) => !real.includes(one))}`);

const eventsDeclared = membersOf('Events').map((member) => member.split(' ')[0]);
ok(eventsDeclared.join() === [...EVENTS].sort().join(), 'Events: every event, and no other', eventsDeclared.join());

const error = new E2emsgError('offline', 'the server does not answer', { status: 503, retryAfter: 1, username: 'bob' });
const fields = Object.keys(error).filter((name) => !['name', 'message', 'stack', 'cause'].includes(name));
const declaredFields = membersOf('E2emsgError').map((member) => member.split(' ')[0]);
ok(fields.length > 0 && fields.every((field) => declaredFields.includes(field)), 'E2emsgError: its fields are declared', fields.join());
const values = [...declared.values()].filter((symbol) => symbol.flags & ts.SymbolFlags.Value).map(({ name }) => name).sort();
ok(values.join() === Object.keys(await import('../../gateway/web/e2emsg.js')).sort().join(), 'the module exports what is declared', values.join());
await client.close();
done();
