import type { CliContext } from '../command.ts';

/** Distinct on dark and light grounds. */
const colours = [36, 32, 35, 33, 34, 96, 92, 95, 93, 94] as const;

/** `[pod/web-1/nginx] ` before each line; in a colour per stream where a person looks on. */
export function createPrefixer(context: Pick<CliContext, 'stdout' | 'env'>) {
  const coloured = context.stdout.isTTY === true && !context.env.NO_COLOR;
  return (index: number, pod: string, container: string): string => {
    const text = `[pod/${pod}/${container}]`;
    return coloured ? `\u001b[${colours[index % colours.length]}m${text}\u001b[0m ` : `${text} `;
  };
}
