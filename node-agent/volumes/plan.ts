/** What a volume of a pod is to be on the machine, with all it holds; made by build.ts, carried out by a PodHost. */
export type VolumePlan =
  | {
      readonly kind: 'empty-dir';
      readonly name: string;
      readonly medium: 'disk' | 'memory';
      /** Bytes; undefined is no limit. Held by the kernel for memory. */
      readonly sizeLimitBytes: number | undefined;
      readonly fsGroup: number | undefined;
    }
  | { readonly kind: 'host-path'; readonly name: string; readonly path: string; readonly type: HostPathType }
  | {
      readonly kind: 'files';
      readonly name: string;
      /** Kubernetes' name of the plugin, as part of the path: `kubernetes.io~configmap`. */
      readonly plugin: 'configmap' | 'secret' | 'downward-api' | 'projected';
      readonly medium: 'disk' | 'memory';
      readonly files: readonly VolumeFile[];
      readonly fsGroup: number | undefined;
    };

export type HostPathType =
  | ''
  | 'DirectoryOrCreate'
  | 'Directory'
  | 'FileOrCreate'
  | 'File'
  | 'Socket'
  | 'CharDevice'
  | 'BlockDevice';

export interface VolumeFile {
  /** Relative, without `..`; checked when the plan is made and again when it is written. */
  readonly path: string;
  readonly mode: number;
  readonly data: Buffer;
}

export interface SetUpVolume {
  /** Where the volume lies on the machine. */
  readonly path: string;
}
