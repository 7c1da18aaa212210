/** A runtime that answers over gRPC on a unix socket, so that the real client is what is tested. */
import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import {
  type Envelope,
  EventsService,
  type PublishRequest,
  type SubscribeRequest,
  TaskExit,
} from '#proto/generated/containerd/events.ts';
import {
  Container,
  ContainerState,
  ContainerStatus,
  type ContainerStatusRequest,
  type ContainerStatusResponse,
  type ListContainersRequest,
  type ListContainersResponse,
} from '#proto/generated/cri/container.ts';
import {
  ContainerEventResponse,
  type ContainerEventType,
  type GetEventsRequest,
  RuntimeServiceService,
  type VersionRequest,
  type VersionResponse,
} from '#proto/generated/cri/runtime.ts';
import {
  type ListPodSandboxRequest,
  type ListPodSandboxResponse,
  PodSandbox,
  type PodSandboxStatusRequest,
  type PodSandboxStatusResponse,
} from '#proto/generated/cri/sandbox.ts';
import type { Empty } from '#proto/generated/google/protobuf/empty.ts';

export interface FakeCri {
  /** State by id; every container is in the one sandbox, of the pod `pod`. */
  readonly containers: Map<string, ContainerState>;
  /** The next calls of Version fail with this. */
  versionError: { readonly code: number; readonly details: string } | undefined;
  /** Neither answers nor fails. */
  hangVersion: boolean;
  sendCriEvent(containerId: string, type: ContainerEventType): void;
  /** With the deletion of the task that follows, unless told otherwise. */
  sendTaskExit(containerId: string, options?: { readonly execId?: string; readonly deletion?: boolean }): void;
  readonly subscribers: number;
  readonly cancelled: number;
  /** How often containers were listed. */
  readonly looks: number;
  close(): void;
}

export interface FakeCriOptions {
  readonly socketPath: string;
  readonly criEvents: boolean;
  readonly containerdEvents: boolean;
}

const sandboxId = 'sandbox';
const metadata = { name: 'p', namespace: 'd', uid: 'pod', attempt: 0 };

export async function startFakeCri({ socketPath, criEvents, containerdEvents }: FakeCriOptions): Promise<FakeCri> {
  const server = new Server();
  const containers = new Map<string, ContainerState>();
  const criStreams = new Set<ServerWritableStream<GetEventsRequest, ContainerEventResponse>>();
  const taskStreams = new Set<ServerWritableStream<SubscribeRequest, Envelope>>();
  let cancelled = 0;
  let looks = 0;
  const fake: FakeCri = {
    containers,
    versionError: undefined,
    hangVersion: false,
    get subscribers() {
      return criStreams.size + taskStreams.size;
    },
    get looks() {
      return looks;
    },
    get cancelled() {
      return cancelled;
    },
    sendCriEvent(containerId, containerEventType) {
      const podSandboxStatus = { id: sandboxId, metadata };
      const event = ContainerEventResponse.fromPartial({ containerId, containerEventType, podSandboxStatus });
      for (const stream of criStreams) stream.write(event);
    },
    sendTaskExit(containerId, { execId = containerId, deletion = execId === containerId } = {}) {
      const value = Buffer.from(TaskExit.encode(TaskExit.fromPartial({ containerId, id: execId })).finish());
      publish('/tasks/exit', value);
      if (deletion) publish('/tasks/delete', value);
    },
    close: () => server.forceShutdown(),
  };
  const publish = (topic: string, value: Buffer): void => {
    for (const stream of taskStreams) stream.write({ namespace: 'k8s.io', topic, event: { typeUrl: 't', value } });
  };

  const { version, listContainers, listPodSandbox, containerStatus, podSandboxStatus, getContainerEvents } =
    RuntimeServiceService;
  server.addService(
    { version, listContainers, listPodSandbox, containerStatus, podSandboxStatus },
    {
      version(call: ServerUnaryCall<VersionRequest, VersionResponse>, done: sendUnaryData<VersionResponse>) {
        call.on('cancelled', () => {
          cancelled += 1;
        });
        if (fake.hangVersion) return;
        if (fake.versionError) return done(fake.versionError);
        done(null, { version: '', runtimeName: 'fake', runtimeVersion: '1', runtimeApiVersion: 'v1' });
      },
      listContainers(
        _call: ServerUnaryCall<ListContainersRequest, ListContainersResponse>,
        done: sendUnaryData<ListContainersResponse>,
      ) {
        looks += 1;
        const all = [...containers].map(([id, state]) => Container.fromPartial({ id, podSandboxId: sandboxId, state }));
        done(null, { containers: all });
      },
      listPodSandbox(
        _call: ServerUnaryCall<ListPodSandboxRequest, ListPodSandboxResponse>,
        done: sendUnaryData<ListPodSandboxResponse>,
      ) {
        done(null, { items: [PodSandbox.fromPartial({ id: sandboxId, metadata })] });
      },
      containerStatus(
        call: ServerUnaryCall<ContainerStatusRequest, ContainerStatusResponse>,
        done: sendUnaryData<ContainerStatusResponse>,
      ) {
        const id = call.request.containerId;
        const state = containers.get(id);
        if (state === undefined) return done({ code: status.NOT_FOUND, details: 'not found' });
        done(null, { status: ContainerStatus.fromPartial({ id, state }), info: {} });
      },
      podSandboxStatus(
        _call: ServerUnaryCall<PodSandboxStatusRequest, PodSandboxStatusResponse>,
        done: sendUnaryData<PodSandboxStatusResponse>,
      ) {
        done({ code: status.NOT_FOUND, details: 'not found' });
      },
    },
  );
  if (criEvents) {
    const service = { getContainerEvents: { ...getContainerEvents } };
    server.addService(service, {
      getContainerEvents(call: ServerWritableStream<GetEventsRequest, ContainerEventResponse>) {
        criStreams.add(call);
        call.on('cancelled', () => criStreams.delete(call));
      },
    });
  }
  if (containerdEvents) {
    server.addService(EventsService, {
      publish(call: ServerUnaryCall<PublishRequest, Empty>, done: sendUnaryData<Empty>) {
        publish(call.request.topic, call.request.event?.value ?? Buffer.alloc(0));
        done(null, {});
      },
      subscribe(call: ServerWritableStream<SubscribeRequest, Envelope>) {
        taskStreams.add(call);
        call.on('cancelled', () => taskStreams.delete(call));
      },
    });
  }
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix://${socketPath}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    );
  });
  return fake;
}

export const containerStates = ContainerState;
