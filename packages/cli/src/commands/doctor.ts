import { statfs } from 'node:fs/promises';
import type { InstanceView, StatusView } from '@belay/protocol';
import { findCredentials } from '../connection.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import { CliFailure } from '../failure.ts';
import { failureOf } from '../failure-of.ts';
import type { CommonFlags, Run } from '../run.ts';
import type { Finding } from './doctor-finding.ts';
import { ownSignalFindings } from './doctor-own-signals.ts';

const CLOCK_SKEW_LIMIT_MS = 5_000;
const FREE_DISK_LIMIT = 1024 ** 3;
const SILENT_AFTER_MS = 60_000;

/** Looks for everything that commonly goes wrong; each line says how to mend it. Exits 1 when something is broken. */
export async function doctor(run: Run, flags: CommonFlags): Promise<ExitCode> {
  const findings: Finding[] = [checkRuntime(), await checkDisk(run.world.cwd)];
  findings.push(...(await checkServer(run, flags)));
  const isWell = findings.every(({ ok, isWarning = false }) => ok || isWarning);
  run.output.answer({ ok: isWell, findings }, () =>
    findings
      .map(({ name, ok, isWarning = false, detail, mend }) => {
        const bad = isWarning ? run.output.paint('yellow', '!') : run.output.paint('red', '■');
        const mark = ok ? run.output.paint('green', '✓') : bad;
        return `${mark} ${name}: ${detail}${ok || mend === null ? '' : `\n    fix: ${mend}`}`;
      })
      .join('\n'),
  );
  return isWell ? exitCode.done : exitCode.failed;
}

function checkRuntime(): Finding {
  const major = Number(process.versions.node.split('.')[0]);
  return {
    name: 'Node',
    ok: major >= 24,
    detail: `Node ${process.versions.node} on ${process.platform}-${process.arch}`,
    mend: 'npm ci   (in the folder of Belay; it brings Node 24)',
  };
}

async function checkDisk(folder: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  return {
    name: 'Disk',
    ok: free >= FREE_DISK_LIMIT,
    detail: `${(free / 1024 ** 3).toFixed(1)} GiB free in ${folder}`,
    mend: 'free at least 1 GiB; Belay refuses telemetry rather than fill the disk',
  };
}

async function checkServer(run: Run, flags: CommonFlags): Promise<readonly Finding[]> {
  return [
    ...(await look('Server', async () => {
      const { url, origin } = findCredentials(flags, run.world);
      const skew = await checkClock(run, url);
      return [{ name: 'Server', ok: true, detail: `${url} (from ${origin.url})`, mend: null }, skew];
    })),
    ...(await look('Self-check', async () => checkStatus(await (await run.api()).call('status', {})))),
    ...(await look('Own signals', async () => {
      const { items } = await (await run.api()).call('signalList', { query: { service: 'belay', limit: 200 } });
      return ownSignalFindings(items);
    })),
    ...(await look('Services', async () => {
      const { items } = await (await run.api()).call('instanceList', {});
      return [checkInstances(items, run.world.clock.now())];
    })),
  ];
}

/** One look that fails is a finding of its own; the others still happen. */
async function look(name: string, find: () => Promise<readonly Finding[]>): Promise<readonly Finding[]> {
  try {
    return await find();
  } catch (error) {
    const facts = failureOf(error);
    if (facts === undefined) throw error;
    return [{ name, ok: false, detail: `${facts.what} ${facts.why}`, mend: facts.fix }];
  }
}

/** The `Date` header has whole seconds, so a difference under one second cannot be seen. */
async function checkClock(run: Run, url: string): Promise<Finding> {
  const response = await fetch(`${url}/livez`).catch((error: unknown) => {
    throw unreachable(url, error);
  });
  await response.body?.cancel();
  const serverTime = Date.parse(response.headers.get('date') ?? '');
  const skewMs = Math.max(0, Math.abs(serverTime - run.world.clock.now()) - 1000);
  return {
    name: 'Clock',
    ok: !(skewMs > CLOCK_SKEW_LIMIT_MS),
    detail: Number.isNaN(skewMs)
      ? 'the server does not say what time it has'
      : `${Math.round(skewMs / 1000)} s apart from the server`,
    mend: 'switch on time synchronisation (timedatectl set-ntp true)',
  };
}

function unreachable(url: string, error: unknown): CliFailure {
  return new CliFailure(
    {
      code: 'server.unreachable',
      exitCode: exitCode.unreachable,
      what: 'The server cannot be reached.',
      why: `${url} does not answer: ${reasonOf(error)}`,
      fix: 'belay server   (or point --url or BELAY_URL at a running one)',
    },
    error,
  );
}

function checkStatus(status: StatusView): readonly Finding[] {
  const { ingest } = status;
  return [
    { name: 'Version', ok: true, detail: `Belay ${status.version}`, mend: null },
    ...status.checks,
    {
      name: 'Ingest',
      ok: ingest.shed === 0,
      detail: `${ingest.accepted} accepted, ${ingest.refused} refused, ${ingest.shed} shed, ${ingest.late} late`,
      mend: 'the telemetry store cannot keep up: give it a faster disk or more memory',
    },
  ];
}

function checkInstances(instances: readonly InstanceView[], now: number): Finding {
  const live = instances.filter(({ connected, lastSeenAt }) => connected || now - lastSeenAt < SILENT_AFTER_MS);
  const dropped = live.flatMap(({ instance, dropped }) =>
    Object.entries(dropped)
      .filter(([, count]) => count > 0)
      .map(([cause, count]) => `${instance}: ${count} ${cause}`),
  );
  return {
    name: 'Services',
    ok: live.length > 0 && dropped.length === 0,
    detail:
      live.length === 0
        ? 'no service has reported in the last minute'
        : `${live.length} instances seen in the last minute${dropped.length > 0 ? `; dropped: ${dropped.join(', ')}` : ''}`,
    mend:
      live.length === 0 ? 'belay init   (in the folder of your service)' : 'read docs/reference/sdk.md about buffers',
  };
}

/** fetch tells the reason in `cause`. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
