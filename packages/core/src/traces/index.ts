export * from './n-plus-one.ts';
export * from './span-node.ts';
export * from './statement-pattern.ts';
export * from './trace-tree.ts';
