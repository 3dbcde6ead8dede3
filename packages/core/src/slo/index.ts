export * from './error-budget.ts';
