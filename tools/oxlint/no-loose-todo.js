/** A note to do something later names the issue in which it will be done. */
export const noLooseTodo = {
  meta: { type: 'suggestion' },
  create(context) {
    return {
      Program() {
        for (const comment of context.sourceCode.getAllComments()) {
          if (/\b(TODO|FIXME|XXX)\b(?!\(#\d+\))/.test(comment.value)) {
            context.report({ node: comment, message: 'Name the issue: TODO(#12), or do it now.' });
          }
        }
      },
    };
  },
};
