export * from './check-state.ts';
export * from './dead-man.ts';
export * from './incident-book.ts';
export * from './noise-rules.ts';
export * from './proof.ts';
