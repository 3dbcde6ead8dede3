import type { FlagDefinition, RolloutInput } from '@belay/protocol';

export const DEMO_FLAG = 'checkout.v2';

/** The flag of change #1: off for everybody until the rollout. */
export const demoFlag: FlagDefinition = {
  state: 'ENABLED',
  variants: { on: true, off: false },
  defaultVariant: 'off',
};

/** The same plan for every fault: what is wrong with the change is not known beforehand. Only the times are a demo's. */
export const demoPlan: RolloutInput = {
  title: 'Checkout, second version',
  flag: DEMO_FLAG,
  component: 'shop',
  profile: 'fast',
  from: 'off',
  to: 'on',
  stages: [{ to: '10%', soak: '20s', min: 200 }, { to: '50%', soak: '180s', min: 4000 }, { to: '100%' }],
  guards: [
    { signal: 'http.errors', worse_by: '0.1pp', title: 'Failed checkouts' },
    { signal: 'http.latency', title: 'Response time' },
    { signal: 'order.cost', worse: 'up', worse_by: '5%', title: 'Cost per order' },
    { signal: 'order.revenue', worse: 'down', worse_by: '10%', title: 'Revenue per order' },
  ],
  warm_up: '0s',
  lease: '6s',
  no_data: { grace: '5s', then: 'hold' },
};

/** Policy of the demo's server: times of seconds, where a real service has minutes. */
export const demoConfig = `policy:
  profile: fast
  environment: development
  lease: 6s
  minimum_soak: 5s
`;
