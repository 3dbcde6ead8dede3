/** core and wire are pure: no I/O, no clock, no randomness, no console but what is passed in. */
const FORBIDDEN_CALLS = new Map([
  ['Date.now', 'take `now` as an argument'],
  ['Math.random', 'take the source of randomness as an argument'],
  ['performance.now', 'take `now` as an argument'],
]);
const FORBIDDEN_GLOBALS = new Set(['process', 'console', 'fetch', 'setTimeout', 'setInterval', 'Buffer']);

export const purePackage = {
  meta: { type: 'problem' },
  create(context) {
    return {
      ImportDeclaration(node) {
        const source = node.source.value;
        if (!source.startsWith('.') && !source.startsWith('@belay/')) {
          context.report({ node, message: `A pure package may not import "${source}".` });
        }
      },
      CallExpression(node) {
        if (node.callee.type === 'Identifier' && FORBIDDEN_GLOBALS.has(node.callee.name)) {
          context.report({ node, message: `\`${node.callee.name}\` is the outside world: pass it in.` });
        }
      },
      MemberExpression(node) {
        if (node.object.type !== 'Identifier') return;
        const path = `${node.object.name}.${node.property.name}`;
        if (FORBIDDEN_CALLS.has(path)) context.report({ node, message: `\`${path}\`: ${FORBIDDEN_CALLS.get(path)}.` });
        if (FORBIDDEN_GLOBALS.has(node.object.name)) {
          context.report({ node, message: `\`${node.object.name}\` is the outside world: pass it in.` });
        }
      },
      NewExpression(node) {
        if (node.callee.name === 'Date' && node.arguments.length === 0) {
          context.report({ node, message: '`new Date()` reads the clock: take `now` as an argument.' });
        }
      },
    };
  },
};
