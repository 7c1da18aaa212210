/** What is not well, in plain words, and what a person can do about it. */
export interface Problem {
  readonly what: string;
  readonly advice: string;
}

/** Above the description, with a blank line below; nothing when all is well. */
export const problemLines = (problems: readonly Problem[]): string[] =>
  problems.length === 0
    ? []
    : [
        ...problems.flatMap(({ what, advice }) => [`Problem:\t${oneLine(what)}`, `What to do:\t${oneLine(advice)}`]),
        '',
      ];

const oneLine = (text: string): string => text.trim().replaceAll(/\s*[\r\n\t]+\s*/g, ' ');
