/**
 * Two projects: `unit` needs nothing, `broker` runs against a real Redis.
 * Start it with `npm test`; Jest by itself lacks the flag for ES modules.
 */

import { availableParallelism } from 'node:os';

/** @type {import('jest').Config} */
const shared = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleFileExtensions: ['js', 'ts', 'mjs', 'cjs', 'json', 'node'],
  moduleNameMapper: {
    '^@leanmq/([^/]+)/internal$': '<rootDir>/libs/$1/src/internal.ts',
    '^@leanmq/([^/]+)$': '<rootDir>/libs/$1/src/index.ts',
    // TypeScript sources name the .js file that they will become.
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  modulePathIgnorePatterns: ['<rootDir>/test/packages/', '/dist/'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      {
        swcrc: false,
        sourceMaps: 'inline',
        module: { type: 'es6' },
        jsc: {
          target: 'es2022',
          keepClassNames: true,
          parser: { syntax: 'typescript', decorators: true },
          transform: {
            legacyDecorator: true,
            decoratorMetadata: true,
            useDefineForClassFields: false,
            verbatimModuleSyntax: true,
          },
        },
      },
    ],
  },
};

/** @type {import('jest').Config} */
export default {
  testTimeout: 30_000,
  // Broker tests mostly wait, so that two share even a single processor well.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  reporters: ['default', '<rootDir>/test/setup/end-reporter.mjs'],
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: [
        '<rootDir>/libs/*/src/**/*.spec.ts',
        '<rootDir>/bench/**/*.spec.ts',
        '<rootDir>/test/**/*.spec.{ts,mjs}',
        '<rootDir>/tools/**/*.spec.mjs',
      ],
    },
    {
      ...shared,
      displayName: 'broker',
      testMatch: ['<rootDir>/test/**/*.test.ts'],
      globalSetup: '<rootDir>/test/setup/redis-up.mjs',
      globalTeardown: '<rootDir>/test/setup/redis-down.mjs',
    },
  ],
};
