import { fullSize } from './scenarios/scenario.ts';
import { describeSeeds } from './seeds.ts';

describeSeeds('chaos', { seeds: 200, repeatEvery: 10, large: { size: fullSize, seeds: 1 } });
