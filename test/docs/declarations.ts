import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import ts from 'typescript';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Exports of a package's entry point, as the compiler reads them. */
export class Declarations {
  private readonly program: ts.Program;
  private readonly checker: ts.TypeChecker;
  private readonly exported: ReadonlyMap<string, ts.Symbol>;

  /** @param entry from the root of the repository */
  constructor(entry: string) {
    const read = ts.readConfigFile(`${root}tsconfig.json`, (path) => ts.sys.readFile(path));
    const { options } = ts.parseJsonConfigFileContent(
      { ...(read.config as object), include: [], files: [entry] },
      ts.sys,
      root,
    );
    this.program = ts.createProgram([`${root}${entry}`], options);
    this.checker = this.program.getTypeChecker();
    const source = this.program.getSourceFile(`${root}${entry}`);
    const module = source && this.checker.getSymbolAtLocation(source);
    if (module === undefined) throw new Error(`${entry} exports nothing.`);
    this.exported = new Map(
      this.checker.getExportsOfModule(module).map((each) => [each.name, this.resolve(each)]),
    );
  }

  /** The names of a type's properties. */
  keysOf(name: string): string[] {
    return this.checker.getPropertiesOfType(this.typeOf(name)).map((each) => each.name);
  }

  /** The members of a union of strings. */
  wordsOf(name: string): string[] {
    return this.namesIn(this.typeOf(name));
  }

  /** For each property of a type, what its value may consist of: words to choose from, and names of our own. */
  partsOf(name: string): Map<string, string[]> {
    const properties = this.checker.getPropertiesOfType(this.typeOf(name));
    return new Map(
      properties.map((each) => [each.name, this.namesIn(this.checker.getTypeOfSymbol(each))]),
    );
  }

  /** For each property of a type whose values are lists of one object, the names of what this object has. */
  carriedBy(name: string): Map<string, string[]> {
    const properties = this.checker.getPropertiesOfType(this.typeOf(name));
    return new Map(
      properties.map((each) => {
        const list = this.checker.getTypeOfSymbol(each) as ts.TypeReference;
        const [carried] = this.checker.getTypeArguments(list);
        if (carried === undefined) throw new Error(`${name}.${each.name} is no list.`);
        return [each.name, this.checker.getPropertiesOfType(carried).map((one) => one.name)];
      }),
    );
  }

  /** The exported classes of errors. */
  get errors(): string[] {
    return [...this.exported]
      .filter(([name, symbol]) => name.endsWith('Error') && symbol.flags & ts.SymbolFlags.Class)
      .map(([name]) => name);
  }

  private typeOf(name: string): ts.Type {
    const symbol = this.exported.get(name);
    if (symbol === undefined) throw new Error(`"${name}" is not exported.`);
    return this.checker.getDeclaredTypeOfSymbol(symbol);
  }

  private resolve(symbol: ts.Symbol): ts.Symbol {
    return symbol.flags & ts.SymbolFlags.Alias ? this.checker.getAliasedSymbol(symbol) : symbol;
  }

  private namesIn(type: ts.Type): string[] {
    if (type.isUnion()) return [...new Set(type.types.flatMap((each) => this.namesIn(each)))];
    if (type.isStringLiteral()) return [type.value];
    if (!(type.flags & ts.TypeFlags.Object)) return [];
    return this.checker
      .getPropertiesOfType(type)
      .filter((each) => each.declarations?.some(isOurs))
      .flatMap((each) => [each.name, ...this.wordsIn(this.checker.getTypeOfSymbol(each))]);
  }

  private wordsIn(type: ts.Type): string[] {
    return type.isUnion() || type.isStringLiteral() ? this.namesIn(type) : [];
  }
}

function isOurs(declaration: ts.Declaration): boolean {
  return declaration.getSourceFile().fileName.startsWith(`${root}libs/`);
}

const CODE = /^[A-Z]{2,}(_[A-Z]+)*$/;

/**
 * The codes of errors and warnings in a folder of sources: what is given to something called `code`, and to the
 * constructor of an error.
 */
export function codesIn(folder: string): string[] {
  const files = readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' });
  const sources = files.filter((file) => /(?<!\.spec|\.generated)\.ts$/.test(file));
  const codes = new Set<string>();
  for (const file of sources) {
    const text = readFileSync(`${root}${folder}/${file}`, 'utf8');
    const visit = (node: ts.Node): void => {
      for (const place of placesOfCodes(node)) {
        for (const literal of literalsIn(place)) if (CODE.test(literal)) codes.add(literal);
      }
      ts.forEachChild(node, visit);
    };
    visit(ts.createSourceFile(file, text, ts.ScriptTarget.ES2022));
  }
  return [...codes];
}

function placesOfCodes(node: ts.Node): readonly ts.Node[] {
  const isNamed = ts.isPropertyAssignment(node) || ts.isVariableDeclaration(node);
  if (isNamed && ts.isIdentifier(node.name) && node.name.text === 'code') {
    return node.initializer === undefined ? [] : [node.initializer];
  }
  const isMade = ts.isNewExpression(node) && ts.isIdentifier(node.expression);
  if (isMade && node.expression.text.endsWith('Error')) return node.arguments?.slice(0, 1) ?? [];
  const isSuper = ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.SuperKeyword;
  return isSuper ? node.arguments.slice(0, 1) : [];
}

function literalsIn(node: ts.Node): string[] {
  if (ts.isStringLiteral(node)) return [node.text];
  const found: string[] = [];
  ts.forEachChild(node, (child) => {
    found.push(...literalsIn(child));
  });
  return found;
}
