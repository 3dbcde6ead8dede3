import path from 'node:path';
import type { Project } from './detect-project.ts';

export interface StarterFile {
  /** Relative to the service's folder. */
  readonly path: string;
  readonly content: string;
}

interface Starter {
  readonly project: Project;
  readonly flag: string;
  /** JSON Schema of belay.yaml on disk, for editors; undefined leaves the modeline out. */
  readonly schema: string | undefined;
}

/** The two files of a service that uses Belay. Together with the two lines by hand they stay under ten lines. */
export function starterFiles({ project, flag, schema }: Starter): readonly StarterFile[] {
  return [
    { path: 'belay.yaml', content: yamlOf({ project, flag, schema }) },
    { path: codePath(project), content: codeOf(project) },
  ];
}

/** `src/belay.ts`, `belay.js` ... */
export function codePath({ sourceFolder, language }: Project): string {
  return path.posix.join(sourceFolder, language === 'ts' ? 'belay.ts' : 'belay.js');
}

/** How the service's own code gets at the flags, from a file in the same folder. */
export function usageLines({ language, importPath }: Project, flag: string): readonly string[] {
  const importLine =
    language === 'cjs' ? `const { flags } = require('${importPath}');` : `import { flags } from '${importPath}';`;
  return [importLine, `if (flags.on('${flag}', { key: user.id })) { /* the new path */ } else { /* the old path */ }`];
}

function codeOf({ language, service }: Project): string {
  const note = '// BELAY_URL and BELAY_KEY come from the environment; without them every flag is off.';
  const start = `belay.start({ service: '${service}' })`;
  if (language === 'cjs') {
    return `${note}\nconst { belay } = require('@belay/node');\nexports.flags = ${start};\n`;
  }
  return `${note}\nimport { belay } from '@belay/node';\nexport const flags = ${start};\n`;
}

function yamlOf({ project, flag, schema }: Starter): string {
  const modeline = schema === undefined ? '' : `# yaml-language-server: $schema=${schema}\n`;
  return `${modeline}rollouts:\n  first-change: { flag: ${flag}, component: ${project.service}, profile: balanced }\n`;
}
