import type { ReceiptStep } from '@belay/protocol';

/** Times the steps of a drill for its receipt. */
export interface StepTimer {
  time<T>(name: string, run: () => Promise<T>): Promise<T>;
  steps(): readonly ReceiptStep[];
  /** Null when the step was not run. */
  msOf(name: string): number | null;
}

export function createStepTimer(): StepTimer {
  const steps: ReceiptStep[] = [];
  return {
    async time(name, run) {
      const started = performance.now();
      let detail: string | null = 'failed';
      try {
        const result = await run();
        detail = null;
        return result;
      } finally {
        steps.push({ name: name.slice(0, 80), ms: Math.round(performance.now() - started), detail });
      }
    },
    steps: () => [...steps],
    msOf: (name) => steps.find((step) => step.name === name)?.ms ?? null,
  };
}
