/**
 * What SQL that people wrote may use, whatever it asks for. A ClickHouse server gets these with each query; sessions of
 * the embedded engine have them for good, because a read-only session takes no settings.
 */
export function sandboxSettings(memoryLimitBytes: number): Readonly<Record<string, number | string>> {
  return {
    max_execution_time: 10,
    max_memory_usage: Math.floor(memoryLimitBytes / 4),
    max_rows_to_read: 200_000_000,
    max_bytes_to_read: 50_000_000_000,
    max_result_rows: 10_000,
    max_result_bytes: 10_000_000,
    result_overflow_mode: 'throw',
    max_threads: 1,
    max_ast_depth: 200,
    max_ast_elements: 5000,
    max_query_size: 65_536,
    max_subquery_depth: 20,
  };
}
