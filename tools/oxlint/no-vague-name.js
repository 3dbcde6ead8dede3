const VAGUE = /(^|\/)(utils?|helpers?|common|misc|manager)(\.[a-z.]+)?$/;

/** Files and folders are named after what is in them. */
export const noVagueName = {
  meta: { type: 'suggestion' },
  create(context) {
    return {
      Program(node) {
        const file = context.filename.replaceAll('\\', '/');
        const inside = file.slice(file.search(/(packages|examples|bench|scripts|tools|test)\//));
        const vague = inside.split('/').find((part) => VAGUE.test(part));
        if (vague !== undefined)
          context.report({ node, message: `"${vague}" says nothing: name it after the idea inside.` });
      },
    };
  },
};
