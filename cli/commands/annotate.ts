import { metadataCommand } from './metadata-command.ts';

export const command = metadataCommand('annotate', 'annotations', 'annotated');
