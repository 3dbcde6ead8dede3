/** Adds `name:value` to a query, in quotes where the value needs them; a filter that is there already stays once. */
export function addFilter(query: string, name: string, value: string, isExcluded = false): string {
  const isPlain = /^[\w./:@*-]+$/.test(value) && value !== '' && !value.includes('*');
  const text = isPlain ? value : `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
  const part = `${isExcluded ? '-' : ''}${name}:${text}`;
  if (query.split(/\s+/).includes(part)) return query;
  return query.trim() === '' ? part : `${query.trim()} ${part}`;
}
