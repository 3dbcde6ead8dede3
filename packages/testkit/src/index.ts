export * from './random.ts';
export * from './s3/fake-s3.ts';
export * from './scenario.ts';
