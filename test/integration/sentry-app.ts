// A service with the official Sentry SDK, told nothing but a DSN; a test runs it as a process of its own.
import * as Sentry from '@sentry/node';

const [dsn, mode = 'errors', release = 'shop@1.0.0'] = process.argv.slice(2);
Sentry.init({
  ...(dsn === undefined ? {} : { dsn }),
  release,
  environment: 'production',
  serverName: 'i-1',
  tracesSampleRate: 1,
});

class OrderError extends Error {
  override name = 'OrderError';
}

function query(): never {
  throw new TypeError('x is not a function');
}

function placeOrder(id: number): never {
  try {
    query();
  } catch (cause) {
    throw new OrderError(`cannot place order ${id}`, { cause });
  }
}

function report(id: number): void {
  try {
    placeOrder(id);
  } catch (error) {
    Sentry.captureException(error);
  }
}

if (mode === 'errors') {
  Sentry.setUser({ id: 'ada' });
  Sentry.setTag('plan', 'pro');
  Sentry.addBreadcrumb({ category: 'cart', message: 'opened', data: { password: 'hunter2hunter2' } });
  // The SDK itself leaves out an event that equals the one before.
  for (let id = 1; id <= 3; id += 1) {
    report(id);
    Sentry.captureMessage(`low stock of item ${id}`);
  }
} else {
  await Sentry.startSpan({ name: 'GET /cart', op: 'http.server' }, async () => {
    Sentry.startSpan({ name: 'SELECT 1', op: 'db' }, () => {});
    Sentry.logger.warn('stock is low', { sku: 'x1' });
  });
  Sentry.startSession();
  Sentry.endSession();
  const checkInId = Sentry.captureCheckIn({ monitorSlug: 'nightly', status: 'in_progress' });
  Sentry.captureCheckIn({ checkInId, monitorSlug: 'nightly', status: 'ok', duration: 2 });
  const associatedEventId = Sentry.captureMessage('asked for feedback');
  Sentry.captureFeedback({ message: 'it broke', name: 'Ada', email: 'ada@example.org', associatedEventId });
}
const isFlushed = await Sentry.flush(20_000);
process.exitCode = isFlushed ? 0 : 1;
