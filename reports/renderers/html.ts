import { scenarioNotation } from '../../topologies/scenario.ts';
import type { Chart } from '../charts/chart.ts';
import { pairCharts, roundTripChart } from '../charts/matrix.ts';
import { peerChart } from '../charts/peers.ts';
import { percentileChart } from '../charts/percentiles.ts';
import { resourceChart } from '../charts/resources.ts';
import { timelineChart } from '../charts/timeline.ts';
import { topologyChart } from '../charts/topology.ts';
import { formatPercent, formatQuantile, formatRate, formatRatio, quantiles } from '../format.ts';
import type { RunRecord } from '../record.ts';
import type { Dist, RunResult } from '../result.ts';
import { busSection } from '../sections/bus.ts';
import { environmentSection } from '../sections/environment.ts';
import { fanoutSection } from '../sections/fanout.ts';
import { faultSection } from '../sections/faults.ts';
import { headline } from '../sections/headline.ts';
import { expectationsOf, type Judgement, warningsOf } from '../sections/judgement.ts';
import { latencySection } from '../sections/latency.ts';
import { ledgerSection } from '../sections/ledger.ts';
import { localitySection } from '../sections/locality.ts';
import { peerSection } from '../sections/peers.ts';
import { resourceSection } from '../sections/resources.ts';
import { type Fact, fact, type Section } from '../sections/section.ts';
import { linkTable, wanSection } from '../sections/wan.ts';
import { figureHtml, htmlDocument } from './html-page.ts';
import { escapeHtml, sectionHtml, tableHtml } from './html-section.ts';
import type { Renderer } from './renderer.ts';

/** One self-contained page without scripts: opens offline, on a phone, in the dark and on paper. */
export const htmlRenderer: Renderer = {
  name: 'html',
  extension: 'html',
  render: pageOf,
};

function pageOf(records: readonly RunRecord[]): string {
  const title = records.map(({ result }) => result.name).join(', ');
  const several = records.length > 1;
  const articles = records.map((record, index) => article(record, several ? `r${index + 1}-` : ''));
  const index = several ? [indexOf(records)] : [];
  return htmlDocument(title, [...index, '<main>', ...articles, '</main>']);
}

function indexOf(records: readonly RunRecord[]): string {
  const items = records.map(({ result }, index) => {
    const { label, tone } = headline(result);
    return `<li><a href="#r${index + 1}-top">${escapeHtml(result.name)}</a> <span class="${tone}">${label}</span></li>`;
  });
  return `<nav class="index" aria-label="Results"><ul>${items.join('')}</ul></nav>`;
}

function article(record: RunRecord, prefix: string): string {
  const { result } = record;
  const blocks = blocksOf(record);
  const links = blocks.map(
    ({ section }) => `<li><a href="#${prefix}${section.id}">${escapeHtml(section.title)}</a></li>`,
  );
  return [
    `<article id="${prefix}top">`,
    top(result),
    `<nav aria-label="Sections of ${escapeHtml(result.name)}"><ul>${links.join('')}</ul></nav>`,
    siteFilter(result, prefix),
    ...blocks.map(({ section, charts, more }) =>
      sectionHtml(section, prefix, chartsHtml(charts, prefix), more),
    ),
    scenarioBlock(result),
    `<footer>Made by busbench from the files of the result directory; definitions in docs/measurement.md.</footer>`,
    '</article>',
  ].join('\n');
}

function top(result: RunResult): string {
  const { label, tone, outcome, interruption, subject } = headline(result);
  const sentences = interruption.map((sentence) => `<p>${escapeHtml(sentence)}</p>`);
  return [
    `<header><h1>${escapeHtml(result.name)}</h1>`,
    `<p class="subject">${subject.map((item) => `<span>${escapeHtml(item)}</span>`).join('&nbsp;· ')}</p>`,
    `<p class="verdict ${tone}"><strong>${label}</strong> <span>${escapeHtml(outcome)}</span></p>`,
    sentences.length > 0 ? `<div class="interruption">${sentences.join('')}</div>` : '',
    judgements('Warnings', warningsOf(result.verdict)),
    judgements('Expectations', expectationsOf(result.verdict)),
    tiles(result),
    '</header>',
  ].join('\n');
}

function judgements(title: string, list: readonly Judgement[]): string {
  if (list.length === 0) return '';
  const items = list.map(({ mark, tone, text, advice }) => {
    const more = advice === '' ? '' : `<span class="advice">${escapeHtml(advice)}</span>`;
    return `<li><span class="mark ${tone}">${mark}</span><span>${escapeHtml(text)}</span>${more}</li>`;
  });
  return `<ul class="judgements" aria-label="${title}">${items.join('')}</ul>`;
}

/** The numbers that everybody asks for first. */
function tiles(result: RunResult): string {
  const { latencyUs, workload, outcome, locality, wan } = result;
  if (outcome.due === 0) return '';
  const quantile = (label: string, dist: Dist, key: string): Fact => {
    const found = quantiles.find((candidate) => candidate.key === key);
    return fact(`${label} ${found?.label ?? key}`, found ? formatQuantile(dist, found) : '-');
  };
  const failed = outcome.failedTotal / outcome.due;
  const facts = [
    fact('achieved', formatRate(workload.achievedPerSecond)),
    fact('failed', formatPercent(failed), failed > 0 ? 'bad' : 'good'),
    quantile('response', latencyUs.response, 'p50'),
    quantile('response', latencyUs.response, 'p99'),
    quantile('response', latencyUs.response, 'p999'),
    quantile('service', latencyUs.service, 'p99'),
  ];
  if (locality.localRatio !== null)
    facts.push(fact('local ratio', formatRatio(locality.localRatio)));
  if (wan.interSiteRatio !== null) {
    facts.push(fact('inter-site bytes', formatPercent(wan.interSiteRatio)));
  }
  const items = facts.map(
    ({ label, value, tone }) =>
      `<div><dt>${escapeHtml(label)}</dt><dd class="${tone ?? ''}">${escapeHtml(value)}</dd></div>`,
  );
  return `<dl class="tiles">${items.join('')}</dl>`;
}

/** A section with the pictures that go before its tables, and tables only a page has room for. */
interface Block {
  readonly section: Section;
  readonly charts: readonly Chart[];
  readonly more: string;
}

function blocksOf(record: RunRecord): Block[] {
  const { result, peers } = record;
  const measured = result.outcome.due > 0;
  const block = (
    section: Section | null,
    charts: readonly (Chart | null)[] = [],
    more = '',
  ): Block[] =>
    section === null ? [] : [{ section, charts: charts.filter((chart) => chart !== null), more }];
  return [
    ...block(measured ? latencySection(result) : null, [percentileChart(result)]),
    ...block(measured ? timeline : null, [timelineChart(record)]),
    ...block(fanoutSection(result)),
    ...block(faultSection(result)),
    ...block(
      measured ? localitySection(result, matrixSites, listedPairs) : null,
      measured ? pairCharts(result) : [],
    ),
    ...block(
      wanSection(result),
      [topologyChart(result), ...roundTripChart(result)],
      result.wan.links.length > 0 ? tableHtml(linkTable(result)) : '',
    ),
    ...block(measured ? ledgerSection(result) : null),
    ...block(peerSection(peers), [peerChart(peers)]),
    ...block(resourceSection(result), [resourceChart(result)]),
    ...block(busSection(result)),
    ...block(environmentSection(result)),
  ];
}

/** A locality matrix of more sites than these is a map and a list. */
const matrixSites = 16;
const listedPairs = 1_000;

function chartsHtml(charts: readonly Chart[], prefix: string): string {
  const figures = charts.map((chart) => figureHtml(chart, prefix)).join('\n');
  return charts.some(({ half }) => half === true)
    ? `<div class="charts">${figures}</div>`
    : figures;
}

/** Fewer sites than this are found without help. */
const filteredSites = 9;

/** Of many sites, a choice of one: rows about others are left out. Style alone does it, so that the page needs no script. */
function siteFilter({ scenario, name }: RunResult, prefix: string): string {
  const sites = scenario.sites.map((site) => site.name);
  if (sites.length < filteredSites) return '';
  const id = `${prefix}site`;
  const options = sites.map(
    (site) => `<option value="${escapeHtml(site)}">${escapeHtml(site)}</option>`,
  );
  const rules = sites.map((site) => {
    const chosen = `#${prefix}top:has(#${id} option[value="${site}"]:checked)`;
    return `${chosen} tr[data-sites]:not([data-sites~="${site}"])`;
  });
  return [
    `<style>${rules.join(',\n')} { display: none; }</style>`,
    `<p class="filter"><label for="${id}">Rows of tables about </label><select id="${id}" aria-label="Site of ${escapeHtml(name)}">`,
    `<option value="">all sites</option>${options.join('')}</select></p>`,
  ].join('');
}

const timeline: Section = { id: 'time', title: 'Over time', facts: [], tables: [], notes: [] };

function scenarioBlock({ scenario }: RunResult): string {
  return `<details><summary>Resolved scenario</summary><pre>${escapeHtml(JSON.stringify(scenarioNotation(scenario), null, 2))}</pre></details>`;
}
