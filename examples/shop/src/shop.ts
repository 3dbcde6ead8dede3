import Fastify, { type FastifyInstance } from 'fastify';
import { addCartRoutes, createCart } from './cart.ts';
import { addCheckoutRoutes, type Flags } from './checkout.ts';
import { openDatabase } from './database.ts';
import { faults } from './fault.ts';
import { createPayment } from './payment.ts';
import { addProductRoutes } from './products.ts';
import { createRandom } from './random.ts';
import type { Settings } from './settings.ts';
import { unwatched, type Watch } from './watch.ts';

/** Puts the shop together: products, cart, checkout. The database closes with the app. */
export function createShop(settings: Settings, flags: Flags, watch: Watch = unwatched): FastifyInstance {
  const app = Fastify({ logger: false });
  watch.requests(app);
  const database = openDatabase(settings.databasePath);
  const random = createRandom(settings.seed);
  const cart = createCart(database, watch);
  const payment = createPayment(createRandom(settings.seed + 7919));

  app.get('/healthz', () => ({ ok: true }));
  addProductRoutes(app, database, watch);
  addCartRoutes(app, cart);
  addCheckoutRoutes(app, { database, cart, payment, flags, watch, fault: faults[settings.fault], random });
  app.addHook('onClose', () => void database.close());
  return app;
}
