export { captureOnExpress } from './express-capture.js';
export { captureOnFastify, restoreContentType } from './fastify-capture.js';
export { nodeRequestOf, rawBodyOf } from './raw-bodies.js';
export { hasFastifyMark, markRawBody, rawBodyMarkOf, type RawBodyMark } from './raw-body-mark.js';
export { unavailable } from './unavailable.js';
