import { describeSeeds } from './seeds.ts';

describeSeeds('deletion', { seeds: 200, repeatEvery: 10 });
