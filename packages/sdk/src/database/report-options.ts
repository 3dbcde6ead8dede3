/** Where findings and figures go. */
export interface ReportOptions {
  /** Default: BELAY_URL. */
  readonly url?: string;
  /** A token with the scope `ingest`. Default: BELAY_KEY. */
  readonly key?: string;
  /** Default: BELAY_SERVICE, OTEL_SERVICE_NAME, npm_package_name. */
  readonly service?: string;
}
