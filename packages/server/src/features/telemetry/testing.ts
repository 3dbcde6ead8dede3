// For tests and benches of other features: an engine with every table, and rows to fill it with.
export {
  generatedLogs,
  generatedSpans,
  openRollupTestbed,
  silent,
  type RollupTestbed,
} from './rollups/rollup-testbed.ts';
export { createRollupMaker } from './rollups/rollup-maker.ts';
