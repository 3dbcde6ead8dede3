/** A minute of 10 s points of every kind of metric, as an OpenTelemetry SDK sends them. */
export function otlpSamples(startMs: number): object {
  const steps = Array.from({ length: 31 }, (_, step) => step);
  const nano = (step: number): string => `${BigInt(startMs + step * 10_000) * 1_000_000n}`;
  const attributes = [{ key: 'http.route', value: { stringValue: '/pay' } }];
  const point = (step: number, more: object): object => ({
    attributes,
    startTimeUnixNano: nano(Math.max(0, step - 1)),
    timeUnixNano: nano(step),
    ...more,
  });
  const metrics = [
    {
      name: 'queue.length',
      unit: '{items}',
      description: 'Waiting items',
      gauge: { dataPoints: steps.map((step) => point(step, { asDouble: step % 5 })) },
    },
    {
      name: 'http.server.requests',
      unit: '{requests}',
      sum: {
        aggregationTemporality: 2,
        isMonotonic: true,
        dataPoints: steps.map((step) => point(step, { asInt: String(step * 20) })),
      },
    },
    {
      name: 'jobs.done',
      unit: '1',
      sum: {
        aggregationTemporality: 1,
        isMonotonic: true,
        dataPoints: steps.map((step) => point(step, { asInt: '30' })),
      },
    },
    {
      name: 'http.server.request.duration',
      unit: 's',
      description: 'Duration of HTTP requests',
      histogram: {
        aggregationTemporality: 2,
        dataPoints: steps.map((step) =>
          point(step, {
            count: String(step * 10),
            sum: step * 2.5,
            explicitBounds: [0.1, 0.5, 1],
            bucketCounts: [String(step * 5), String(step * 3), String(step * 2), '0'],
          }),
        ),
      },
    },
    {
      name: 'delta.duration',
      unit: 's',
      histogram: {
        aggregationTemporality: 1,
        dataPoints: steps.map((step) =>
          point(step, { count: '10', sum: 2.5, explicitBounds: [0.1, 0.5, 1], bucketCounts: ['5', '3', '2', '0'] }),
        ),
      },
    },
    {
      name: 'rpc.duration',
      unit: 's',
      exponentialHistogram: {
        aggregationTemporality: 2,
        dataPoints: steps.map((step) =>
          point(step, {
            count: String(step * 10),
            sum: step * 30,
            scale: 0,
            zeroCount: '0',
            positive: { offset: 0, bucketCounts: [String(step * 5), String(step * 5)] },
          }),
        ),
      },
    },
    {
      name: 'gc.pause',
      unit: 's',
      summary: {
        dataPoints: steps.map((step) =>
          point(step, {
            count: String(step * 4),
            sum: step * 0.2,
            quantileValues: [
              { quantile: 0.5, value: 0.05 },
              { quantile: 0.99, value: 0.2 },
            ],
          }),
        ),
      },
    },
  ];
  const resource = {
    attributes: [
      { key: 'service.name', value: { stringValue: 'checkout' } },
      { key: 'service.instance.id', value: { stringValue: 'i-1' } },
    ],
  };
  return { resourceMetrics: [{ resource, scopeMetrics: [{ scope: { name: 'test' }, metrics }] }] };
}
