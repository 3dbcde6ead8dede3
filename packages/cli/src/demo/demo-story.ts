import type { RolloutView } from '@belay/protocol';
import { eventLine } from '../rollout-wait.ts';
import type { Output } from '../output.ts';

export interface DemoStory {
  /** A step of the demo itself. */
  tell(text: string): void;
  /** Whatever is new on the rollout since the last call. */
  follow(view: RolloutView): void;
}

/** Tells the demo as it happens: on stdout for people, on stderr of a terminal beside a JSON answer. */
export function createStory(output: Output): DemoStory {
  const seen = new Set<number>();
  let headline = '';
  const tell = (text: string): void => (output.isJson ? output.notice(text) : output.line(text));

  function follow(view: RolloutView): void {
    for (const entry of view.happened.toReversed()) {
      if (seen.has(entry.id)) continue;
      seen.add(entry.id);
      tell(`  ${eventLine(entry)}`);
    }
    if (view.verdict.headline === headline) return;
    headline = view.verdict.headline;
    tell(`  ${output.paint('bold', headline)} ${view.verdict.detail}`.trimEnd());
  }
  return { tell, follow };
}
