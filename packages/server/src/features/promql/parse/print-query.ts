import { printNumber } from '../evaluate/print-number.ts';
import type { AtTime, Binary, Duration, Expression, VectorSelector } from './ast.ts';
import { printDuration } from './duration.ts';
import { printLabelName, printMatcher } from './label-matcher.ts';

/** The expression as Prometheus writes it, on one line. */
export function printQuery(expression: Expression): string {
  switch (expression.kind) {
    case 'number':
      return printNumber(expression.value);
    case 'string':
      return JSON.stringify(expression.value);
    case 'selector':
      return `${printSelector(expression)}${printModifiers(expression)}`;
    case 'range': {
      const { selector, range } = expression;
      return `${printSelector(selector)}[${printDurationExpression(range)}]${printModifiers(selector)}`;
    }
    case 'subquery': {
      const step = expression.step === undefined ? '' : printDurationExpression(expression.step);
      const window = `[${printDurationExpression(expression.range)}:${step}]`;
      return `${printQuery(expression.expression)}${window}${printModifiers(expression)}`;
    }
    case 'unary':
      return `${expression.operator}${printQuery(expression.expression)}`;
    case 'parenthesis':
      return `(${printQuery(expression.expression)})`;
    case 'call':
      return `${expression.name}(${expression.parameters.map(printQuery).join(', ')})`;
    case 'aggregation': {
      const { operator, grouping, isWithout, parameter } = expression;
      const inner = [...(parameter === undefined ? [] : [parameter]), expression.expression].map(printQuery).join(', ');
      const labels = grouping.map(printLabelName).join(', ');
      if (grouping.length === 0 && !isWithout) return `${operator}(${inner})`;
      return `${operator} ${isWithout ? 'without' : 'by'} (${labels}) (${inner})`;
    }
    case 'binary':
      return printBinary(expression);
  }
}

function printBinary({ operator, left, right, returnsBool, matching }: Binary): string {
  const words: string[] = [operator];
  if (returnsBool) words.push('bool');
  if (matching.isWritten) {
    words.push(`${matching.isOn ? 'on' : 'ignoring'} (${matching.labels.map(printLabelName).join(', ')})`);
    if (matching.many !== 'none') {
      words.push(`group_${matching.many} (${matching.include.map(printLabelName).join(', ')})`);
    }
  }
  return `${printQuery(left)} ${words.join(' ')} ${printQuery(right)}`;
}

function printSelector({ name, matchers }: VectorSelector): string {
  const isClassic = name !== undefined && /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name);
  const parts = matchers
    .filter(({ label, operator, value }) => !(label === '__name__' && operator === '=' && value === name))
    .map(printMatcher);
  if (name !== undefined && !isClassic) parts.unshift(JSON.stringify(name));
  if (isClassic && parts.length === 0) return name;
  return `${isClassic ? name : ''}{${parts.join(', ')}}`;
}

function printModifiers({
  at,
  offset,
}: {
  readonly at: AtTime | undefined;
  readonly offset: Duration | undefined;
}): string {
  const time = at === undefined ? '' : at.kind === 'time' ? ` @ ${(at.ms / 1000).toFixed(3)}` : ` @ ${at.kind}()`;
  return offset === undefined ? time : `${time} offset ${printDurationExpression(offset, true)}`;
}

function printDurationExpression(duration: Duration, isInOffset = false): string {
  switch (duration.kind) {
    case 'literal':
      return printDuration(duration.ms);
    case 'step':
    case 'range':
      return `${duration.kind}()`;
    case 'negative':
      return `-${printDurationExpression(duration.of, true)}`;
    case 'operation': {
      const [left, right] = [
        printDurationExpression(duration.left, true),
        printDurationExpression(duration.right, true),
      ];
      if (duration.operator === 'min_of' || duration.operator === 'max_of') {
        return `${duration.operator}(${printDurationExpression(duration.left)}, ${printDurationExpression(duration.right)})`;
      }
      const isScaled = duration.operator === '*' || duration.operator === '/' || duration.operator === '^';
      const factor = isScaled && duration.right.kind === 'literal' ? printNumber(duration.right.ms / 1000) : right;
      const text = `${left} ${duration.operator} ${factor}`;
      return isInOffset ? `(${text})` : text;
    }
  }
}
