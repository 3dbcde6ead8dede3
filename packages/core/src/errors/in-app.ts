import { isJavaScript } from './frame-name.ts';
import type { ErrorFrame } from './types.ts';

const LIBRARY_PATH =
  /(?:^|[\\/])(?:node_modules|bower_components|site-packages|dist-packages|gems|vendor[\\/]bundle|\.cargo|\.rustup|\.pnpm|\.yarn)[\\/]|^node:|^internal[\\/]|^(?:ext|deno|bun):|^<(?:frozen|string|stdin|internal)|\[native code\]|^(?:chrome|moz|safari)-(?:web-)?extension:|^webpack[\\/](?:bootstrap|runtime)|[\\/]lib(?:64)?[\\/](?:python|ruby)\d?|[\\/]usr[\\/]local[\\/]go[\\/]src|[\\/]go[\\/]pkg[\\/]mod[\\/]|[\\/]pkg[\\/]mod[\\/]/u;

const LIBRARY_MODULE: Readonly<Record<string, RegExp>> = {
  java: /^(?:java|javax|jakarta|sun|com\.sun|jdk|kotlin|kotlinx|scala|groovy|org\.(?:springframework|apache|hibernate|eclipse|jboss|junit|slf4j|postgresql)|io\.(?:netty|undertow|vertx|micrometer|opentelemetry|sentry)|reactor|com\.(?:fasterxml|zaxxer)|okhttp3|ch\.qos)\./u,
  csharp: /^(?:System|Microsoft|Npgsql|Newtonsoft|MassTransit|Serilog|OpenTelemetry|Sentry)\b/u,
  go: /^(?:runtime|net|net\/http|reflect|sync|testing|io|os|context|database\/sql|encoding\/.+|main\.init)$/u,
  python: /^(?:threading|asyncio|concurrent|importlib|runpy|socketserver|wsgiref|unittest)\b/u,
};

/** Whether a frame is the app's own code. The sender's word counts, except for code of packages and of the runtime. */
export function isInApp(frame: ErrorFrame, platform: string): boolean {
  const file = frame.file ?? '';
  if (LIBRARY_PATH.test(file)) return false;
  if (isJavaScript(platform) && (file === '' || file === 'native' || file === '<anonymous>')) return false;
  if (LIBRARY_MODULE[platform]?.test(frame.module ?? '') === true) return false;
  return frame.inApp ?? true;
}
