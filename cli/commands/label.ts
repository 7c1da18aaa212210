import { metadataCommand } from './metadata-command.ts';

export const command = metadataCommand('label', 'labels', 'labeled');
