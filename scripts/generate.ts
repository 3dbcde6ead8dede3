import { mkdirSync, readFileSync, writeFileSync, existsSync } from 'node:fs';
import path from 'node:path';
import { schemaSql } from '@belay/server';
import { generateApiReference } from './generators/api-reference.ts';
import { generateBelayYamlReference } from './generators/belay-yaml-reference.ts';
import { generateCliReference } from './generators/cli-reference.ts';
import { generateEndpointPaths } from './generators/endpoint-paths.ts';
import { generateExitCodesReference } from './generators/exit-codes-reference.ts';
import { generateTelemetryTables } from './generators/telemetry-tables.ts';
import { generateConfigSchema, generateErrorsReference, generateOpenApi } from './generators/server-references.ts';

interface Generator {
  /** Path of the file from the repository's root. */
  readonly file: string;
  readonly generate: () => string | Promise<string>;
}

/** Everything in the repository that is made from something else in it. `npm run generate` writes what changed. */
const generators: readonly Generator[] = [
  { file: 'packages/client/src/generated/endpoint-paths.ts', generate: generateEndpointPaths },
  { file: 'docs/reference/api.md', generate: generateApiReference },
  { file: 'docs/reference/cli.md', generate: generateCliReference },
  { file: 'docs/reference/exit-codes.md', generate: generateExitCodesReference },
  { file: 'docs/reference/belay-yaml.md', generate: generateBelayYamlReference },
  { file: 'docs/reference/belay.schema.json', generate: generateConfigSchema },
  { file: 'docs/reference/errors.md', generate: generateErrorsReference },
  { file: 'docs/reference/openapi.json', generate: generateOpenApi },
  { file: 'docs/reference/telemetry-tables.md', generate: generateTelemetryTables },
  { file: 'packages/server/src/platform/sqlite/schema.sql', generate: schemaSql },
];

const root = path.resolve(import.meta.dirname, '..');
for (const { file, generate } of generators) {
  const target = path.join(root, file);
  const text = await generate();
  if (existsSync(target) && readFileSync(target, 'utf8') === text) continue;
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(target, text);
  process.stdout.write(`wrote ${file}\n`);
}
