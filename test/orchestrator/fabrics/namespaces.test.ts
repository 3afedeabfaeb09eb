import { describe } from 'vitest';
import { namespaces } from '../../../orchestrator/fabrics/namespaces.ts';
import { fabricContract } from '../../contract/fabric.ts';
import { isRoot, sayWhatIsSkipped } from '../../helpers/namespaces.ts';

sayWhatIsSkipped('fabric namespaces', isRoot);

describe.skipIf(!isRoot)('fabric namespaces (needs root)', () => {
  fabricContract(namespaces, { exactTraffic: false });
});
