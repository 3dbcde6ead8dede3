export * from './body-tokens.ts';
export * from './log-expression.ts';
export * from './log-template.ts';
export * from './parse-log-query.ts';
