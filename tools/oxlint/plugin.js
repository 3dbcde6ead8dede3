// Belay's own lint rules: the parts of docs/adr and CONTRIBUTING.md that a machine can check.
import { documentedExport } from './documented-export.js';
import { featureBoundary } from './feature-boundary.js';
import { noBareError } from './no-bare-error.js';
import { noLooseTodo } from './no-loose-todo.js';
import { noVagueName } from './no-vague-name.js';
import { packageBoundary } from './package-boundary.js';
import { purePackage } from './pure-package.js';

export default {
  meta: { name: 'belay' },
  rules: {
    'documented-export': documentedExport,
    'feature-boundary': featureBoundary,
    'no-bare-error': noBareError,
    'no-loose-todo': noLooseTodo,
    'no-vague-name': noVagueName,
    'package-boundary': packageBoundary,
    'pure-package': purePackage,
  },
};
