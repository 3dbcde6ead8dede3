import type { FastifyInstance } from 'fastify';
import type { ShopDatabase } from './database.ts';

export interface Product {
  readonly id: number;
  readonly name: string;
  readonly priceCents: number;
}

const COLUMNS = 'SELECT id, name, price_cents AS priceCents FROM product';

/** What the shop sells. */
export function addProductRoutes(app: FastifyInstance, database: ShopDatabase): void {
  const all = database.prepare<[], Product>(`${COLUMNS} ORDER BY id`);
  const one = database.prepare<[number], Product>(`${COLUMNS} WHERE id = ?`);

  app.get('/products', () => ({ products: all.all() }));
  app.get<{ Params: { id: string } }>('/products/:id', (request, reply) => {
    const product = one.get(Number(request.params.id));
    return product ?? reply.code(404).send({ error: `There is no product ${request.params.id}.` });
  });
}
