import { describeSeeds } from './seeds.ts';

describeSeeds('most-are-gone', { seeds: 50, repeatEvery: 25 });
