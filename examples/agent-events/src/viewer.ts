import { Centrifuge } from 'centrifuge';
import { WebSocket } from 'ws';
import { type AgentEvent, channelOf } from './agent-event.ts';

/** One who watches a run. */
export interface Viewer {
  stop(): void;
}

/**
 * Shows every event of a run from its first, once and in order, and confirms each after it was shown. Confirmations that a
 * break swallows are made good by the next one, or on coming back: the highest counts.
 */
export function watchRun(
  url: string,
  { name, run, show }: { readonly name: string; readonly run: string; readonly show: (event: AgentEvent) => void },
): Viewer {
  const client = new Centrifuge(url, {
    websocket: WebSocket,
    token: name,
    minReconnectDelay: 20,
    maxReconnectDelay: 500,
  });
  // From the beginning: an empty epoch is any.
  const events = client.newSubscription(channelOf(run), { since: { offset: 0, epoch: '' } });
  let shown = 0;
  const confirm = (): void => {
    if (shown > 0) client.rpc('confirm', { run, offset: shown }).catch(() => undefined);
  };
  events.on('publication', ({ data, offset }) => {
    show(data as AgentEvent);
    shown = offset ?? shown;
    confirm();
  });
  events.on('subscribed', confirm);
  events.subscribe();
  client.connect();
  return { stop: () => client.disconnect() };
}
