import type { V1CronJob, V1Job } from '../generated/types.ts';
import { resourceType } from '../resource-type.ts';

export const cronJobs = resourceType<V1CronJob>('batch', 'v1', 'cronjobs', 'CronJob', {
  shortNames: ['cj'],
  categories: ['all'],
});
export const jobs = resourceType<V1Job>('batch', 'v1', 'jobs', 'Job', { categories: ['all'] });
