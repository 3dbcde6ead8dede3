import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { BelayError } from '@belay/core';
import { exitCode, type ExitCode } from '../exit-code.ts';
import type { CommonFlags, Run } from '../run.ts';

export interface SourcemapsUploadFlags extends CommonFlags {
  readonly release?: string;
  readonly prefix?: string;
}

/** Uploads every source map in a folder. */
export async function sourcemapsUpload(run: Run, flags: SourcemapsUploadFlags, folder: string): Promise<ExitCode> {
  const root = path.resolve(run.world.cwd, folder);
  const maps = await mapsIn(root);
  if (maps.length === 0) {
    throw new BelayError('request.invalid', `There is no source map (*.map) in ${folder}.`, {
      hint: 'Let the bundler write them: build.sourcemap of Vite, --sourcemap of esbuild, devtool of webpack.',
    });
  }
  const api = await run.api();
  const uploaded = [];
  for (const map of maps) {
    const bytes = await readFile(path.join(root, map));
    const debugId = debugIdOf(bytes.toString('utf8'));
    const place = `${flags.prefix ?? '~'}/${map.replaceAll(path.sep, '/').replace(/\.map$/u, '')}`;
    const release = flags.release === undefined ? {} : { release: flags.release };
    const body = {
      file: place,
      map: gzipSync(bytes).toString('base64'),
      ...release,
      ...(debugId === undefined ? {} : { debugId }),
    };
    uploaded.push(await api.call('sourceMapUpload', { body }));
    run.output.line(place);
  }
  run.output.answer({ items: uploaded }, () => `${uploaded.length} source maps are uploaded.`);
  return exitCode.done;
}

async function mapsIn(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && /\.[cm]?js\.map$/u.test(entry.name))
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
    .toSorted();
}

/** Bundlers write the id into the map; older ones under another name. */
function debugIdOf(text: string): string | undefined {
  try {
    const map: unknown = JSON.parse(text);
    const { debugId, debug_id: older } = Object(map) as Record<string, unknown>;
    return typeof debugId === 'string' ? debugId : typeof older === 'string' ? older : undefined;
  } catch {
    // The server says what is wrong with it.
    return undefined;
  }
}
