import { fullSize } from './scenarios/scenario.ts';
import { describeSeeds } from './seeds.ts';

describeSeeds('server-restart', { seeds: 200, repeatEvery: 10, large: { size: fullSize, seeds: 1 } });
