/** Every exported declaration of a published or pure package says in one docstring what it means to the caller. */
export const documentedExport = {
  meta: { type: 'suggestion' },
  create(context) {
    return {
      ExportNamedDeclaration(node) {
        if (node.declaration === null || node.declaration === undefined) return;
        const comments = context.sourceCode.getCommentsBefore(node);
        const last = comments.at(-1);
        if (last !== undefined && last.type === 'Block' && last.value.startsWith('*')) return;
        const name = node.declaration.id?.name ?? node.declaration.declarations?.[0]?.id?.name ?? 'this export';
        context.report({ node, message: `Say in a docstring (/** ... */) what \`${name}\` means to its caller.` });
      },
    };
  },
};
