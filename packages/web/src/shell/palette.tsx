import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/preact-query';
import type { JSX, TargetedEvent } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { useLocation } from 'wouter-preact';
import { useApi } from '../api/api-context.ts';
import { flagsQuery, overviewQuery, rolloutsQuery } from '../api/queries.ts';
import { issuesQuery } from '../errors/issue-queries.ts';
import { Icon } from '../parts/icon.tsx';
import { signalsQuery } from '../signals/signal-queries.ts';
import { actionEntries, findEntries, type PaletteEntry } from './palette-entries.ts';
import { explorerRooms, places } from './places.ts';

export interface PaletteProps {
  readonly onClose: () => void;
  readonly onShip: () => void;
  readonly onHelp: () => void;
}

const MOST_SHOWN = 40;

/** Find anything, go anywhere, run anything; each action shows the command that does the same. */
export function Palette(props: PaletteProps): JSX.Element {
  const [typed, setTyped] = useState('');
  const [chosen, setChosen] = useState(0);
  const dialog = useRef<HTMLDialogElement>(null);
  const list = useId();
  const found = findEntries(useEntries(props), typed).slice(0, MOST_SHOWN);
  const index = Math.min(chosen, Math.max(0, found.length - 1));
  useEffect(() => dialog.current?.showModal(), []);
  useEffect(() => {
    dialog.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' });
  }, [index]);
  const run = (entry: PaletteEntry | undefined): void => {
    if (entry === undefined) return;
    props.onClose();
    entry.run();
  };
  const onKey = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && found.length > 0) {
      event.preventDefault();
      setChosen((index + step + found.length) % found.length);
    }
    if (event.key === 'Enter') {
      event.preventDefault();
      run(found[index]);
    }
  };
  return (
    <dialog
      ref={dialog}
      className="palette"
      aria-label="Search or run"
      onCancel={props.onClose}
      onMouseDown={(event) => {
        if (event.target === dialog.current) props.onClose();
      }}
    >
      <div className="palette-in">
        <div className="palette-field">
          <Icon name="search" />
          <input
            type="text"
            role="combobox"
            aria-expanded="true"
            aria-controls={list}
            aria-activedescendant={found[index] === undefined ? undefined : `${list}-${index}`}
            aria-label="Search or run"
            placeholder="Search or run…"
            autoComplete="off"
            spellcheck={false}
            value={typed}
            onInput={(event: TargetedEvent<HTMLInputElement>) => {
              setTyped(event.currentTarget.value);
              setChosen(0);
            }}
            onKeyDown={onKey}
          />
          <kbd aria-hidden="true">Esc</kbd>
        </div>
        <ul id={list} role="listbox" aria-label="Results">
          {found.map((entry, position) => (
            <li
              key={entry.id}
              id={`${list}-${position}`}
              role="option"
              aria-selected={position === index}
              onMouseDown={(event) => {
                event.preventDefault();
                run(entry);
              }}
              onMouseMove={() => setChosen(position)}
            >
              <span className="sub">{entry.group}</span>
              <span className="what">{entry.text}</span>
              {entry.command !== null && <code className="mono">{entry.command}</code>}
            </li>
          ))}
        </ul>
        {found.length === 0 && (
          <p className="sub nothing" role="status">
            Nothing matches “{typed}”.
          </p>
        )}
      </div>
    </dialog>
  );
}

function useEntries({ onShip, onHelp }: PaletteProps): readonly PaletteEntry[] {
  const api = useApi();
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const overview = useQuery(overviewQuery(api));
  const rollouts = useInfiniteQuery(rolloutsQuery(api, {}));
  const flags = useInfiniteQuery(flagsQuery(api));
  const signals = useInfiniteQuery(signalsQuery(api, {}));
  const issues = useInfiniteQuery(issuesQuery(api, {}));
  const act = useMutation({
    mutationFn: (request: {
      readonly endpoint: 'rolloutRollback' | 'rolloutHold' | 'rolloutResume';
      readonly id: string;
    }) => api.call(request.endpoint, { params: { id: request.id }, body: {} }),
    onSuccess: (view) => {
      queries.setQueryData(['rollout', view.id], view);
      navigate(`/changes/${view.id}`);
    },
  });
  const endpoints = { rollback: 'rolloutRollback', hold: 'rolloutHold', resume: 'rolloutResume' } as const;
  const going = overview.data?.goingOut ?? [];
  return [
    ...going.flatMap((rollout) =>
      actionEntries(rollout, (action) => act.mutate({ endpoint: endpoints[action], id: rollout.id })),
    ),
    ...places.map((place): PaletteEntry => ({
      id: place.href,
      group: 'Go to',
      text: place.name,
      command: null,
      run: () => navigate(place.href),
    })),
    ...explorerRooms.map((room): PaletteEntry => ({
      id: room.href,
      group: 'Go to',
      text: room.name,
      command: room.command,
      run: () => navigate(room.href),
    })),
    { id: 'ship', group: 'Run', text: 'Ship a change', command: 'belay rollout start', run: onShip },
    { id: 'new-flag', group: 'Run', text: 'New flag', command: 'belay flag set', run: () => navigate('/flags/new') },
    { id: 'help', group: 'Run', text: 'Keyboard shortcuts', command: null, run: onHelp },
    ...(rollouts.data?.pages.flatMap((page) => page.items) ?? []).map((rollout): PaletteEntry => ({
      id: rollout.id,
      group: 'Changes',
      text: `#${rollout.number} ${rollout.title}`,
      command: `belay rollout status ${rollout.number}`,
      run: () => navigate(`/changes/${rollout.id}`),
    })),
    ...(signals.data?.pages.flatMap((page) => page.items) ?? []).map((signal): PaletteEntry => ({
      id: `signal-${signal.id}`,
      group: 'Signals',
      text: signal.service === null ? signal.title : `${signal.title} ${signal.service}`,
      command: null,
      run: () => navigate(`/signals/${encodeURIComponent(signal.id)}`),
    })),
    ...(issues.data?.pages.flatMap((page) => page.items) ?? []).map((issue): PaletteEntry => ({
      id: `issue-${issue.id}`,
      group: 'Errors',
      text: issue.title,
      command: null,
      run: () => navigate(`/errors/${encodeURIComponent(issue.id)}`),
    })),
    ...(flags.data?.pages.flatMap((page) => page.items) ?? []).map((flag): PaletteEntry => ({
      id: `flag-${flag.key}`,
      group: 'Flags',
      text: flag.key,
      command: null,
      run: () => navigate(`/flags/${encodeURIComponent(flag.key)}`),
    })),
  ];
}
