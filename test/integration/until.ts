import { setTimeout as delay } from 'node:timers/promises';

const PATIENCE_MS = 30_000;

/** Asks until there is an answer. */
export async function until<Answer>(ask: () => Promise<Answer | undefined>): Promise<Answer> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > deadline) throw new Error(`nothing came of ${ask.toString().slice(0, 200)}`);
    await delay(50);
  }
}
