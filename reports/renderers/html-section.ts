import type { Cell, Column, Fact, Section, Table } from '../sections/section.ts';

/** Tables with more rows scroll in a frame of their own. */
const tallRows = 40;

/** Text as HTML content or attribute value: whatever a scenario calls its sites stays text. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** A section with a heading, its facts, what `before` shows, its tables and its notes. */
export function sectionHtml(section: Section, prefix: string, before = '', after = ''): string {
  return [
    `<section id="${prefix}${section.id}"><h2>${escapeHtml(section.title)}</h2>`,
    factsHtml(section.facts),
    before,
    tablesHtml(section),
    after,
    ...section.notes.map((note) => `<p class="note">${escapeHtml(note)}</p>`),
    '</section>',
  ].join('\n');
}

function factsHtml(facts: readonly Fact[]): string {
  if (facts.length === 0) return '';
  const items = facts.map(
    ({ label, value, tone }) =>
      `<div><dt>${escapeHtml(label)}</dt><dd${toneClass(tone)}>${escapeHtml(value)}</dd></div>`,
  );
  return `<dl class="facts">${items.join('')}</dl>`;
}

/** Side by side where they fit. */
function tablesHtml({ tables }: Section): string {
  if (tables.length === 0) return '';
  return `<div class="tables">${tables.map(tableHtml).join('\n')}</div>`;
}

/** Wide tables scroll sideways within their own frame, reachable by keyboard. */
export function tableHtml({ caption, columns, rows, siteColumns = [] }: Table): string {
  const head = columns.map(
    ({ title, kind }) => `<th scope="col" class="${kind}">${escapeHtml(title)}</th>`,
  );
  const body = rows.map(
    (row) =>
      `<tr${sitesOf(row, siteColumns)}>${row.map((cell, at) => cellHtml(cell, columns[at], at)).join('')}</tr>`,
  );
  const label = escapeHtml(caption);
  return (
    `<div class="scroll${rows.length > tallRows ? ' tall' : ''}" role="region" aria-label="${label}" tabindex="0"><table><caption>${label}</caption>` +
    `<thead><tr>${head.join('')}</tr></thead><tbody>${body.join('\n')}</tbody></table></div>`
  );
}

/** Which sites a row is about, for whoever wants to see one alone. */
function sitesOf(row: readonly Cell[], columns: readonly number[]): string {
  const names = columns.flatMap((at) => row[at]?.text ?? []).filter((name) => name !== '');
  return names.length === 0 ? '' : ` data-sites="${escapeHtml(names.join(' '))}"`;
}

function cellHtml(
  { text, tone, heat, href }: Cell,
  column: Column | undefined,
  at: number,
): string {
  const kind = column?.kind ?? 'text';
  const classes = tone === undefined ? kind : `${kind} ${tone}`;
  const style = heat === undefined ? '' : ` style="--heat:${heat.toFixed(3)}"`;
  const plain = escapeHtml(text);
  const content = href === undefined ? plain : `<a href="${escapeHtml(href)}">${plain}</a>`;
  if (at === 0) return `<th scope="row" class="${classes}">${content}</th>`;
  return `<td class="${heat === undefined ? classes : `${classes} heat`}"${style}>${content}</td>`;
}

function toneClass(tone: string | undefined): string {
  return tone === undefined ? '' : ` class="${tone}"`;
}
