import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { exitCode, type ExitCode } from '../exit-code.ts';
import { CliFailure } from '../failure.ts';
import { detectProject, type Project } from '../init/detect-project.ts';
import { codePath, type StarterFile, starterFiles, usageLines } from '../init/starter-files.ts';
import type { CommonFlags, Run } from '../run.ts';

export interface InitFlags extends CommonFlags {
  readonly yes: boolean;
  readonly flag?: string;
  readonly service?: string;
}

interface Step {
  readonly what: string;
  readonly command: string;
}

const CLONE = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../..');

/** Sets a service up: shows what it would write, writes it, and says what to do next. Never overwrites a file. */
export async function init(run: Run, flags: InitFlags): Promise<ExitCode> {
  const { cwd } = run.world;
  const project = await readProject(run, flags);
  const flag = flags.flag ?? `${project.service}.first-change`;
  const files = starterFiles({ project, flag, schema: schemaPath(cwd) });
  const wanted = files.filter((file) => !existsSync(path.join(cwd, file.path)));
  const kept = files.filter((file) => !wanted.includes(file));
  show(run, project, { wanted, kept });
  if (wanted.length > 0 && !flags.yes) await confirm(run);
  for (const file of wanted) {
    await mkdir(path.dirname(path.join(cwd, file.path)), { recursive: true });
    await writeFile(path.join(cwd, file.path), file.content, { flag: 'wx' });
  }
  const next = nextSteps(project, flag);
  const document = {
    ...project,
    flag,
    written: wanted.map((file) => file.path),
    kept: kept.map((file) => file.path),
    next,
  };
  run.output.answer(document, () =>
    ['Do this next:', ...next.flatMap(({ what, command }, index) => [`${index + 1}. ${what}`, `     ${command}`])].join(
      '\n',
    ),
  );
  return exitCode.done;
}

async function readProject(run: Run, flags: InitFlags): Promise<Project> {
  const project = await detectProject(run.world.cwd).catch((error: unknown) => {
    throw noProject(run.world.cwd, error instanceof Error ? error.message : String(error));
  });
  if (project === undefined) throw noProject(run.world.cwd, 'It does not exist.');
  return flags.service === undefined ? project : { ...project, service: flags.service };
}

function noProject(cwd: string, why: string): CliFailure {
  return new CliFailure({
    code: 'request.invalid',
    exitCode: exitCode.usage,
    what: 'This is not the folder of a Node service.',
    why: `${path.join(cwd, 'package.json')}: ${why}`,
    fix: 'cd <your service> && belay init   (or first: npm init -y)',
  });
}

function show(
  run: Run,
  project: Project,
  files: { wanted: readonly StarterFile[]; kept: readonly StarterFile[] },
): void {
  const framework = project.framework === 'node' ? 'Node' : project.framework;
  run.output.line(`${project.service}: a ${framework} service, installed with ${project.packageManager}.`);
  for (const file of files.kept) run.output.line(`${file.path} is there already and stays as it is.`);
  for (const file of files.wanted) {
    run.output.line(run.output.paint('dim', `--- /dev/null\n+++ ${file.path}`));
    for (const line of file.content.trimEnd().split('\n')) run.output.line(run.output.paint('green', `+${line}`));
  }
}

async function confirm(run: Run): Promise<void> {
  if (run.world.stdinIsTty && /^(y(es)?)?$/i.test((await run.world.ask('Write this? [Y/n] ')).trim())) return;
  throw new CliFailure({
    code: 'request.invalid',
    exitCode: exitCode.usage,
    what: 'Nothing was written.',
    why: run.world.stdinIsTty ? 'The answer was not "yes".' : 'There is no terminal to ask on, and --yes is missing.',
    fix: 'belay init --yes',
  });
}

function nextSteps(project: Project, flag: string): readonly Step[] {
  const add = project.packageManager === 'npm' ? 'npm install' : `${project.packageManager} add`;
  const [importLine = '', useLine = ''] = usageLines(project, flag);
  const code = codePath(project);
  return [
    { what: 'Install the SDK.', command: `${add} ${path.join(CLONE, 'packages', 'sdk')}` },
    { what: 'Run the server, in a terminal of its own; its data go to ./.belay.', command: 'belay server' },
    { what: 'Make the flag. It is off for everybody.', command: `belay flag set ${flag} --boolean` },
    {
      what: `Put the change behind the flag (${code} is in the same folder).`,
      command: `${importLine}\n     ${useLine}`,
    },
    {
      what: 'Start the service with its address and a key of its own (in place of "npm start": whatever starts it).',
      command: `BELAY_URL=http://127.0.0.1:4600 BELAY_KEY=$(belay token create ${project.service}) npm start`,
    },
    { what: 'See your first request: the service must appear here.', command: 'belay doctor' },
    {
      what: 'After a minute of traffic: see what the rollout would do, and how long its proof takes.',
      command: 'belay rollout plan first-change',
    },
    { what: 'Let the change out, watched.', command: 'belay rollout start first-change --watch' },
  ];
}

/** The schema on disk, so that editors help without a network. */
function schemaPath(cwd: string): string | undefined {
  const schema = path.join(CLONE, 'docs', 'reference', 'belay.schema.json');
  return existsSync(schema) ? path.relative(cwd, schema) : undefined;
}
