import { describe, test } from 'vitest';
import { namespaces } from '../../../../orchestrator/fabrics/namespaces/namespaces.ts';
import { fabricContract } from '../../../contract/fabric.ts';
import { namespacesMissing } from '../../../helpers/namespaces.ts';

if (namespacesMissing !== null) test(`SKIPPED: ${namespacesMissing}`, ({ skip }) => skip());

describe.skipIf(namespacesMissing !== null)('fabric namespaces', () => {
  fabricContract(namespaces, { exactTraffic: false });
});
