import type { Config, LoadedConfig } from '../config.ts';
import type { Environment } from '../config/read-yaml.ts';
import type { Clock } from '../platform/clock/clock.ts';
import type { Log } from '../platform/log/log.ts';
import type { Opened } from './opened.ts';

export interface StartOptions {
  /** Relative paths start here; belay.yaml is looked for here. */
  readonly cwd: string;
  readonly environment: Environment;
  readonly port?: number;
  readonly host?: string;
  readonly dataDir?: string;
  readonly configFile?: string;
  /** Check every answer against its schema; for tests. */
  readonly validatesResponses?: boolean;
  /** `silent` in tests. */
  readonly logLevel?: Config['server']['logLevel'];
}

/** What every part of the server is built from. */
export interface Composing {
  readonly options: StartOptions;
  readonly loaded: LoadedConfig;
  readonly log: Log;
  readonly opened: Opened;
  readonly clock: Clock;
}
