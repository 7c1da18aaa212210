import { describeSeeds } from './seeds.ts';

describeSeeds('machine-death', { seeds: 100, repeatEvery: 25 });
