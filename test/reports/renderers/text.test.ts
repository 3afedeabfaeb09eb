import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { textRenderer } from '../../../reports/renderers/text.ts';
import type { RunResult } from '../../../reports/result.ts';
import { manySites } from '../../helpers/record/many-sites.ts';
import { makeRecord } from '../../helpers/record/record.ts';

const record = makeRecord();

describe('the text report', () => {
  it('tells the whole story in 100 columns', () => {
    const text = textRenderer.render([record], { directory: 'results/three-sites' });
    expect(widest(text)).toBeLessThanOrEqual(100);
    expect(text).toMatchInlineSnapshot(`
      "EXPECTATION MISSED  30,000 due = 29,875 completed + 125 failed (0.42 %), 995.5/s of 1,000/s offered
      three-sites: call over rabbitmq, 3 sites on loopback · 300 clients, 3 servers, 1 topic
      1,024 B bodies · open loop, constant arrivals · at-most-once · timeout 5 s · measured 30 s

      Warnings
        warning  WAN_OUT_OF_TOLERANCE: paris -> nice: round trip of 84.60 ms measured, 80.00 ms requested
                 Keep the machine idle; \`busbench check\` names the next better fabric.
        warning  LOST: 22 messages were sent, not refused, and delivered nowhere (clients at paris 11,
                 lyon 11)
                 See the bus: dropped, expired, or still queued after the drain?
        warning  LOST_REPLIES: 72 calls were delivered but no reply came back by the end of the drain
                 (clients at lyon 38, paris 34)
                 A longer drain tells slow replies from lost ones.
        warning  DUPLICATED: 1 deliveries repeated an earlier one (sent by clients at nice 1; received at
                 server.nice 1); the bus: rabbitmq 3.10.8
                 At least once repeats after a lost acknowledgement; at most once must not.

      Expectations
        met     latency.response.p50 < 50ms, got 798 µs
        missed  outcome.lost == 0, got 22
        missed  latency.response.p999 < 1s, got no value
        met     outcome.completed > 0 (implied), got 29,875
        missed  outcome.duplicated == 0 (implied), got 1

      Latency
        response: from due to done; service: from sent to done
                 response    service  agent delay  bus delay
        p50        798 µs     738 µs        45 µs      14 µs
        p90       41.2 ms    41.0 ms        69 µs      22 µs
        p95       80.8 ms    80.7 ms        72 µs      23 µs
        p99       82.0 ms    81.2 ms        74 µs      24 µs
        p99.9   > timeout  > timeout        75 µs     649 ms
        max     > timeout  > timeout        75 µs     890 ms
        mean      14.5 ms    12.6 ms        45 µs    1.90 ms
        stddev    40.9 ms    23.9 ms        17 µs    32.6 ms

        Where the time went
                request leg    hold  reply leg  reconnect
        p50          384 µs   12 µs     349 µs          -
        p90         20.5 ms   14 µs    20.4 ms          -
        p95         40.4 ms   15 µs    40.3 ms          -
        p99         40.6 ms   15 µs    40.5 ms          -
        p99.9       41.4 ms   15 µs    41.1 ms          -
        max         45.0 ms   15 µs    43.4 ms     415 ms
        mean        6.30 ms   12 µs    6.26 ms     264 ms
        stddev      12.0 ms  1.8 µs    12.0 ms     108 ms
        Failed operations rank as infinitely slow; "> timeout" falls among them (timeout 5 s). Mean and
        stddev are of the completed ones.
        "-": not known; a quantile needs 10 samples beyond it.
        Legs cross two clocks, known to 18 µs (at the very most 240 µs off).

      Locality  local ratio 0.751 · by site 0.745 to 0.759 · random choice 0.333 · fairness 1.000
                detoured 0.502
        Operations and median service time, client site by server site
        from \\ at            paris             lyon             nice
        paris       7,432 · 655 µs  1,218 · 20.7 ms  1,286 · 80.7 ms
        lyon       1,145 · 20.7 ms   7,548 · 657 µs  1,246 · 40.7 ms
        nice       1,255 · 80.7 ms  1,296 · 40.7 ms   7,449 · 658 µs

        Excess: transit time beyond the idle round trip to the nearest server
        clients at     p50      p99
        paris       729 µs  81.7 ms
        lyon        720 µs  41.6 ms
        nice        730 µs  81.2 ms

      Network  between sites 18.9 MB
        Round trip, requested → measured median
        from \\ to         paris          lyon            nice
        paris                 -  20 → 20.2 ms  80 → 84.6 ms !
        lyon       20 → 20.2 ms             -    40 → 40.2 ms
        nice       80 → 80.2 ms  40 → 40.2 ms               -
        "!": outside the tolerance of max(5 %, 1 ms).
        No inter-site ratio: a relay sees no bytes inside a site
        A relay ends TCP connections at each site: it has no SYN delay, no loss and no slow start.

      Ledger  sent 30,000 · delivered 29,964 of 29,986 · lost 22 · lost replies 72 · late 17
              duplicated 1 · redelivered 2 · reordered 0 · unroutable 14 · unknown 0
        Failures by class
        class       count  of failures   of due
        timeout       111       88.8 %   0.37 %
        unroutable     14       11.2 %  0.047 %

        Why, in the bus's own words where it said anything
        class       count  reason
        timeout       111  no reply by its deadline
        unroutable     14  312 NO_ROUTE

      Bus  type rabbitmq · ready after 8.421 s · clusterMs 3.12 s · bootMs 5.301 s

      Faults  lost 22 · delivered twice 1
        What was due from its start until all was well again, or the next one began
        fault                   from    to  failed  timeout  unroutable  lost  twice
        partition paris | lyon  10 s  12 s     125      111          14    22      1

        Why it failed: partition paris | lyon
        class       count  reason
        timeout       111  no reply by its deadline
        unroutable     14  312 NO_ROUTE

        Mended: from breaking to healed or in service; recovered: after that. Median / longest
        fault                    mended      reconnected  recovered
        partition paris | lyon  2.001 s  210 ms / 415 ms    1.997 s

        from, to: since the start of measuring; +: after its start, then after its end
        action     target        from    to  failed  first failure  first success  recovered
        partition  paris | lyon  10 s  12 s     119         +38 ms          +0 ms   +1.997 s

      Resources  agent CPU an operation 276 µs · event-loop delay p99 99 µs · max 99 µs
        Processes
        process       role    site      CPU  CPU time   memory  sockets
        bus-1         bus     paris  32.7 %    9.81 s   143 MB      118
        bus-2         bus     lyon   29.7 %    8.91 s   144 MB      118
        bus-3         bus     nice   26.7 %    8.01 s   145 MB      118
        relay         fabric          7.0 %    2.10 s  64.0 MB      620
        client.paris  agent   paris   6.4 %    1.92 s  98.2 MB      101
        client.lyon   agent   lyon    6.4 %    1.92 s  98.2 MB      101
        client.nice   agent   nice    6.4 %    1.92 s  98.2 MB      101
        server.paris  agent   paris   2.8 %    0.84 s  71.4 MB        2
        2 more processes used less CPU than these.

      Result  results/three-sites
      "
    `);
  });

  it('fits 80 columns but for tables, and says the same in colour', () => {
    const plain = textRenderer.render([record], { columns: 80 });
    expect(widest(plain)).toBeLessThanOrEqual(90);
    const colored = textRenderer.render([record], { columns: 80, color: true });
    expect(colored).not.toBe(plain);
    expect(stripVTControlCharacters(colored)).toBe(plain);
  });

  it('says on top what ended a run and how much of it was measured', () => {
    const text = textRenderer.render([makeRecord(interrupted)]);
    expect(text.split('\n').slice(0, 5)).toMatchInlineSnapshot(`
      [
        "FAILED  30,000 due = 29,875 completed + 125 failed (0.42 %), 995.5/s of 1,000/s offered",
        "  AGENT_DIED: client.lyon (pid 4711) died 4.2 s into measuring, killed by SIGKILL",
        "  Its log is logs/client.lyon.log.",
        "  Everything below is partial: 4.2 s of 30 s were measured.",
        "three-sites: call over rabbitmq, 3 sites on loopback · 300 clients, 3 servers, 1 topic",
      ]
    `);
  });

  it('tells of no latencies when nothing was measured', () => {
    const text = textRenderer.render([makeRecord(unmeasured)]);
    expect(text).toContain('nothing was due');
    expect(text).toContain('Measuring never began');
    expect(text).not.toContain('response');
  });

  it('shows coverage and arrivals of a fanout', () => {
    const text = textRenderer.render([makeRecord(fanout)]);
    expect(section(text, 'Fanout')).toMatchInlineSnapshot(`
      "Fanout  coverage mean 99.80 % · least 90.0 % · deliveries 29,964 of 29,986
        Arrivals after due
                first arrival  last arrival
        p50            798 µs        798 µs
        p90           41.2 ms       41.2 ms
        p95           80.8 ms       80.8 ms
        p99           82.0 ms       82.0 ms
        p99.9       > timeout     > timeout
        max         > timeout     > timeout
        mean          14.5 ms       14.5 ms
        stddev        40.9 ms       40.9 ms"
    `);
  });

  it('lists the busiest pairs where a matrix would not fit', () => {
    const text = textRenderer.render([makeRecord(manySites)]);
    expect(widest(text)).toBeLessThanOrEqual(100);
    expect(text).toContain('Busiest pairs of sites');
    expect(text).toMatch(/^ {2}132 more +\S/m);
  });
});

function widest(text: string): number {
  return Math.max(...text.split('\n').map((line) => line.length));
}

function section(text: string, title: string): string {
  const lines = text.split('\n');
  const from = lines.findIndex((line) => line.startsWith(title));
  return lines.slice(from, lines.indexOf('', from)).join('\n');
}

function interrupted(result: RunResult): RunResult {
  return {
    ...result,
    workload: { ...result.workload, measuredMs: 4200 },
    verdict: {
      ...result.verdict,
      status: 'failed',
      failure: {
        code: 'AGENT_DIED',
        message: 'client.lyon (pid 4711) died 4.2 s into measuring, killed by SIGKILL',
        hint: 'Its log is logs/client.lyon.log.',
      },
    },
  };
}

function unmeasured(result: RunResult): RunResult {
  return {
    ...result,
    workload: { ...result.workload, measuredMs: 0 },
    outcome: { ...result.outcome, due: 0, completed: 0, failedTotal: 0, failed: {} },
    verdict: { ...result.verdict, status: 'interrupted', expectations: [] },
  };
}

function fanout(result: RunResult): RunResult {
  const { response } = result.latencyUs;
  return {
    ...result,
    fanout: { coverageMin: 0.9, coverageMean: 0.998 },
    latencyUs: { ...result.latencyUs, fanoutFirst: response, fanoutLast: response },
  };
}
