export { openOutbox } from './channel/outbox.ts';
export { openBrowserOutboxStore, type DatabaseFactory } from './channel/browser-outbox-store.ts';
export { OutboxError } from './channel/client-types.ts';
export type {
  ConnectedClient,
  LostMessage,
  LostReason,
  Outbox,
  OutboxItem,
  OutboxOptions,
  OutboxStore,
} from './channel/client-types.ts';
export type { Json } from './channel/log-types.ts';
