import { describeSeeds } from './seeds.ts';

describeSeeds('stateful-set', { seeds: 100, repeatEvery: 10 });
