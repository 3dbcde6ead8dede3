import type { SafetyDestination, SafetyView } from '@belay/protocol';
import type { JSX } from 'preact';
import { formatBytes } from '../format/values.ts';
import { Icon } from '../parts/icon.tsx';
import { Time } from '../parts/time.tsx';

const states = {
  ok: { tone: 'ok', icon: 'check', word: 'well' },
  'write-only': { tone: 'wait', icon: 'half', word: 'written, never read back' },
  failing: { tone: 'bad', icon: 'octagon', word: 'failing' },
  unknown: { tone: 'none', icon: 'circle', word: 'not asked yet' },
} as const satisfies Record<SafetyDestination['state'], unknown>;

/** Every place that keeps backups, with a status of its own. */
export function PlacesCard({ safety }: { readonly safety: SafetyView }): JSX.Element {
  return (
    <section className="card" aria-labelledby="places-title">
      <header>
        <h2 id="places-title">Places</h2>
        <span className="sub">{safety.isEncrypted ? 'encrypted' : 'not encrypted'}</span>
      </header>
      <ul className="told">
        {safety.destinations.map((place) => {
          const { tone, icon, word } = states[place.state];
          return (
            <li key={place.name}>
              <span className={`v ${tone}`}>
                <Icon name={icon} />
              </span>
              <span>
                <b>{place.name}</b>, {word}
                <span className="why mono">{place.uri}</span>
                <span className="why num">
                  {place.verified} read back
                  {place.unverified > 0 && `, ${place.unverified} not`}
                  {place.bad > 0 && `, ${place.bad} missing or broken`}, {formatBytes(place.bytes)}
                  {place.newestVerifiedAt !== null && (
                    <>
                      , newest <Time at={place.newestVerifiedAt} />
                    </>
                  )}
                </span>
                {place.problem !== null && <span className="why">{place.problem}</span>}
                {place.hint !== null && <span className="why">{place.hint}</span>}
              </span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
