// Builds the dashboard's static files into packages/web/dist: `node scripts/run.js scripts/build-web.js`.
import path from 'node:path';
import { build } from 'vite';
import { root } from './pinned-node.js';

await build({ configFile: path.join(root, 'packages', 'web', 'vite.config.ts'), logLevel: 'warn' });
