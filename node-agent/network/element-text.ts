import { chainName, parseChainName, pickRules } from './pick-chains.ts';

/** `<map> <key>` → value; `''` in a set. Keys and values as nft writes them. */
export type Elements = ReadonlyMap<string, string>;

/** nft reads a line whole: this many elements go on one. */
const perLine = 500;

/** The chains that these values go to and that are not in `known`, with their rules. They are added to `known`. */
export function renderNewChains(table: string, values: Iterable<string>, known: Set<string>): string {
  const lines: string[] = [];
  for (const value of values) {
    const name = value.startsWith('goto ') ? value.slice('goto '.length) : '';
    const chain = name && !known.has(name) ? parseChainName(name) : undefined;
    if (!chain) continue;
    known.add(name);
    lines.push(`add chain ip ${table} ${chainName(chain)}`, `flush chain ip ${table} ${name}`);
    for (const rule of pickRules(chain)) lines.push(`add rule ip ${table} ${name} ${rule}`);
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

/** `verb` is `add` or `delete`; a delete names keys only. */
export function renderElements(table: string, verb: 'add' | 'delete', elements: Elements): string {
  const byMap = new Map<string, string[]>();
  for (const [place, value] of elements) {
    const space = place.indexOf(' ');
    const map = place.slice(0, space);
    const key = place.slice(space + 1);
    const rows = byMap.get(map) ?? [];
    byMap.set(map, rows);
    rows.push(verb === 'delete' || value === '' ? key : `${key} : ${value}`);
  }
  let text = '';
  for (const [map, rows] of byMap) {
    for (let from = 0; from < rows.length; from += perLine) {
      text += `${verb} element ip ${table} ${map} { ${rows.slice(from, from + perLine).join(', ')} }\n`;
    }
  }
  return text;
}
