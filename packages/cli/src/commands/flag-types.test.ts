import { expect, test } from 'vitest';
import { flagTypesSource } from './flag-types.ts';

test('flags become one interface, sorted, with the narrowest type their variants allow', () => {
  const definition = (variants: Record<string, unknown>) => ({ state: 'ENABLED' as const, variants });
  const source = flagTypesSource([
    { key: 'colour', description: null, definition: definition({ a: 'red', b: 'blue' }) },
    { key: 'checkout.v2', description: 'The new one. */ evil', definition: definition({ on: true, off: false }) },
    { key: 'limit', description: null, definition: definition({ low: 1, high: 2 }) },
    { key: 'mixed', description: null, definition: definition({ a: 1, b: 'x' }) },
  ]);
  expect(source).toMatchInlineSnapshot(`
    "// Written by \`belay flag types\`; run it again after a flag was added or removed.
    export interface Flags {
      /** The new one. * / evil */
      "checkout.v2": boolean;
      "colour": "blue" | "red";
      "limit": number;
      "mixed": unknown;
    }
    "
  `);
});
