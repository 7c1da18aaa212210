import { CliError, type CommandModule } from '../command.ts';
import { completionScripts } from '../completion/scripts.ts';

export const command: CommandModule = {
  register(program, context) {
    program
      .command('completion')
      .description('Print what makes a shell complete our verbs, flags, and the names of objects.')
      .argument('<shell>', 'bash, zsh or fish')
      .addHelpText(
        'after',
        '\nExamples:\n  source <(berth completion bash)\n  berth completion zsh > "${fpath[1]}/_berth"\n  berth completion fish | source',
      )
      .action((shell: string) => {
        if (shell !== 'bash' && shell !== 'zsh' && shell !== 'fish') {
          throw new CliError(`unsupported shell type ${JSON.stringify(shell)}`, {
            exitCode: 2,
            fix: 'There is: bash, zsh, fish',
          });
        }
        context.stdout.write(completionScripts[shell]);
      });
  },
};
