import { cordonCommand } from '../drain/cordon-command.ts';

export const command = cordonCommand('uncordon', 'Let a node take new pods again.');
