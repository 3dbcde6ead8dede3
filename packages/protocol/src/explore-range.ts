import { z } from 'zod';

const time = z.coerce.number().int().nonnegative().max(9_007_199_254_740_991);

/** Half-open time range of a question about logs or traces, Unix ms. `to` is now and `from` an hour before when left out. */
export const exploreRange = z.object({
  from: time.optional().meta({ description: 'Start, Unix ms, inclusive; an hour before `to` when left out' }),
  to: time.optional().meta({ description: 'End, Unix ms, exclusive; now when left out' }),
});

/** `key=value`; may be repeated, and all of them must hold. */
export const fieldFilters = z
  .union([z.string(), z.array(z.string())])
  .transform((given) => (typeof given === 'string' ? [given] : given))
  .pipe(
    z
      .array(
        z
          .string()
          .max(4096)
          .regex(/^[^=]+=/, 'write field=value, such as http.route=/cart'),
      )
      .max(20),
  )
  .meta({ description: 'Attribute filter `key=value`; may be repeated' });

/** Trace id: 32 hexadecimal digits. */
export const traceId = z
  .string()
  .regex(/^[0-9a-fA-F]{32}$/, 'write 32 hexadecimal digits')
  .transform((id) => id.toLowerCase());
