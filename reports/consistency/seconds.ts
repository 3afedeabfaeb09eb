import type { JsHistogram } from 'hdr-histogram-js';
import { hasManyReceivers, patterns } from '../../topologies/patterns.ts';
import { largestUs, maxUs, mergeSamples, quantileUs, type Samples } from '../reconcile/dist.ts';
import { groupBy } from '../reconcile/parts.ts';
import type { IntervalRow, RunRecord, TaggedHistogram } from '../record.ts';
import type { RunResult } from '../result.ts';
import { isPlain } from './books.ts';
import { distributionsOf } from './distributions.ts';
import { type Contradiction, isWhole, same, total } from './law.ts';

/** Seconds add up to the window; of a lone `result.json` there are none. */
export function* secondsLaw({ result, intervals }: RunRecord): Generator<Contradiction> {
  const { outcome, scenario } = result;
  const { replies } = patterns[scenario.workload.pattern];
  const whole = isWhole(result);
  const next = new Map<string, number>();
  for (const { second, site, due, done, failed } of intervals) {
    const expected = next.get(site) ?? 0;
    yield* same(
      `intervals.csv second ${second} ${site} second`,
      second,
      expected,
      'one after another',
    );
    next.set(site, expected + 1);
    const where = `intervals.csv second ${second} ${site} failed`;
    const isTold = replies && whole;
    if (isTold) yield* same(where, failed, due - done, `due ${due} - done ${done}`);
    if (!replies) yield* same(where, failed, Math.max(0, due - done), `due ${due} - done ${done}`);
  }
  if (intervals.length === 0 || !whole) return;
  const sum = (pick: (row: IntervalRow) => number): number => total(intervals.map(pick));
  yield* same(
    'outcome.due',
    outcome.due,
    sum((row) => row.due),
    'seconds of intervals.csv',
  );
  const isExact = replies || hasManyReceivers(scenario.workload) || isPlain(outcome);
  if (!isExact) return;
  yield* same(
    'outcome.completed',
    outcome.completed,
    sum((row) => row.done),
    'seconds of intervals.csv',
  );
}

/** Quantiles of each second are those of its line in `histograms.hlog`. */
export function* secondQuantilesLaw(record: RunRecord): Generator<Contradiction> {
  const { intervals, histograms } = record;
  if (histograms.length === 0) return;
  const lines = new Map(histograms.map((line) => [`${line.tag} ${line.startSeconds}`, line]));
  const { negativeSamples } = record.result.latencyUs;
  const noLine = mergeSamples([]).histogram;
  for (const row of intervals) {
    const { second, site, done, failed } = row;
    const counts: [kind: string, count: number][] = [];
    const samplesOf = (kind: string): Samples => {
      const line = lines.get(`${kind}.${site} ${second}`);
      const histogram = (line && decode(line)) ?? noLine;
      counts.push([kind, histogram.totalCount]);
      return { histogram, negative: Math.max(0, done - histogram.totalCount) };
    };
    const response = samplesOf('response');
    const numbers = {
      responseP50Us: quantileUs(response, failed, 5000),
      responseP99Us: quantileUs(response, failed, 9900),
      responseMaxUs: maxUs(response, failed),
      serviceP99Us: quantileUs(samplesOf('service'), failed, 9900),
    };
    for (const [kind, count] of counts) {
      if (negativeSamples > 0) continue;
      const where = `histograms.hlog ${kind}.${site} ${second} count`;
      yield* same(where, count, done, 'done in intervals.csv');
    }
    for (const [name, expected] of Object.entries(numbers)) {
      const where = `intervals.csv second ${second} ${site} ${name}`;
      yield* same(
        where,
        row[name as keyof typeof numbers],
        expected,
        'its line in histograms.hlog',
      );
    }
  }
}

/** Lines of `histograms.hlog` by themselves, and all of a kind against the distribution of the whole window. */
export function* histogramsLaw({ result, histograms }: RunRecord): Generator<Contradiction> {
  const known = new Map(distributionsOf(result).map(([path, dist]) => [path, dist]));
  for (const [kind, lines] of groupBy(histograms, kindOf)) {
    const decoded = lines.map((line) => decode(line));
    for (const [at, line] of lines.entries())
      yield* lineLaw(result, kind, line, decoded[at] ?? null);
    const dist = known.get(`latencyUs.${kind}`);
    if (dist === undefined || !isWhole(result)) continue;
    const counted = total(decoded.map((own) => own?.totalCount ?? 0));
    const from = `lines ${kind}.<site> of histograms.hlog`;
    yield* same(`latencyUs.${kind}.count`, dist.count, counted, from);
  }
}

function* lineLaw(
  { latencyUs, workload }: RunResult,
  kind: string,
  { tag, maxUs: max, startSeconds, lengthSeconds }: TaggedHistogram,
  own: JsHistogram | null,
): Generator<Contradiction> {
  const where = `histograms.hlog ${tag} ${startSeconds}`;
  const perSecond = kind === 'response' || kind === 'service';
  const length = perSecond ? 1 : Number((workload.measuredMs / 1e3).toFixed(3));
  yield* same(`${where} length`, lengthSeconds, length, perSecond ? 'a second' : 'measuredMs');
  if (!perSecond) yield* same(`${where} start`, startSeconds, 0, 'the start of measuring');
  if (own === null) {
    yield { where, expected: 'an HdrHistogram (V2, compressed, base64)', got: 'something else' };
    return;
  }
  // Older results have the sample itself there, and so less than its bucket's highest value.
  if (latencyUs.response.negative === undefined) return;
  yield* same(`${where} max`, max, largestUs(own), 'its histogram');
}

/** Null when it is no histogram. */
function decode({ hdr }: TaggedHistogram): JsHistogram | null {
  try {
    return mergeSamples([{ hdr, negative: 0 }]).histogram;
  } catch {
    return null;
  }
}

/** Sites may have dots in their names, kinds have none. */
function kindOf({ tag }: TaggedHistogram): string {
  return tag.slice(0, tag.indexOf('.'));
}
