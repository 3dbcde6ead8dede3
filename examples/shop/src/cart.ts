import type { FastifyInstance } from 'fastify';
import type { ShopDatabase } from './database.ts';
import { userOf } from './user.ts';
import type { Facts, Watch } from './watch.ts';

export interface CartLine {
  readonly productId: number;
  readonly quantity: number;
  readonly priceCents: number;
}

export interface Cart {
  add(user: string, productId: number, quantity: number): void;
  read(user: string): readonly CartLine[];
  clear(user: string): void;
}

/** The carts of all users. */
export function createCart(database: ShopDatabase, watch: Watch): Cart {
  const add = database.prepare<[string, number, number]>(
    `INSERT INTO cart_item (user_id, product_id, quantity) VALUES (?, ?, ?)
     ON CONFLICT (user_id, product_id) DO UPDATE SET quantity = excluded.quantity`,
  );
  const read = database.prepare<[string], CartLine>(
    `SELECT product_id AS productId, quantity, price_cents AS priceCents
     FROM cart_item JOIN product ON product.id = cart_item.product_id WHERE user_id = ? ORDER BY product_id`,
  );
  const clear = database.prepare<[string]>('DELETE FROM cart_item WHERE user_id = ?');
  return {
    add: (user, productId, quantity) =>
      void watch.part('INSERT cart_item', queryFacts(add.source), () => add.run(user, productId, quantity)),
    read: (user) => watch.part('SELECT cart_item', queryFacts(read.source), () => read.all(user)),
    clear: (user) => void watch.part('DELETE cart_item', queryFacts(clear.source), () => clear.run(user)),
  };
}

/** A query as OpenTelemetry names its facts. */
export function queryFacts(text: string): Facts {
  return { 'db.system.name': 'sqlite', 'db.query.text': text };
}

const addItemSchema = {
  body: {
    type: 'object',
    required: ['productId'],
    properties: {
      productId: { type: 'integer', minimum: 1, maximum: 8 },
      quantity: { type: 'integer', minimum: 1, maximum: 20, default: 1 },
    },
  },
} as const;

/** Reading and filling the cart. */
export function addCartRoutes(app: FastifyInstance, cart: Cart): void {
  app.get('/cart', (request) => ({ items: cart.read(userOf(request)) }));
  app.post<{ Body: { productId: number; quantity: number } }>(
    '/cart/items',
    { schema: addItemSchema },
    (request, reply) => {
      cart.add(userOf(request), request.body.productId, request.body.quantity);
      return reply.code(201).send({ items: cart.read(userOf(request)) });
    },
  );
}
