import { describeSeeds } from './seeds.ts';

describeSeeds('cut-off', { seeds: 120, repeatEvery: 25 });
