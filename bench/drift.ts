// How often harmless signals are in alarm, and how long a shift goes unseen: the tables of statistics 4.1, 4.2 and 4.3.
// Of the detectors of 4.2 those that Belay does not use (many horizons, e-SR) are left out.
import { placeboRows } from './drift/placebo-rows.ts';
import { seasonRows } from './drift/season-rows.ts';
import { naiveRows, resolvableRows, watchRows } from './drift/watch-rows.ts';
import { publish, readArguments } from './statistics/report.ts';

const { replications, seed } = readArguments({ replications: 150, seed: 1 });
const rows = [seasonRows, watchRows, resolvableRows, naiveRows, placeboRows].flatMap((rowsOf) =>
  rowsOf(seed, replications),
);
publish({ name: 'drift', rows, seed, replications });
