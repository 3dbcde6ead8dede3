import type { SignalView } from '@belay/protocol';
import type { Finding } from './doctor-finding.ts';

/** What to do where Belay itself is not as usual, by signal. */
const MENDS: Readonly<Record<string, string>> = {
  'belay.ingest-lag': 'the disk or the memory cannot keep up: send less, or give more (telemetry.memory_mb)',
  'belay.not-stored': 'belay storage show   (its drops name cause, sender and what ends each)',
  'belay.query-time': 'ask for less time at once, or give the engine more memory (telemetry.memory_mb)',
  'belay.store-size': 'belay storage plan   (and shorten retention, or set a budget, in belay.yaml)',
  'belay.guard-loop': 'the machine is too busy for the guards: fewer rollouts at once, or more processor',
  'belay.event-loop': 'the machine is too busy for Belay: give it more processor, or send less telemetry',
};
const UNUSUAL: ReadonlySet<SignalView['verdict']> = new Set(['higher', 'past-warning']);

/** Belay's own signals as findings, in the order of this page: now beside usual, and what to do where it is not. */
export function ownSignalFindings(signals: readonly SignalView[]): readonly Finding[] {
  const byId = new Map(signals.map((signal) => [signal.id, signal]));
  const own = Object.keys(MENDS).flatMap((id) => byId.get(id) ?? []);
  if (own.length === 0) {
    const detail = 'no values yet; they appear some minutes after the start, unless signal_settings.starter is off';
    return [{ name: 'Own signals', ok: true, detail, mend: null }];
  }
  return own.map((signal) => {
    const isPast = signal.verdict === 'past-critical';
    return {
      name: `Own: ${signal.title}`,
      ok: !isPast && !UNUSUAL.has(signal.verdict),
      isWarning: !isPast,
      detail: signal.problem ?? detailOf(signal),
      mend: MENDS[signal.id] ?? null,
    };
  });
}

function detailOf({ word, current, usual }: SignalView): string {
  const now = current === null ? 'no value' : current.text;
  return `${now} now, usual ${usual === null ? 'is not known yet' : `is ${usual.text}`} (${word.toLowerCase()})`;
}
