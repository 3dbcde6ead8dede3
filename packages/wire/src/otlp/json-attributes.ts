import { type AttributeValue, textOfValue } from './attribute-value.ts';
import type { DecodeBudget } from './decode-budget.ts';
import { integerAt, type JsonObject, listAt, numberAt, objectAt, textAt, wrong } from './json-value.ts';
import { resourceFactsOf } from './resource-facts.ts';
import type { ResourceFacts } from './telemetry-batch.ts';

/** Reads a list of KeyValues into flat attributes; beyond the limit they are cut and told. */
export function attributesAt(value: unknown, path: string, budget: DecodeBudget): string[] {
  const attributes: string[] = [];
  const list = listAt(value, path);
  for (const [index, item] of list.entries()) {
    if (index >= budget.limits.attributes) {
      budget.warn(`attributes beyond the first ${budget.limits.attributes} of an item were cut`);
      break;
    }
    budget.takeNode();
    const entry = objectAt(item, `${path}[${index}]`) ?? {};
    const text = textOfValue(anyValueAt(entry['value'], { path: `${path}[${index}].value`, budget, depth: 1 }));
    attributes.push(textAt(entry['key'], `${path}[${index}].key`), budget.text(text, path));
  }
  return attributes;
}

interface ValuePlace {
  readonly path: string;
  readonly budget: DecodeBudget;
  readonly depth: number;
}

/** Reads an AnyValue. */
export function anyValueAt(value: unknown, place: ValuePlace): AttributeValue {
  const { path, budget, depth } = place;
  const object = objectAt(value, path);
  if (object === undefined) return null;
  if (depth > budget.limits.depth) throw wrong(path, `nested at most ${budget.limits.depth} levels deep`, '...');
  budget.takeNode();
  if (object['stringValue'] !== undefined) return textAt(object['stringValue'], `${path}.stringValue`);
  if (object['boolValue'] !== undefined) return object['boolValue'] === true;
  if (object['intValue'] !== undefined) return compact(integerAt(object['intValue'], `${path}.intValue`));
  if (object['doubleValue'] !== undefined) return numberAt(object['doubleValue'], `${path}.doubleValue`);
  if (object['bytesValue'] !== undefined) return textAt(object['bytesValue'], `${path}.bytesValue`);
  return nestedAt(object, place);
}

/** Calls `readItem` for every item of a request, whose three nestings differ only in names. */
export function eachItem(
  request: JsonObject,
  names: { readonly resources: string; readonly scopes: string; readonly items: string },
  read: {
    readonly budget: DecodeBudget;
    readonly item: (item: JsonObject, resource: ResourceFacts, where: { path: string; scope: string }) => void;
  },
): void {
  for (const [r, resourceItem] of listAt(request[names.resources], names.resources).entries()) {
    const resourcePath = `${names.resources}[${r}]`;
    const entry = objectAt(resourceItem, resourcePath) ?? {};
    const resource = resourceAt(entry['resource'], `${resourcePath}.resource`, read.budget);
    for (const [s, scopeItem] of listAt(entry[names.scopes], `${resourcePath}.${names.scopes}`).entries()) {
      const scopePath = `${resourcePath}.${names.scopes}[${s}]`;
      const section = objectAt(scopeItem, scopePath) ?? {};
      const scope = textAt(objectAt(section['scope'], `${scopePath}.scope`)?.['name'], `${scopePath}.scope.name`);
      for (const [i, item] of listAt(section[names.items], `${scopePath}.${names.items}`).entries()) {
        const path = `${scopePath}.${names.items}[${i}]`;
        read.item(objectAt(item, path) ?? {}, resource, { path, scope });
      }
    }
  }
}

function resourceAt(value: unknown, path: string, budget: DecodeBudget): ResourceFacts {
  budget.takeNode();
  return resourceFactsOf(attributesAt(objectAt(value, path)?.['attributes'], `${path}.attributes`, budget));
}

function nestedAt(object: JsonObject, { path, budget, depth }: ValuePlace): AttributeValue {
  if (object['arrayValue'] !== undefined) {
    const list = listAt(objectAt(object['arrayValue'], path)?.['values'], `${path}.arrayValue.values`);
    return list.map((item) => anyValueAt(item, { path: `${path}.arrayValue`, budget, depth: depth + 1 }));
  }
  if (object['kvlistValue'] === undefined) return null;
  const entries = listAt(objectAt(object['kvlistValue'], path)?.['values'], `${path}.kvlistValue.values`);
  return Object.fromEntries(
    entries.map((item): [string, AttributeValue] => {
      const entry = objectAt(item, `${path}.kvlistValue`) ?? {};
      const value = anyValueAt(entry['value'], { path: `${path}.kvlistValue`, budget, depth: depth + 1 });
      return [textAt(entry['key'], `${path}.kvlistValue.key`), value];
    }),
  );
}

function compact(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
