import { type ProtobufContext, readAttribute } from './protobuf-attributes.ts';
import { readBytes, readMessage } from './protobuf-cursor.ts';
import { resourceFactsOf } from './resource-facts.ts';
import type { ResourceFacts } from './telemetry-batch.ts';

/** Bytes of a scope's content, which may stand before its scope or its resource. */
interface Section {
  readonly at: number;
  readonly end: number;
}

/**
 * Walks `resource -> scope -> items` of any of the three requests, whose nesting has the same field numbers. Protobuf
 * lets a resource stand after what it describes, so a first pass finds it and a second reads the items.
 */
export function readResourceScopes(
  context: ProtobufContext,
  field: string,
  readItem: (resource: ResourceFacts, scope: string) => void,
): void {
  const { cursor, budget } = context;
  budget.takeNode();
  const attributes: string[] = [];
  const sections: Section[] = [];
  readMessage(cursor, field, (number, wire) => {
    if (number === 1) readAttributesOf(context, attributes, `${field}.resource`);
    else if (number === 2 && wire === 2) sections.push(skipSection(context, field));
    else return false;
    return true;
  });
  const resource = resourceFactsOf(attributes);
  for (const section of sections) readScope(context, section, { field, resource, readItem });
}

interface ScopeReading {
  readonly field: string;
  readonly resource: ResourceFacts;
  readonly readItem: (resource: ResourceFacts, scope: string) => void;
}

function readScope(context: ProtobufContext, section: Section, { field, resource, readItem }: ScopeReading): void {
  const { cursor } = context;
  let scope = '';
  within(context, section, () => {
    readMessage(cursor, field, (number, wire) => {
      if (number !== 1 || wire !== 2) return false;
      scope = readScopeName(context, `${field}.scope`);
      return true;
    });
  });
  within(context, section, () => {
    readMessage(cursor, field, (number, wire) => {
      if (number !== 2 || wire !== 2) return false;
      readItem(resource, scope);
      return true;
    });
  });
}

function readScopeName(context: ProtobufContext, field: string): string {
  let name = '';
  readMessage(context.cursor, field, (number) => {
    if (number !== 1) return false;
    name = context.text(context.cursor, `${field}.name`);
    return true;
  });
  return name;
}

function readAttributesOf(context: ProtobufContext, attributes: string[], field: string): void {
  readMessage(context.cursor, field, (number) => {
    if (number !== 1) return false;
    readAttribute(context, attributes, `${field}.attributes`);
    return true;
  });
}

/** Steps over a nested message, remembering where it stands with its length prefix. */
function skipSection({ cursor, budget }: ProtobufContext, field: string): Section {
  budget.takeNode();
  const at = cursor.at;
  readBytes(cursor, field);
  return { at, end: cursor.at };
}

function within(context: ProtobufContext, section: Section, read: () => void): void {
  const { cursor } = context;
  const { at, end } = cursor;
  cursor.at = section.at;
  cursor.end = section.end;
  read();
  cursor.at = at;
  cursor.end = end;
}
