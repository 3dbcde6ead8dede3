// One backup with its drill, in a process that `bench/backup-faults.ts` kills at some moment: `cycle.ts FOLDER`.
import path from 'node:path';
import { openWorld } from './world.ts';

const [folder = ''] = process.argv.slice(2);
const world = await openWorld({ folder, catalogue: path.join(folder, 'catalogue.db') });
// Each time a step begins or ends it is written down, and the parent is told, which may be the end of this process.
const { catalogue } = world.backups.context;
const { saveOperation } = catalogue;
catalogue.saveOperation = async (operation) => {
  await saveOperation(operation);
  const step = operation.steps.at(-1);
  process.send?.(step === undefined ? operation.state : `${step.name} ${step.state}`);
};
const started = await world.backups.backup({ source: 'bot', drill: true }, 'bench');
await world.backups.operations.ended(started.id);
await world.close();
process.disconnect();
