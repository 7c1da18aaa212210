/** Names, labels, annotations and the rest of metadata: one door to the rules and to their application. */
export * from './name-rules.ts';
export * from './object-meta.ts';
