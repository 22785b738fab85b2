export { beginInbound, freeInbound, inboundKey, type InboundDecision } from './inbound-marks.js';
