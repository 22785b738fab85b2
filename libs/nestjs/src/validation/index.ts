export { classValidation, type ClassValidation } from './class-validation.js';
export { PayloadValidation } from './payload-validation.js';
export { describeViolations } from './violations.js';
