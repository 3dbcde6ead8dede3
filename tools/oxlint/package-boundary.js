/** Which of our packages each package may import. Arrows point to core; nothing points out of it. */
const ALLOWED = {
  core: [],
  wire: ['core'],
  protocol: ['core'],
  client: ['protocol', 'core'],
  sdk: ['core'],
  server: ['core', 'wire', 'protocol'],
  cli: ['core', 'client', 'protocol', 'server'],
  web: ['core', 'client', 'protocol'],
};

/** Between packages only the package name is imported, and only in the direction of ARCHITECTURE.md. */
export const packageBoundary = {
  meta: { type: 'problem' },
  create(context) {
    const file = context.filename.replaceAll('\\', '/');
    const own = /packages\/([^/]+)\/src\//.exec(file)?.[1];
    const allowed = ALLOWED[own];
    if (allowed === undefined || /\.(test|bench)\.tsx?$/.test(file)) return {};
    const check = (node) => {
      const source = node.source?.value;
      if (typeof source !== 'string') return;
      if (/(^|\/)packages\/|@belay\/[a-z]+\/(src|dist)\//.test(source)) {
        context.report({ node, message: 'Import a package by its name, never by a path into it.' });
      }
      const target = /^@belay\/([a-z]+)/.exec(source)?.[1];
      const name = target === 'node' ? 'sdk' : target;
      if (name !== undefined && name !== own && !allowed.includes(name)) {
        context.report({ node, message: `"${own}" may not import "${name}"; see ARCHITECTURE.md.` });
      }
    };
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
    };
  },
};
