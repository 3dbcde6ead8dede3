// `npm run bench`: names every measurement; `npm run bench -- flag-read` runs one, `-- all` runs them one after another.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

const folder = import.meta.dirname;
const claims = ['.', 'statistics']
  .flatMap((place) => readdirSync(path.join(folder, place)).map((name) => path.join(place, name)))
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && isProgram(path.basename(file, '.ts')))
  .sort();
const [wanted, ...rest] = process.argv.slice(2);

if (wanted === undefined) {
  console.log(
    `One file a claim; results go to bench/results.\n\n${claims.map((file) => `  ${nameOf(file)}`).join('\n')}\n`,
  );
  console.log('npm run bench -- <name> [arguments], or npm run bench -- all');
  process.exit(0);
}
const chosen = claims.filter((file) => wanted === 'all' || nameOf(file) === wanted);
if (chosen.length === 0) {
  console.error(`There is no measurement "${wanted}". There are: ${claims.map(nameOf).join(', ')}.`);
  process.exit(2);
}
const failed = chosen.filter((file) => {
  console.log(`\n${nameOf(file)}`);
  return (
    spawnSync(process.execPath, [...process.execArgv, path.join(folder, file), ...rest], { stdio: 'inherit' })
      .status !== 0
  );
});
process.exit(failed.length === 0 ? 0 : 1);

function nameOf(file: string): string {
  return file.replace(/\.ts$/, '').replace(/^statistics\//, 'statistics/');
}

/** Parts that the programs share are not programs. */
function isProgram(name: string): boolean {
  const parts = ['run', 'random', 'rules', 'users', 'report', 'traffic'];
  return !parts.includes(name);
}
