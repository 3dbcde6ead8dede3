/** How the load generator is told to run. */
export interface LoadSettings {
  /** Base addresses of the shop's instances; arrivals go round them. */
  readonly targets: readonly string[];
  readonly ratePerSecond: number;
  readonly seed: number;
  readonly users: number;
}

/** What users have seen so far. */
export interface LoadTotals {
  readonly sent: number;
  readonly answered: number;
  /** Failures that the shop itself explains: its payment provider, or the fault under test. */
  readonly failedByShop: number;
  /** Everything else: refused or reset connections, time-outs, unexplained 5xx. Must stay 0, whatever Belay does. */
  readonly failedOtherwise: number;
  /** The first few of those, in words. */
  readonly otherwise: readonly string[];
  readonly newPath: number;
  readonly newPathFailed: number;
  readonly oldPath: number;
  readonly oldPathFailed: number;
}

/** From the demo to the load generator. */
export type LoadCommand =
  | { readonly type: 'noisy'; readonly user: string; readonly ratePerSecond: number }
  | { readonly type: 'count'; readonly id: number; readonly sentAfter: number }
  | { readonly type: 'stop' };

/** From the load generator to the demo. */
export type LoadReport =
  | { readonly type: 'ready' }
  | { readonly type: 'totals'; readonly totals: LoadTotals }
  | { readonly type: 'counted'; readonly id: number; readonly exposures: number; readonly lastSentAt: number | null }
  | { readonly type: 'stopped'; readonly totals: LoadTotals };
