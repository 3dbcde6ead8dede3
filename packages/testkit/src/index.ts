export * from './random.ts';
export * from './scenario.ts';
