export * from './error.ts';
export * from './histogram.ts';
export * from './invariant.ts';
export * from './outcome.ts';
