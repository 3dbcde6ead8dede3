import type { ComponentChildren, JSX } from 'preact';
import { Empty } from '../parts/states.tsx';

/** Nothing has been sent yet: the lines that change that, with the address this dashboard was opened under. */
export function NoTelemetry(props: { readonly title: string; readonly children: ComponentChildren }): JSX.Element {
  const { origin } = window.location;
  return (
    <Empty
      title={props.title}
      commands={[
        `OTEL_EXPORTER_OTLP_ENDPOINT=${origin}`,
        'OTEL_EXPORTER_OTLP_HEADERS="Authorization=Bearer <ingest token>"',
        'OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf',
      ]}
    >
      <p>{props.children}</p>
      <p>
        A service that uses OpenTelemetry needs these variables and nothing else. The token comes from Settings or from{' '}
        <code>belay token create --scope ingest</code>.
      </p>
    </Empty>
  );
}
