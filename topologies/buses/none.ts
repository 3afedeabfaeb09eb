import { nodelessBusOf } from './options.ts';

/** No bus and nobody to use one: a run then measures the network between the sites, and nothing else. */
export const none = nodelessBusOf('none', {});
