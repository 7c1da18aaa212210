import { describeSeeds } from './seeds.ts';

describeSeeds('daemon-set', { seeds: 100, repeatEvery: 10 });
