import type { FastifyInstance } from 'fastify';
import { queryFacts } from './cart.ts';
import type { ShopDatabase } from './database.ts';
import type { Watch } from './watch.ts';

export interface Product {
  readonly id: number;
  readonly name: string;
  readonly priceCents: number;
}

const COLUMNS = 'SELECT id, name, price_cents AS priceCents FROM product';

/** What the shop sells. */
export function addProductRoutes(app: FastifyInstance, database: ShopDatabase, watch: Watch): void {
  const all = database.prepare<[], Product>(`${COLUMNS} ORDER BY id`);
  const one = database.prepare<[number], Product>(`${COLUMNS} WHERE id = ?`);

  app.get('/products', () => ({
    products: watch.part('SELECT product', queryFacts(all.source), () => all.all()),
  }));
  app.get<{ Params: { id: string } }>('/products/:id', (request, reply) => {
    const id = Number(request.params.id);
    const product = watch.part('SELECT product', queryFacts(one.source), () => one.get(id));
    return product ?? reply.code(404).send({ error: `There is no product ${request.params.id}.` });
  });
}
