/** How the set-up of a run tells its test files, which run in other processes, of the engine. */
export interface EngineSettings {
  readonly socketPath: string;
  readonly image: string;
  readonly owner: string;
}

const names = { socketPath: 'BERTH_TEST_ENGINE', image: 'BERTH_TEST_ETCD_IMAGE', owner: 'BERTH_TEST_OWNER' } as const;

export function readEngineSettings(): EngineSettings | undefined {
  const [socketPath, image, owner] = [names.socketPath, names.image, names.owner].map((name) => process.env[name]);
  return socketPath && image && owner ? { socketPath, image, owner } : undefined;
}

export function writeEngineSettings(settings: EngineSettings | undefined): void {
  for (const key of ['socketPath', 'image', 'owner'] as const) {
    if (settings) process.env[names[key]] = settings[key];
    else delete process.env[names[key]];
  }
}
