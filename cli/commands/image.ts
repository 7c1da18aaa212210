import type { Command } from 'commander';
import { type ClientFlags, clientFlags } from '../client-flags.ts';
import { collect } from '../collect.ts';
import type { CommandModule } from '../command.ts';
import { withConnection } from '../connection.ts';
import { type ListFlags, listImages } from '../image/list.ts';
import { type LoadFlags, loadImages } from '../image/load.ts';
import { type RemoveFlags, removeImages } from '../image/remove.ts';

export const command: CommandModule = {
  register(program, context) {
    const image = program
      .command('image')
      .description('Put local images on nodes, list what is there, remove it. No registry is needed.')
      .enablePositionalOptions()
      .helpCommand(false)
      .addHelpText(
        'after',
        examples('docker save web:1 | berth image load -', 'berth image ls', 'berth image rm web:1'),
      );
    const verb = (name: string, summary: string): Command =>
      clientFlags(image.command(name))
        .description(summary)
        .option('--node <name>', 'only on this node; may be given several times (default: every Ready node)', collect);

    verb('load', 'Put the images of an OCI or Docker archive on nodes, sending only what each of them lacks.')
      .argument('<file>', 'a tar, also compressed by gzip or zstd; - for standard input')
      .option('--name <ref>', "what to call the archive's only image, instead of the name that it has there")
      .addHelpText(
        'after',
        `${examples('berth image load web.tar', 'berth image load web.tar --node n2 --name registry.example/web:2')}

A load that broke off goes on where it was when it is run again. Nodes that join later do not have the image:
run it again then.`,
      )
      .action((file: string, flags: LoadFlags & ClientFlags) =>
        withConnection(context, flags, (connection) => loadImages(context, connection, file, flags)),
      );
    verb('ls', 'List images, their sizes and the nodes that have them.')
      .option('-o, --output <format>', 'json or yaml')
      .addHelpText('after', examples('berth image ls', 'berth image ls --node n2 -o json'))
      .action((flags: ListFlags & ClientFlags) =>
        withConnection(context, flags, (connection) => listImages(context, connection, flags)),
      );
    verb('rm', 'Remove images from nodes; refused while a container uses them.')
      .argument('<name...>', 'names or ids')
      .addHelpText('after', examples('berth image rm web:1', 'berth image rm web:1 --node n2'))
      .action((names: string[], flags: RemoveFlags & ClientFlags) =>
        withConnection(context, flags, (connection) => removeImages(context, connection, names, flags)),
      );
  },
};

const examples = (...lines: string[]): string => `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
