/**
 * The public API of the packages as text, one declaration after another: `npm run api` writes it to `test/api`.
 * A test compares, so that a public name changes on purpose only.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { root } from './setup.mjs';

export const PACKAGES = /** @type {const} */ (['core', 'nestjs']);

/** Folder of the declarations, which are kept in memory. Below the root, so that `node_modules` is found. */
const EMITTED = join(root, '.api');

/** @param {string} name of a package */
export const snapshotOf = (name) => join(root, 'test/api', `${name}.txt`);

/** @returns {Map<string, string>} name of a package → its public API */
export function publicApis() {
  const declarations = emitDeclarations();
  const options = {
    ...compilerOptions(),
    paths: Object.fromEntries(
      [
        ...PACKAGES.map((name) => [`@leanmq/${name}`, 'index', name]),
        ['@leanmq/core/internal', 'internal', 'core'],
      ].map(([from = '', file = '', name = '']) => [from, [emittedPath(name, `${file}.d.ts`)]]),
    ),
  };
  const entries = PACKAGES.map((name) => emittedPath(name, 'index.d.ts'));
  const program = ts.createProgram(entries, options, hostOver(declarations, options));
  return new Map(PACKAGES.map((name) => [name, apiOf(name, program)]));
}

/** @param {string} name @param {string} file */
const emittedPath = (name, file) => join(EMITTED, 'libs', name, 'src', file);

function compilerOptions() {
  const read = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
  const config = { ...read.config, include: [], files: ['libs/core/src/index.ts'] };
  return ts.parseJsonConfigFileContent(config, ts.sys, root).options;
}

/** @returns {Map<string, string>} path → text */
function emitDeclarations() {
  const program = ts.createProgram(
    PACKAGES.map((name) => join(root, 'libs', name, 'src/index.ts')),
    {
      ...compilerOptions(),
      ...{ noEmit: false, declaration: true, emitDeclarationOnly: true, removeComments: true },
      ...{ outDir: EMITTED, rootDir: root },
    },
  );
  /** @type {Map<string, string>} */
  const emitted = new Map();
  program.emit(undefined, (path, text) => emitted.set(path, text), undefined, true);
  return emitted;
}

/**
 * @param {Map<string, string>} files
 * @param {ts.CompilerOptions} options
 */
function hostOver(files, options) {
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile } = host;
  host.fileExists = (path) => files.has(path) || fileExists(path);
  host.readFile = (path) => files.get(path) ?? readFile(path);
  host.directoryExists = (path) => path.startsWith(EMITTED) || ts.sys.directoryExists(path);
  host.getSourceFile = (path, languageVersion) => {
    const text = host.readFile(path);
    return text === undefined ? undefined : ts.createSourceFile(path, text, languageVersion, true);
  };
  return host;
}

/**
 * @param {string} name
 * @param {ts.Program} program
 */
function apiOf(name, program) {
  const checker = program.getTypeChecker();
  const own = emittedPath(name, '');
  const entry = program.getSourceFile(emittedPath(name, 'index.d.ts'));
  const module = entry && checker.getSymbolAtLocation(entry);
  if (module === undefined) throw new Error(`@leanmq/${name} exports nothing.`);
  /** @type {Map<string, string>} */
  const exported = new Map();
  /** @type {string[]} */
  const passedOn = [];
  /** @type {Map<ts.Symbol, string>} */
  const reached = new Map();
  const seen = new Set();

  /** @param {ts.Symbol} symbol */
  const resolve = (symbol) =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  /** @param {ts.Symbol} symbol */
  const statementsOf = (symbol) => [
    ...new Set(
      (symbol.declarations ?? []).map(statementAround).filter((each) => each !== undefined),
    ),
  ];
  /** @param {ts.Symbol} symbol @returns {string} */
  const render = (symbol) => {
    seen.add(symbol);
    return statementsOf(symbol)
      .map((statement) => {
        const hidden = privateMembers(statement);
        reach(statement, hidden);
        return textWithout(statement, hidden);
      })
      .join('\n');
  };
  /** @param {ts.Node} node @param {readonly ts.Node[]} hidden */
  const reach = (node, hidden) => {
    if (hidden.includes(node)) return;
    if (ts.isIdentifier(node)) {
      const found = checker.getSymbolAtLocation(node);
      const symbol = found && resolve(found);
      const isOwn = symbol?.declarations?.some(
        (each) =>
          statementAround(each) === declarationOf(each) &&
          each.getSourceFile().fileName.startsWith(own),
      );
      if (symbol && isOwn && !seen.has(symbol)) reached.set(symbol, render(symbol));
    }
    ts.forEachChild(node, (child) => reach(child, hidden));
  };

  const symbols = checker
    .getExportsOfModule(module)
    .map((each) => ({ name: each.name, symbol: resolve(each) }));
  for (const { symbol } of symbols) seen.add(symbol);
  for (const { name: as, symbol } of symbols) {
    const isOwn = symbol.declarations?.some((each) =>
      each.getSourceFile().fileName.startsWith(own),
    );
    if (isOwn) exported.set(as, render(symbol));
    else passedOn.push(as);
  }
  const sections = [
    `Public API of @leanmq/${name}. \`npm run api\` writes this file.`,
    ...(passedOn.length > 0
      ? [`// Exported again from another package\n${passedOn.sort().join('\n')}`]
      : []),
    `// Exported\n${sortedTexts([...exported])}`,
    `// Not exported, but part of an exported declaration\n${sortedTexts([...reached].map(([symbol, text]) => [symbol.name, text]))}`,
  ];
  return `${sections.join('\n\n')}\n`;
}

/** @param {[string, string][]} named */
const sortedTexts = (named) =>
  named
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([, text]) => text)
    .join('\n');

/** @param {ts.Node} node @returns {ts.Node | undefined} */
function statementAround(node) {
  let current = node;
  while (!ts.isSourceFile(current.parent)) {
    if (current.parent === undefined) return undefined;
    current = current.parent;
  }
  return current;
}

/** A variable is declared three levels below its statement. @param {ts.Node} node */
const declarationOf = (node) => (ts.isVariableDeclaration(node) ? node.parent.parent : node);

/** @param {ts.Node} statement @returns {readonly ts.Node[]} */
function privateMembers(statement) {
  if (!ts.isClassDeclaration(statement)) return [];
  return statement.members.filter(
    (member) => ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Private,
  );
}

/** @param {ts.Node} node @param {readonly ts.Node[]} parts */
function textWithout(node, parts) {
  const start = node.getStart();
  let text = node.getText();
  for (const part of [...parts].reverse()) {
    text = text.slice(0, part.getFullStart() - start) + text.slice(part.getEnd() - start);
  }
  return text;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(join(root, 'test/api'), { recursive: true });
  for (const [name, api] of publicApis()) writeFileSync(snapshotOf(name), api);
  console.log(`Wrote the public API of ${PACKAGES.join(' and ')} to test/api.`);
}
