/**
 * Import rules of the repository; `npm run imports` checks them.
 *
 * The rules follow from two pictures. Packages depend downwards only:
 *
 *   apps → any package
 *   cli → core, http        dashboard → nestjs, http
 *   http → nestjs, core     testing → nestjs, core
 *   nestjs → core           core → ioredis, cron-parser
 *
 * And inside the core, the steps in a message's life do not know each other: `leanmq.ts` wires them.
 */

/** Packages that each package may import, besides itself. */
const ARROWS = {
  core: [],
  nestjs: ['core'],
  testing: ['nestjs', 'core'],
  http: ['nestjs', 'core'],
  dashboard: ['nestjs', 'http'],
  cli: ['core', 'http'],
};

const CORE = '^libs/core/src/';
const STEPS = `${CORE}(publish|consume|run|settle|sweep|schedules|manage)/`;
const SPEC = '\\.spec\\.ts$';
const NPM = [
  'npm',
  'npm-dev',
  'npm-peer',
  'npm-optional',
  'npm-bundled',
  'npm-no-pkg',
  'npm-unknown',
];

const packageArrows = Object.entries(ARROWS).map(([name, below]) => ({
  name: `package-${name}`,
  comment: `libs/${name} may import ${below.join(' and ') || 'no other package of this repository'}`,
  severity: 'error',
  from: { path: `^libs/${name}/` },
  to: { path: `^(libs/(?!(${[name, ...below].join('|')})/)|apps/|bench/|test/|tools/)` },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...packageArrows,
    {
      name: 'package-entry',
      comment: 'A package is imported by its name: what it exports is its public entry',
      severity: 'error',
      from: { path: '^(?:libs|apps)/([^/]+)/' },
      to: {
        path: '^libs/',
        pathNot: [
          '^libs/$1/',
          '^libs/[^/]+/(src/(index|internal)|dist/esm/(index|internal)\\.d)\\.ts$',
        ],
      },
    },
    {
      name: 'internal-entry',
      comment:
        "@leanmq/core/internal is for LeanMQ's own packages; applications use what everybody gets",
      severity: 'error',
      from: { path: '^apps/' },
      to: { path: '^libs/[^/]+/(src/internal|dist/(esm|cjs)/internal\\.d)\\.ts$' },
    },
    {
      name: 'package-by-name',
      comment: "Another package's entry is imported by the package's name, not by a path to it",
      severity: 'error',
      from: { path: '^(?:libs|apps)/([^/]+)/' },
      to: {
        path: '^libs/',
        pathNot: '^libs/$1/',
        dependencyTypes: ['local'],
        dependencyTypesNot: ['aliased'],
      },
    },
    {
      name: 'core-third-party',
      comment: 'The core needs ioredis, cron-parser and what Node brings along, and nothing else',
      severity: 'error',
      from: { path: CORE, pathNot: SPEC },
      to: { dependencyTypes: NPM, pathNot: '(^|/)node_modules/(ioredis|cron-parser)/' },
    },
    {
      name: 'core-cron',
      comment: 'Only schedules/ knows cron expressions; see docs/adr/0009',
      severity: 'error',
      from: { path: '^libs/', pathNot: [SPEC, `${CORE}schedules/`] },
      to: { path: '(^|/)node_modules/cron-parser/' },
    },
    {
      name: 'declared-dependencies',
      comment: "What a package imports is in its own package.json, not only in the workspace's",
      severity: 'error',
      from: { path: '^libs/', pathNot: SPEC },
      to: {
        dependencyTypes: ['npm-no-pkg', 'npm-unknown'],
        // An optional peer that is imported dynamically counts as both.
        dependencyTypesNot: ['npm-peer'],
      },
    },
    {
      name: 'core-steps-apart',
      comment: 'A step in the life of a message never imports another; leanmq.ts wires them',
      severity: 'error',
      from: { path: STEPS },
      to: { path: STEPS, pathNot: `${CORE}$1/` },
    },
    {
      name: 'core-steps-import',
      comment:
        'Of the core, a step imports itself, message/, redis/, errors.ts, events.ts, option-values.ts, own-context.ts and within.ts',
      severity: 'error',
      from: { path: STEPS },
      to: {
        path: CORE,
        pathNot: [
          STEPS,
          `${CORE}(message|redis)/`,
          `${CORE}(errors|events|option-values|own-context|within)\\.ts$`,
        ],
      },
    },
    {
      name: 'core-message',
      comment: 'message/ says what a message is, and needs errors.ts and option-values.ts only',
      severity: 'error',
      from: { path: `${CORE}message/` },
      to: { path: CORE, pathNot: [`${CORE}message/`, `${CORE}(errors|option-values)\\.ts$`] },
    },
    {
      name: 'core-message-is-pure',
      comment: 'message/ knows nothing of Redis or of any other package',
      severity: 'error',
      from: { path: `${CORE}message/`, pathNot: SPEC },
      to: { dependencyTypes: NPM },
    },
    {
      name: 'core-redis',
      comment:
        'redis/ imports message/, errors.ts, events.ts, option-values.ts, own-context.ts and within.ts',
      severity: 'error',
      from: { path: `${CORE}redis/` },
      to: {
        path: CORE,
        pathNot: [
          `${CORE}(redis|message)/`,
          `${CORE}(errors|events|option-values|own-context|within)\\.ts$`,
        ],
      },
    },
    {
      name: 'core-composition-root',
      comment:
        'Only leanmq.ts and wiring/ import the steps; options.ts merges their options, index.ts exports their types',
      severity: 'error',
      from: {
        path: `${CORE}[^/]+\\.ts$`,
        pathNot: `${CORE}(leanmq|(handler-)?options|index|internal)\\.ts$`,
      },
      to: { path: STEPS },
    },
    {
      name: 'folder-entry',
      comment:
        "Another folder is imported through its index.ts, which is the folder's public entry",
      severity: 'error',
      from: { path: '^libs/([^/]+)/src/([^/]+)/' },
      to: { path: '^libs/$1/src/[^/]+/', pathNot: ['^libs/$1/src/$2/', '/src/[^/]+/index\\.ts$'] },
    },
    {
      name: 'folder-entry-from-root',
      comment: "A folder is imported through its index.ts, which is the folder's public entry",
      severity: 'error',
      from: { path: '^libs/([^/]+)/src/[^/]+$' },
      to: { path: '^libs/$1/src/[^/]+/', pathNot: '/src/[^/]+/index\\.ts$' },
    },
    {
      name: 'bench-apart',
      comment: 'The benchmark measures the packages; nothing of them knows it',
      severity: 'error',
      from: { path: '^(libs|apps)/' },
      to: { path: '^bench/' },
    },
    {
      name: 'bench-measure',
      comment: 'How something is measured does not depend on what is measured',
      severity: 'error',
      from: { path: '^bench/measure/' },
      to: { path: '^bench/(contestants|works|run|report)/' },
    },
    {
      name: 'no-cycles',
      comment: 'Of two files that import each other, neither can be understood or moved alone',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'resolvable',
      comment: 'What is imported must exist',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(libs|apps)/[^/]+/dist/' },
    // Imports of types are dependencies too, although nothing is left of them at run time.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
