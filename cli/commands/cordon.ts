import { cordonCommand } from '../drain/cordon-command.ts';

export const command = cordonCommand('cordon', 'Let a node take no new pods.');
