export { ACTS } from './acts.js';
export { LONGEST_PING_MS, measure, type Finding, type Measured } from './measure.js';
export { FULL, QUICK, type Shape } from './shapes.js';
export { ServerWatch } from './watch.js';
