import { arch, platform } from 'node:process';

/** The Kubernetes API this server speaks, and which Berth it is. */
export const kubernetesVersion = { major: '1', minor: '36', patch: '0' };

/** `/version`, in the form of apimachinery's version.Info. */
export function versionInfo(berthVersion: string): Record<string, string> {
  const { major, minor, patch } = kubernetesVersion;
  return {
    major,
    minor,
    gitVersion: `v${major}.${minor}.${patch}+berth${berthVersion}`,
    gitCommit: '',
    gitTreeState: '',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: `node ${process.version}`,
    compiler: 'node',
    platform: `${platform}/${arch === 'x64' ? 'amd64' : arch}`,
  };
}
