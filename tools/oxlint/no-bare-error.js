/** Expected failures are `BelayError` with a code; broken assumptions are `invariant`. A bare Error tells nobody what to do. */
export const noBareError = {
  meta: { type: 'problem' },
  create(context) {
    if (context.filename.endsWith('/core/src/invariant.ts')) return {};
    return {
      ThrowStatement(node) {
        if (node.argument?.type !== 'NewExpression' || node.argument.callee.name !== 'Error') return;
        context.report({ node, message: 'Throw a BelayError with a code, or use invariant() for a bug.' });
      },
    };
  },
};
