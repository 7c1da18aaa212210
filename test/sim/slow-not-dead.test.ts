import { describeSeeds } from './seeds.ts';

describeSeeds('slow-not-dead', { seeds: 50, repeatEvery: 25 });
