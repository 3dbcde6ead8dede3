/** Adds `name:value` to a query, in quotes where the value needs them; a filter that is there already stays once. */
export function addFilter(query: string, name: string, value: string, isExcluded = false): string {
  const isName = /^[A-Za-z_@$][\w.@$/-]*$/.test(name);
  const isPlain = /^[\w./:@*-]+$/.test(value) && value !== '' && !value.includes('*');
  const part = `${isExcluded ? '-' : ''}${isName ? name : quoted(name)}:${isPlain ? value : quoted(value)}`;
  if (query.split(/\s+/).includes(part)) return query;
  return query.trim() === '' ? part : `${query.trim()} ${part}`;
}

function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
