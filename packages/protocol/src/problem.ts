import { z } from 'zod';

/** RFC 9457 problem details as Belay answers them. */
export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  instance: z.string(),
  code: z.string(),
  hint: z.string().optional(),
  requestId: z.string(),
  issues: z
    .array(
      z.object({ path: z.string(), message: z.string(), seen: z.string().optional(), mend: z.string().optional() }),
    )
    .optional(),
});
export type Problem = z.infer<typeof problem>;
