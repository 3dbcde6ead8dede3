import {
  accessSync,
  constants,
  existsSync,
  readdirSync,
  readFileSync,
  statfsSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { randomUUID } from 'node:crypto';
import net from 'node:net';
import path from 'node:path';
import { fail, type HealthCheck, pass, warn } from '../types.ts';

/** Free space and inodes of the disk that a folder is on. */
export function diskCheck(
  folder: string,
  limits: { readonly minFreeBytes?: number; readonly minFreeShare?: number } = {},
): HealthCheck {
  const { minFreeBytes = 500_000_000, minFreeShare = 0.05 } = limits;
  return {
    name: `disk.${folder}`,
    title: `Room on the disk of ${folder}`,
    critical: true,
    cheap: true,
    run() {
      if (!existsSync(folder)) return fail('missing', `${folder} does not exist`, `Create it: mkdir -p ${folder}`);
      const { bavail, blocks, bsize, ffree, files } = statfsSync(folder);
      const free = bavail * bsize;
      const share = blocks === 0 ? 1 : bavail / blocks;
      const text = `${Math.round(free / 1e6)} MB free, ${Math.round(100 * share)}%`;
      if (free < minFreeBytes) return fail('disk-full', `only ${text}`, 'Make room, or lower minFreeBytes.');
      // File systems without inodes say 0 of 0.
      if (files > 0 && ffree / files < 0.01)
        return fail('inodes', `only ${ffree} of ${files} inodes are free`, 'Delete small files.');
      return share < minFreeShare ? warn('disk-low', `only ${text}`, 'Make room soon.') : pass(text, free, 'By');
    },
  };
}

/** Whether a file can be written in a folder, and read and deleted again. */
export function writableCheck(folder: string): HealthCheck {
  return {
    name: `writable.${folder}`,
    title: `${folder} can be written`,
    critical: true,
    run() {
      if (!existsSync(folder)) return fail('missing', `${folder} does not exist`, `Create it: mkdir -p ${folder}`);
      if (!statSync(folder).isDirectory()) return fail('no-folder', `${folder} is a file`, 'Name a folder.');
      const file = path.join(folder, `.belay-check-${randomUUID()}`);
      try {
        accessSync(folder, constants.W_OK);
        writeFileSync(file, 'ok');
        unlinkSync(file);
        return pass('a file was written and deleted');
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        return fail('not-writable', why, 'Let the user of the process own the folder.');
      }
    },
  };
}

const DEFAULT_SECRETS = new Set([
  'changeme',
  'change-me',
  'secret',
  'password',
  'admin',
  'default',
  'test',
  '123456',
  'example',
  'postgres',
]);

/** Settings that must be there; `secret` ones must not be a default or short. */
export function settingCheck(
  variable: string,
  rules: {
    readonly secret?: boolean;
    readonly url?: boolean;
    readonly number?: readonly [least: number, most: number];
  } = {},
): HealthCheck {
  const mend = (what: string): string => `Set ${variable} to ${what}.`;
  return {
    name: `setting.${variable}`,
    title: `Setting ${variable}`,
    critical: true,
    startupOnly: true,
    run() {
      const value = process.env[variable]?.trim() ?? '';
      if (value === '') return fail('missing', `${variable} is not set`, mend('a value'));
      if (rules.secret === true) {
        const isDefault = DEFAULT_SECRETS.has(value.toLowerCase()) || /^(.)\1*$/.test(value);
        if (isDefault)
          return fail('default-secret', `${variable} still has a default`, mend('a random text: openssl rand -hex 32'));
        if (value.length < 16)
          return fail(
            'short-secret',
            `${variable} has ${value.length} characters`,
            mend('at least 16 random characters'),
          );
        return pass(`${value.length} characters`);
      }
      if (rules.url === true && !URL.canParse(value))
        return fail('no-url', `${variable} is no address`, mend('an address such as https://shop.example'));
      if (rules.number !== undefined) {
        const [least, most] = rules.number;
        const number = Number(value);
        if (!(number >= least && number <= most))
          return fail(
            'no-number',
            `${variable} is no number from ${least} to ${most}`,
            mend(`a number from ${least} to ${most}`),
          );
      }
      return pass('is set');
    },
  };
}

/** Whether a port is free before the service listens on it. */
export function portCheck(port: number, host = '0.0.0.0'): HealthCheck {
  return {
    name: `port.${port}`,
    title: `Port ${port} is free`,
    critical: true,
    startupOnly: true,
    run: () =>
      new Promise((resolve) => {
        const server = net.createServer();
        server.once('error', (error: NodeJS.ErrnoException) => {
          const cause = error.code === 'EACCES' ? 'not-allowed' : 'port-taken';
          resolve(fail(cause, error.message, 'Stop the other program, or choose another port.'));
        });
        server.listen(port, host, () => server.close(() => resolve(pass('nobody listens there'))));
      }),
  };
}

/** Feature modules that must be loaded: declared names against those that are there. */
export function modulesCheck(declared: readonly string[], loaded: () => readonly string[]): HealthCheck {
  return {
    name: 'modules',
    title: 'Modules are loaded',
    critical: true,
    run() {
      const present = new Set(loaded());
      const missing = declared.filter((name) => !present.has(name));
      if (missing.length === 0) return pass(`${declared.length} modules`, declared.length);
      return fail(
        'module-missing',
        `not loaded: ${missing.join(', ')}`,
        'Look into the log for why they did not load.',
      );
    },
  };
}

/** Version of Node, as `package.json` asks for it. */
export function nodeVersionCheck(least: string): HealthCheck {
  return {
    name: 'node-version',
    title: `Node ${least} or newer`,
    critical: true,
    startupOnly: true,
    run() {
      const isOld = compareVersions(process.versions.node, least) < 0;
      return isOld
        ? fail('old-node', `this is Node ${process.versions.node}`, `Install Node ${least} or newer.`)
        : pass(process.versions.node);
    },
  };
}

/** Open files against the limit of the process; Linux only, elsewhere it passes without a figure. */
export function openFilesCheck(mostShare = 0.8): HealthCheck {
  return {
    name: 'open-files',
    title: 'Open files',
    cheap: true,
    run() {
      if (!existsSync('/proc/self/fd')) return pass('not known on this system');
      const open = readdirSync('/proc/self/fd').length;
      const limit = openFilesLimit();
      if (limit !== null && open > limit * mostShare)
        return fail(
          'too-many-files',
          `${open} of ${limit} are open`,
          'Look for what is not closed, or raise ulimit -n.',
        );
      return pass(limit === null ? `${open} are open` : `${open} of ${limit} are open`, open);
    },
  };
}

/** The soft limit; reading it costs one small file. */
function openFilesLimit(): number | null {
  const line = readFileSync('/proc/self/limits', 'utf8')
    .split('\n')
    .find((text) => text.startsWith('Max open files'));
  const soft = Number(line?.slice(14).trim().split(/\s+/)[0]);
  return Number.isInteger(soft) ? soft : null;
}

/** Below 0 when `a` is older than `b`; each is `1.2.3`. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map((part) => Number.parseInt(part, 10) || 0));
  for (let at = 0; at < 3; at += 1) {
    const difference = (left?.[at] ?? 0) - (right?.[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
