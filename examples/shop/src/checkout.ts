import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Cart, type CartLine, queryFacts } from './cart.ts';
import type { ShopDatabase } from './database.ts';
import { type Fault } from './fault.ts';
import { PaymentFailed, type Payment } from './payment.ts';
import type { Random } from './random.ts';
import { userOf } from './user.ts';
import type { Watch } from './watch.ts';

/** What the checkout needs of Belay: whether a change is on for this user, and somewhere to tell business values. */
export interface Flags {
  on(key: 'checkout.v2', context: { readonly key: string }): boolean;
  track(name: 'order.cost' | 'order.revenue', value: number): void;
}

export interface CheckoutParts {
  readonly database: ShopDatabase;
  readonly cart: Cart;
  readonly payment: Payment;
  readonly flags: Flags;
  readonly watch: Watch;
  readonly fault: Fault;
  readonly random: Random;
}

/** The new path threw; with a fault switched on that is the bug the rollout shall find. */
export class CheckoutBroken extends Error {
  override readonly name = 'CheckoutBroken';
}

const checkoutSchema = {
  body: {
    type: 'object',
    properties: { card: { type: 'string', maxLength: 32, default: 'visa' } },
  },
} as const;

/** Buying what is in the cart, on the old path or, behind `checkout.v2`, on the new one. */
export function addCheckoutRoutes(app: FastifyInstance, parts: CheckoutParts): void {
  const save = parts.database.prepare<[string, number, number, string, number]>(
    'INSERT INTO purchase (user_id, total_cents, cost_cents, path, created_at) VALUES (?, ?, ?, ?, ?)',
  );

  app.post<{ Body: { card: string } }>('/checkout', { schema: checkoutSchema }, async (request, reply) => {
    const user = userOf(request);
    const isNew = parts.flags.on('checkout.v2', { key: user });
    parts.watch.evaluated('checkout.v2', isNew ? 'on' : 'off', user);
    reply.header('x-shop-path', isNew ? 'new' : 'old');
    const lines = linesOf(request, parts.cart);
    const totalCents = isNew ? totalOfMerged(lines) : totalOfLines(lines);
    const order = { card: request.body.card, totalCents };
    const feeCents = isNew ? await payNew(order, parts) : await pay({ ...order, slowdown: 1 }, parts);
    const path = isNew ? 'new' : 'old';
    const { lastInsertRowid: id } = parts.watch.part('INSERT purchase', queryFacts(save.source), () =>
      save.run(user, totalCents, feeCents, path, Date.now()),
    );
    parts.cart.clear(user);
    parts.flags.track('order.cost', feeCents / 100);
    parts.flags.track('order.revenue', totalCents / 100);
    parts.watch.log('info', { order: Number(id), user, totalCents, path }, `order ${id} placed by ${user}`);
    return reply.code(201).send({ order: Number(id), totalCents });
  });

  app.setErrorHandler((error: Error, request, reply) => {
    parts.watch.failed(error);
    parts.watch.log('error', { err: error, route: request.routeOptions.url ?? '' }, 'a request failed');
    return answerFailure(error, request, reply);
  });
}

/** The change under test: merges equal lines first, and talks to the provider through the new connection. */
async function payNew(
  order: { readonly card: string; readonly totalCents: number },
  parts: CheckoutParts,
): Promise<number> {
  const { fault, random } = parts;
  if (random.uniform() < fault.failureShare) throw new CheckoutBroken('The new checkout lost the order.');
  const feeCents = await pay({ ...order, slowdown: fault.slowdown }, parts);
  return feeCents * fault.costFactor;
}

function pay(order: Parameters<Payment['charge']>[0], { payment, watch }: CheckoutParts): Promise<number> {
  const facts = { 'server.address': 'payments', 'http.request.method': 'POST' };
  return watch.part('POST payments', facts, () => payment.charge(order));
}

function totalOfLines(lines: readonly CartLine[]): number {
  return lines.reduce((sum, line) => sum + line.quantity * line.priceCents, 0);
}

function totalOfMerged(lines: readonly CartLine[]): number {
  const quantities = new Map<number, number>();
  for (const { productId, quantity } of lines) quantities.set(productId, (quantities.get(productId) ?? 0) + quantity);
  const prices = new Map(lines.map((line) => [line.productId, line.priceCents]));
  return [...quantities].reduce((sum, [productId, quantity]) => sum + quantity * (prices.get(productId) ?? 0), 0);
}

/** An empty cart buys the belay device: one-click orders come without a cart. */
function linesOf(request: FastifyRequest, cart: Cart): readonly CartLine[] {
  const lines = cart.read(userOf(request));
  return lines.length > 0 ? lines : [{ productId: 2, quantity: 1, priceCents: 3_490 }];
}

/** Failures that the shop itself knows carry `x-shop-failure`, so that a load test can tell them from all others. */
function answerFailure(error: Error, _request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (error instanceof PaymentFailed) {
    return reply.code(502).header('x-shop-failure', 'payment').send({ error: error.message });
  }
  if (error instanceof CheckoutBroken) {
    return reply.code(500).header('x-shop-failure', 'checkout').send({ error: error.message });
  }
  const status = 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : 500;
  return reply.code(status).send({ error: error.message });
}
