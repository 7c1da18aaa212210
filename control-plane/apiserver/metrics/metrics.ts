import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { ResourceType } from '#api/resource-type.ts';

/** Counts what the server does, under kube-apiserver's names. Each server has its own registry. */
export interface ServerMetrics {
  readonly registry: Registry;
  /** `done` tells the answer's code and how long it took. */
  requestDone(request: RequestLabels, code: number, durationMs: number): void;
  inFlight(kind: 'readOnly' | 'mutating', change: 1 | -1): void;
  longRunning(change: 1 | -1): void;
  watchStarted(type: ResourceType): { end(): void };
  panicked(): void;
  rejected(): void;
}

export interface RequestLabels {
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
}

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export function createServerMetrics(options: { readonly nodeMetrics?: boolean } = {}): ServerMetrics {
  const registry = new Registry();
  if (options.nodeMetrics) collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const labelNames = ['verb', 'group', 'version', 'resource', 'subresource', 'code'];
  const total = new Counter({ name: 'apiserver_request_total', help: 'Requests answered.', labelNames, registers });
  const duration = new Histogram({
    name: 'apiserver_request_duration_seconds',
    help: 'Time from the head of a request to the head of its answer; watches and streams are left out.',
    labelNames: ['verb', 'group', 'resource', 'subresource'],
    buckets: seconds,
    registers,
  });
  const inFlight = new Gauge({
    name: 'apiserver_current_inflight_requests',
    help: 'Requests that are being worked on.',
    labelNames: ['request_kind'],
    registers,
  });
  const longRunning = new Gauge({
    name: 'apiserver_longrunning_requests',
    help: 'Open watches and streams.',
    registers,
  });
  const watchers = new Gauge({
    name: 'apiserver_registered_watchers',
    help: 'Open watches by kind.',
    labelNames: ['group', 'version', 'kind'],
    registers,
  });
  const panics = new Counter({
    name: 'apiserver_request_errors_total',
    help: 'Requests that failed by a fault of ours.',
    registers,
  });
  const rejections = new Counter({
    name: 'apiserver_dropped_requests_total',
    help: 'Requests turned away because too many were in flight.',
    registers,
  });

  return {
    registry,
    requestDone({ verb, group, version, resource, subresource }, code, durationMs) {
      total.inc({ verb, group, version, resource, subresource, code });
      if (!unmeasured.has(verb)) duration.observe({ verb, group, resource, subresource }, durationMs / 1000);
    },
    inFlight: (request_kind, change) => inFlight.inc({ request_kind }, change),
    longRunning: (change) => longRunning.inc(change),
    watchStarted({ group, version, kind }) {
      const labels = { group, version, kind };
      watchers.inc(labels);
      return { end: () => watchers.dec(labels) };
    },
    panicked: () => panics.inc(),
    rejected: () => rejections.inc(),
  };
}

const unmeasured = new Set(['WATCH', 'CONNECT']);
