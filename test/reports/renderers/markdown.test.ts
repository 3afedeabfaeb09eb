import { describe, expect, it } from 'vitest';
import { markdownRenderer } from '../../../reports/renderers/markdown.ts';
import { makeRecord } from '../../helpers/record/record.ts';

const record = makeRecord();

describe('the markdown report', () => {
  it('shows the verdict and latency, and folds the rest', () => {
    const text = markdownRenderer.render([record], { directory: 'results/three-sites' });
    expect(text).toMatchInlineSnapshot(`
      "### ❌ three-sites: EXPECTATION MISSED

      **30,000 due = 29,906 completed + 94 failed (0.31 %), 996.9/s of 1,000/s offered**

      call over rabbitmq, 3 sites on loopback · 300 clients, 3 servers, 1 topic · 1,024 B bodies · open loop, constant arrivals · at-most-once · timeout 5 s · measured 30 s

      - ⚠️ warning: WAN\\_TOLERANCE: measured RTT paris → nice 84.6 ms, requested 80 ms *The machine was busy while the RTT was measured; use fewer sites or more cores.*

      - ✅ met: latency.response.p50 &lt; 50ms, got 811 µs
      - ❌ missed: outcome.lost == 0, got 6
      - ❌ missed: latency.response.p999 &lt; 1s, got no value

      #### Latency

      response: from due to done; service: from sent to done:

      |  | response | service | agent delay | bus delay |
      | --- | ---: | ---: | ---: | ---: |
      | p50 | 811 µs | 751 µs | 45 µs | 14 µs |
      | p90 | 41.2 ms | 41.1 ms | 69 µs | 22 µs |
      | p95 | 80.8 ms | 80.7 ms | 72 µs | 23 µs |
      | p99 | 81.5 ms | 81.2 ms | 74 µs | 24 µs |
      | p99.9 | > timeout | > timeout | 75 µs | 557 ms |
      | max | > timeout | > timeout | 75 µs | 893 ms |
      | mean | 14.0 ms | 12.7 ms | 45 µs | 1.27 ms |
      | stddev | 36.4 ms | 24.1 ms | 17 µs | 26.9 ms |

      Where the time went:

      |  | request leg | hold | reply leg |
      | --- | ---: | ---: | ---: |
      | p50 | 376 µs | 12 µs | 376 µs |
      | p90 | 20.5 ms | 12 µs | 20.5 ms |
      | p95 | 40.4 ms | 12 µs | 40.4 ms |
      | p99 | 40.6 ms | 12 µs | 40.6 ms |
      | p99.9 | 49.2 ms | 12 µs | 49.2 ms |
      | max | 49.2 ms | 12 µs | 49.2 ms |
      | mean | 6.38 ms | 12 µs | 6.38 ms |
      | stddev | 12.1 ms | 0 µs | 12.1 ms |

      <sub>Failed operations rank as infinitely slow; "> timeout" falls among them (timeout 5 s). Mean and stddev are of the completed ones.</sub>

      <sub>Legs cross two clocks, known to 18 µs (at the very most 240 µs off).</sub>

      <details>
      <summary>Locality</summary>

      local ratio **0.746** · by site **0.739 to 0.751** · random choice **0.333** · fairness **1.000** · detoured **0.000**

      Operations and median service time, client site by server site:

      | from \\\\ at | paris | lyon | nice |
      | --- | ---: | ---: | ---: |
      | paris | 7,471 · 673 µs | 1,247 · 20.7 ms | 1,254 · 80.7 ms |
      | lyon | 1,167 · 20.7 ms | 7,534 · 672 µs | 1,243 · 40.7 ms |
      | nice | 1,337 · 80.7 ms | 1,244 · 40.7 ms | 7,409 · 674 µs |

      Excess: transit time beyond the idle round trip to the nearest server:

      | clients at | p50 | p99 |
      | --- | ---: | ---: |
      | paris | 610 µs | 40.1 ms |
      | lyon | 610 µs | 40.1 ms |
      | nice | 610 µs | 80.4 ms |

      </details>

      <details>
      <summary>Network</summary>

      between sites **18.9 MB** · in all **61.4 MB** · inter-site ratio **0.307**

      Round trip, requested → measured median:

      | from \\\\ to | paris | lyon | nice |
      | --- | ---: | ---: | ---: |
      | paris | - | 20 → 20.2 ms | 80 → 84.6 ms ! |
      | lyon | 20 → 20.2 ms | - | 40 → 40.2 ms |
      | nice | 80 → 80.2 ms | 40 → 40.2 ms | - |

      <sub>"!": outside the tolerance of max(5 %, 1 ms).</sub>

      <sub>A relay ends TCP connections at each site: it has no SYN delay, no loss and no slow start.</sub>

      </details>

      <details>
      <summary>Ledger</summary>

      sent **29,996** · delivered **29,926 of 30,000** · lost **6** · lost replies **20** · late **14** · duplicated **0** · redelivered **2** · reordered **0** · unroutable **10** · unknown **0**

      Failures by class:

      | class | count | of failures | of due |
      | --- | ---: | ---: | ---: |
      | timeout | 84 | 89.4 % | 0.28 % |
      | unroutable | 10 | 10.6 % | 0.033 % |

      </details>

      <details>
      <summary>Bus</summary>

      type **rabbitmq** · ready after **8.421 s** · clusterMs **3.12 s** · bootMs **5.301 s**

      </details>

      #### Faults

      lost **2** · delivered twice **1**

      What was due from its start until all was well again, or the next one began:

      | fault | from | to | failed | timeout | unroutable | lost | twice |
      | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
      | partition paris \\| lyon | 10 s | 12 s | 94 | 84 | 10 | 2 | 1 |

      Mended: from breaking to healed or in service; recovered: after that. Median / longest:

      | fault | mended | reconnected | recovered |
      | --- | ---: | ---: | ---: |
      | partition paris \\| lyon | 2.001 s | 210 ms / 415 ms | 1.24 s |

      from, to: since the start of measuring; +: after its start, then after its end:

      | action | target | from | to | failed | first failure | first success | recovered |
      | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |
      | partition | paris \\| lyon | 10 s | 12 s | 94 | +10 ms | +41 ms | +1.24 s |

      <details>
      <summary>Resources</summary>

      agent CPU an operation **61 µs** · event-loop delay p99 **90 µs** · max **90 µs**

      Processes:

      | process | role | site | CPU | CPU time | memory | sockets |
      | --- | --- | --- | ---: | ---: | ---: | ---: |
      | bus-1 | bus | paris | 32.7 % | 9.81 s | 143 MB | 118 |
      | bus-2 | bus | lyon | 29.7 % | 8.81 s | 144 MB | 118 |
      | bus-3 | bus | nice | 26.7 % | 7.81 s | 145 MB | 118 |
      | relay | fabric |  | 7.0 % | 2.10 s | 64.0 MB | 620 |
      | client.paris | agent | paris | 6.4 % | 1.92 s | 98.2 MB | 101 |
      | client.lyon | agent | lyon | 6.4 % | 1.92 s | 98.2 MB | 101 |
      | client.nice | agent | nice | 6.4 % | 1.92 s | 98.2 MB | 101 |
      | server.paris | agent | paris | 2.8 % | 0.84 s | 71.4 MB | 2 |

      <sub>2 more processes used less CPU than these.</sub>

      </details>

      Result: \`results/three-sites\`
      "
    `);
  });

  it('lets no name become markup', () => {
    const name = '<b>*bold*</b> @team `x` | [link](y)\n# title';
    const text = markdownRenderer.render([makeRecord((result) => ({ ...result, name }))]);
    expect(text.split('\n')[0]).toBe(
      '### ❌ &lt;b>\\*bold\\*&lt;/b> @\u200bteam \\`x\\` \\| \\[link\\](y) # title: EXPECTATION MISSED',
    );
  });
});
