export { redactionRules, type RedactionRule } from './redaction-rules.ts';
export { checkOwnPattern, type OwnPattern } from './own-pattern.ts';
export { createRedactor, type RedactionCounts, type RedactionOptions, type Redactor } from './redactor.ts';
