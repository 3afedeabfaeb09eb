import { introduction } from '../../../agents/drivers/rhea/introduction.ts';
import { serveCalls } from '../../hosts/calls.ts';
import type { PeerCalls } from './peer-calls.ts';

// A program of its own: asks AMQP 1.0 peers who they are, on behalf of the orchestrator, which imports no client
// library. Endpoints hold credentials, which is why they come by stdin.

serveCalls<PeerCalls>({ introduce: ({ endpoint }) => introduction(endpoint) });
