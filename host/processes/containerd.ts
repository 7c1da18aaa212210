import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '../files.ts';
import { pauseImageName } from '../images/build.ts';
import type { HostLayout } from '../layout.ts';
import { hasSysResource } from '../machine.ts';
import { findCommand, requireCommand } from '../packages.ts';
import type { BackgroundProcess } from './keeper.ts';
import { killContainers } from './systemd/machine-stop.ts';

/** Our own containerd: sockets, state and network configuration apart from one that the machine may run already. */
export function containerdProcess(layout: HostLayout): BackgroundProcess {
  const config = join(layout.stateDir, 'containerd.toml');
  for (const folder of [layout.containerdRoot, layout.containerdState, layout.cniConfDir]) {
    mkdirSync(folder, { recursive: true, mode: 0o711 });
  }
  writeFileAtomic(config, containerdConfig(layout, { restrictOomScore: !hasSysResource() }), 0o600);
  return {
    name: 'containerd',
    purpose: 'containerd, which runs the containers',
    childrenOutlive: true,
    afterStop: killContainers(layout),
    runDir: layout.runDir,
    logFile: join(layout.logDir, 'containerd.log'),
    command: [requireCommand('containerd'), '--config', config],
    // containerd looks up runc and its shims in PATH.
    env: { PATH: `${process.env.PATH ?? ''}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin` },
  };
}

export function containerdConfig(layout: HostLayout, options: { restrictOomScore: boolean }): string {
  const pluginDir = dirname(findCommand('/usr/lib/cni/bridge') ?? '/opt/cni/bin/bridge');
  const text = JSON.stringify;
  return `# Written by berth at every start; changes are lost.
version = 2
root = ${text(layout.containerdRoot)}
state = ${text(layout.containerdState)}
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.internal.v1.tracing", "io.containerd.tracing.processor.v1.otlp",
]

[grpc]
  address = ${text(layout.containerdSocket)}
  max_recv_message_size = 50331648
  max_send_message_size = 50331648

[debug]
  level = "warn"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = ${text(pauseImageName)}
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
  disable_apparmor = false
  restrict_oom_score_adj = ${options.restrictOomScore}
  netns_mounts_under_state_dir = true
  max_container_log_line_size = 262144
  disable_proc_mount = false
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = ${text(layout.registryDir)}
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = ${text(pluginDir)}
    conf_dir = ${text(layout.cniConfDir)}
    max_conf_num = 1
`;
}
