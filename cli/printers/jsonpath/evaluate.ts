import { type FilterSide, type PathStep, parseTemplate, type TemplateNode } from './parse.ts';

/** Fills in the template as kubectl does: several results are joined by a blank, objects are printed as JSON. */
export function renderTemplate(template: string, value: unknown): string {
  // kubectl accepts a bare path too: `.metadata.name` for `{.metadata.name}`.
  const complete = template.includes('{') ? template : `{${template.startsWith('.') ? template : `.${template}`}}`;
  return renderNodes(parseTemplate(complete), value);
}

function renderNodes(nodes: readonly TemplateNode[], value: unknown): string {
  return nodes.map((node) => renderNode(node, value)).join('');
}

function renderNode(node: TemplateNode, value: unknown): string {
  switch (node.kind) {
    case 'text':
      return node.text;
    case 'path':
      return evaluatePath(node.steps, value).map(formatValue).join(' ');
    case 'range':
      return evaluatePath(node.steps, value)
        .flatMap((item) => (Array.isArray(item) ? item : [item]))
        .map((item) => renderNodes(node.body, item))
        .join('');
  }
}

export function formatValue(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** All values the path leads to; none when a field is missing. */
export function evaluatePath(steps: readonly PathStep[], value: unknown): unknown[] {
  let found: unknown[] = [value];
  for (const [index, step] of steps.entries()) {
    if (step.kind === 'descend') {
      return found.flatMap(descendants).flatMap((one) => evaluatePath(steps.slice(index + 1), one));
    }
    found = found.flatMap((one) => applyStep(step, one));
  }
  return found;
}

function applyStep(step: PathStep, value: unknown): unknown[] {
  switch (step.kind) {
    case 'field':
      return property(value, step.name);
    case 'wildcard':
      return children(value);
    case 'index':
      return Array.isArray(value) ? defined(value.at(step.index)) : [];
    case 'slice':
      return Array.isArray(value) ? value.slice(step.from, step.to).filter((_, index) => index % step.step === 0) : [];
    case 'union':
      return step.names.flatMap((name) => property(value, name));
    case 'filter':
      return (Array.isArray(value) ? value : []).filter((item: unknown) => matches(step, item));
    case 'descend':
      return [];
  }
}

function matches(step: Extract<PathStep, { kind: 'filter' }>, item: unknown): boolean {
  const left = sideValue(step.left, item);
  if (step.operator === undefined || !step.right) return left !== undefined;
  const right = sideValue(step.right, item);
  if (left === undefined || right === undefined) return false;
  switch (step.operator) {
    case '==':
      return left === right || String(left) === String(right);
    case '!=':
      return String(left) !== String(right);
    case '<':
      return Number(left) < Number(right);
    case '<=':
      return Number(left) <= Number(right);
    case '>':
      return Number(left) > Number(right);
    default:
      return Number(left) >= Number(right);
  }
}

const sideValue = (side: FilterSide, item: unknown): unknown =>
  side.kind === 'value' ? side.value : evaluatePath(side.steps, item)[0];

function property(value: unknown, name: string): unknown[] {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return [];
  return defined(Reflect.get(value, name));
}

const defined = (value: unknown): unknown[] => (value === undefined ? [] : [value]);

function children(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return typeof value === 'object' && value !== null ? Object.values(value) : [];
}

function descendants(value: unknown): unknown[] {
  return [value, ...children(value).flatMap((child) => (typeof child === 'object' ? descendants(child) : []))];
}
