/** What the memory driver is told by its bus: how it queues, and the faults it makes. */
export interface MemoryEndpoint {
  readonly choice: 'round-robin' | 'random';
  /** Requests queued before `send` refuses. */
  readonly capacity: number;
  readonly delayUs: number;
  /** Percentages of deliveries; they exclude each other and spare probes. */
  readonly lossPercent: number;
  readonly duplicatePercent: number;
  readonly reorderPercent: number;
  readonly replyLossPercent: number;
}
