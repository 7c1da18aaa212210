import { Histogram, type Registry } from 'prom-client';
import type { Clock } from '#base/clock.ts';
import type { Store } from '../../store/store.ts';

/** The same store, with the time each call takes recorded under kube-apiserver's name for it. */
export function measuredStore(store: Store, clock: Clock, registry: Registry): Store {
  const duration = new Histogram({
    name: 'etcd_request_duration_seconds',
    help: 'Time a call to the store took.',
    labelNames: ['operation'],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
    registers: [registry],
  });
  const timed = async <T>(operation: string, work: Promise<T>): Promise<T> => {
    const startMs = clock.monotonicMs();
    try {
      return await work;
    } finally {
      duration.observe({ operation }, (clock.monotonicMs() - startMs) / 1000);
    }
  };
  return {
    get: (...parameters) => timed('get', store.get(...parameters)),
    list: (...parameters) => timed('list', store.list(...parameters)),
    create: (...parameters) => timed('create', store.create(...parameters)),
    update: (...parameters) => timed('update', store.update(...parameters)),
    delete: (...parameters) => timed('delete', store.delete(...parameters)),
    watch: (...parameters) => store.watch(...parameters),
    requestProgress: () => store.requestProgress(),
    currentRevision: (...parameters) => timed('currentRevision', store.currentRevision(...parameters)),
    compact: (...parameters) => timed('compact', store.compact(...parameters)),
    close: () => store.close(),
  };
}
