export * from './auto-restore.ts';
export * from './backup-copy.ts';
export * from './clock-trust.ts';
export * from './require-safe-plan.ts';
export * from './retention-plan.ts';
