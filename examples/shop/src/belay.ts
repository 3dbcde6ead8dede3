import { belay } from '@belay/node';

/** Keys of the flags this service reads. */
export interface ShopFlags {
  'checkout.v2': boolean;
}

/** BELAY_URL and BELAY_KEY come from the environment; without them every flag is off. */
export const flags = belay.start<ShopFlags>({ service: 'shop' });
