const FEATURE_FILE = /packages\/server\/src\/features\/([^/]+)\//;

/** Inside the server a feature uses a sibling only through the sibling's `api.ts`, and `platform/` uses no feature. */
export const featureBoundary = {
  meta: { type: 'problem' },
  create(context) {
    const file = context.filename.replaceAll('\\', '/');
    if (file.endsWith('.test.ts')) return {};
    const own = FEATURE_FILE.exec(file)?.[1];
    const inPlatform = file.includes('packages/server/src/platform/');
    if (own === undefined && !inPlatform) return {};
    const check = (node) => {
      const source = node.source?.value;
      if (typeof source !== 'string' || !source.startsWith('.')) return;
      const target = resolve(file, source);
      const feature = /packages\/server\/src\/features\/([^/]+)\/(.+)$/.exec(target);
      if (feature === null || feature[1] === own) return;
      if (inPlatform) context.report({ node, message: 'platform/ is the outside world: it may not import a feature.' });
      else if (feature[2] !== 'api.ts')
        context.report({ node, message: `Use feature "${feature[1]}" only through its api.ts.` });
    };
    return { ImportDeclaration: check, ExportNamedDeclaration: check, ExportAllDeclaration: check };
  },
};

function resolve(file, relative) {
  const parts = file.split('/').slice(0, -1);
  for (const part of relative.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}
