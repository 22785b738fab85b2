/**
 * Entry `@leanmq/core/internal`: what LeanMQ's own packages share. It is not part of the public API and may change in any
 * release.
 */
export { Events } from './events.js';
export { displayPath, normalizePath } from './message/index.js';
export { known as assertKnownOptions, type ForeignNames } from './option-values.js';
export { assertOptionNames } from './options.js';
export { defineScript, listOf, oneOf, type Script, type ScriptArgument } from './redis/index.js';
export { printableStack, show, toError } from './show.js';
export { reportWarning } from './wiring/index.js';
