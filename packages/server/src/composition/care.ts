import type { Care } from '../features/changes/api.ts';

/** What several features say of the safety net, worst first where somebody should look. */
export function careFrom(parts: readonly (() => Promise<Care>)[]): () => Promise<Care> {
  return async () => {
    const cares = await Promise.all(parts.map((care) => care()));
    return { net: cares.flatMap(({ net }) => net), todos: cares.flatMap(({ todos }) => todos) };
  };
}
